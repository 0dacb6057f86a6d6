import { InvalidError } from '../protocol/errors.ts'

/**
 * Checks that no list in one RLP item is nested deeper than `maxDepth`, in one pass and without recursion, so that a
 * recursive decoder may follow. Lengths are clamped to the enclosing list: the decoder judges them.
 * @throws InvalidError `TransactionMalformed`.
 */
export function checkRlpDepth(bytes: Uint8Array, maxDepth: number): void {
  const ends: number[] = []
  let at = 0
  while (at < bytes.length) {
    while (ends.length > 0 && at >= (ends.at(-1) ?? 0)) ends.pop()
    const head = readHead(bytes, at)
    if (!head.isList) {
      at = head.end
      continue
    }
    ends.push(Math.min(head.end, ends.at(-1) ?? bytes.length))
    if (ends.length > maxDepth) {
      throw new InvalidError('TransactionMalformed', `malformed transaction: lists nested deeper than ${maxDepth}`)
    }
    at = head.start
  }
}

function readHead(bytes: Uint8Array, at: number): { isList: boolean; start: number; end: number } {
  const prefix = bytes[at] ?? 0
  if (prefix < 0x80) return { isList: false, start: at, end: at + 1 }
  const isList = prefix >= 0xc0
  const short = prefix - (isList ? 0xc0 : 0x80)
  if (short <= 55) return { isList, start: at + 1, end: at + 1 + short }
  const lengthBytes = short - 55
  let length = 0
  for (let i = 1; i <= lengthBytes; i++) length = length * 256 + (bytes[at + i] ?? 0)
  return { isList, start: at + 1 + lengthBytes, end: at + 1 + lengthBytes + length }
}

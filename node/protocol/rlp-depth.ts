/**
 * Whether any list in these RLP bytes is nested deeper than `maxDepth`. One pass, no recursion: it guards recursive decoders,
 * whose stack differs from engine to engine, against bytes made to exhaust it. Judges nothing else; lengths that overrun are
 * clamped to the enclosing list. Cost: one step an item.
 */
export function rlpDepthExceeds(bytes: Uint8Array, maxDepth: number): boolean {
  const ends: number[] = []
  let at = 0
  while (at < bytes.length) {
    while (ends.length > 0 && at >= (ends[ends.length - 1] as number)) ends.pop()
    const item = readHead(bytes, at)
    if (!item.isList) {
      at = item.end
      continue
    }
    if (ends.length === maxDepth) return true
    ends.push(Math.min(item.end, ends[ends.length - 1] ?? bytes.length))
    at = item.contentStart
  }
  return false
}

interface ItemHead {
  readonly isList: boolean
  readonly contentStart: number
  readonly end: number
}

function readHead(bytes: Uint8Array, at: number): ItemHead {
  const prefix = bytes[at] as number
  if (prefix < 0x80) return { isList: false, contentStart: at, end: at + 1 }
  const isList = prefix >= 0xc0
  const short = prefix - (isList ? 0xc0 : 0x80)
  if (short <= 55) return { isList, contentStart: at + 1, end: at + 1 + short }
  const contentStart = at + 1 + (short - 55)
  let size = 0
  for (let i = at + 1; i < contentStart; i++) size = size * 256 + (bytes[i] ?? 0)
  return { isList, contentStart, end: contentStart + size }
}

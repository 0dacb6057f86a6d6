import { bytesEqual, bytesToHex, bytesToUint, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { type DepositTransaction, encodeDeposit, userDepositSourceHash } from '../protocol/deposit-transaction.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { L1Log } from './l1-block.ts'

/** Topic 0 of `TransactionDeposited(address indexed from, address indexed to, uint256 indexed version, bytes opaqueData)`. */
export const TRANSACTION_DEPOSITED_TOPIC: Hex = '0xb3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32'

/** Bytes of mint(32), value(32), gas(8) and isCreation(1), which open version 0 of the opaque data. */
const OPAQUE_HEAD_BYTES = 73
const WORD = 32

/**
 * The raw 0x7e transactions that an L1 block deposits into L2, in log order. Logs of other contracts and other events do not
 * count, nor do malformed ones, which the deposit contract cannot emit. Never throws on untrusted logs.
 */
export function depositsFromLogs(spec: ChainSpec, l1BlockHash: Hex, logs: readonly L1Log[]): Uint8Array[] {
  const contract = spec.depositContractAddress.toLowerCase()
  const deposits: Uint8Array[] = []
  for (const log of logs) {
    if (log.address.toLowerCase() !== contract || log.topics[0] !== TRANSACTION_DEPOSITED_TOPIC) continue
    try {
      deposits.push(encodeDeposit(decodeDepositLog(l1BlockHash, log)))
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
    }
  }
  return deposits
}

/**
 * The deposit that one `TransactionDeposited` log (version 0) asks for.
 * @throws InvalidError `DepositLogMalformed`.
 */
export function decodeDepositLog(l1BlockHash: Hex, log: L1Log): DepositTransaction {
  const [, from, to, version] = log.topics
  if (from === undefined || to === undefined || version === undefined || log.topics.length !== 4) {
    throw malformed(`${log.topics.length} topics instead of 4`)
  }
  if (!/^0x0{64}$/.test(version)) throw malformed(`version ${version} is not 0`)
  const opaque = decodeAbiBytes(log.data)
  if (opaque.length < OPAQUE_HEAD_BYTES) throw malformed(`${opaque.length} bytes of opaque data`)
  const isCreation = opaque[72] as number
  if (isCreation > 1) throw malformed('isCreation is not a boolean')
  return {
    sourceHash: userDepositSourceHash(l1BlockHash, log.logIndex),
    from: addressFromTopic(from),
    to: isCreation === 1 ? null : addressFromTopic(to),
    mint: BigInt(bytesToHex(opaque.subarray(0, 32))),
    value: BigInt(bytesToHex(opaque.subarray(32, 64))),
    gas: BigInt(bytesToHex(opaque.subarray(64, 72))),
    isSystem: false,
    data: opaque.slice(OPAQUE_HEAD_BYTES),
  }
}

/** The only value of an ABI-encoded `(bytes)`: offset word 32, length word, data padded with zeros to whole words. */
function decodeAbiBytes(data: Uint8Array): Uint8Array {
  if (data.length < 2 * WORD || !bytesEqual(data.subarray(0, WORD), OFFSET_WORD))
    throw malformed('not ABI-encoded bytes')
  const lengthWord = data.subarray(WORD, 2 * WORD)
  if (lengthWord.subarray(0, WORD - 6).some((byte) => byte !== 0)) throw malformed('its length is out of range')
  const length = bytesToUint(lengthWord.subarray(WORD - 6))
  if (data.length - 2 * WORD !== Math.ceil(length / WORD) * WORD) throw malformed('its length does not match its data')
  if (data.subarray(2 * WORD + length).some((byte) => byte !== 0)) throw malformed('its padding is not zero')
  return data.subarray(2 * WORD, 2 * WORD + length)
}

const OFFSET_WORD = Uint8Array.from({ length: WORD }, (_, i) => (i === WORD - 1 ? WORD : 0))

function addressFromTopic(topic: Hex): Hex {
  const bytes = hexToBytes(topic)
  if (bytes.length !== WORD || bytes.subarray(0, 12).some((byte) => byte !== 0))
    throw malformed('a topic is no address')
  return bytesToHex(bytes.subarray(12))
}

function malformed(why: string): InvalidError<'DepositLogMalformed'> {
  return new InvalidError('DepositLogMalformed', `malformed TransactionDeposited log: ${why}`)
}

import { RLP } from '@ethereumjs/rlp'
import { bytesToHex, concatBytes, type Hex, hexToBytes, uintToBytes } from './bytes.ts'
import { InvalidError } from './errors.ts'
import { keccak256 } from './keccak.ts'
import { rlpDepthExceeds } from './rlp-depth.ts'

/** EIP-2718 type of a deposit: a transaction that L1 forces into L2 (OP Stack specification, "Deposits"). */
export const DEPOSIT_TYPE = 0x7e

/** A transaction from L1. It carries no signature: derivation vouches for it. Amounts are in wei. */
export interface DepositTransaction {
  /** Makes the hash unique: see {@link userDepositSourceHash} and {@link l1InfoSourceHash}. 32 bytes. */
  readonly sourceHash: Hex
  readonly from: Hex
  /** `null` creates a contract. */
  readonly to: Hex | null
  /** Added to the sender's balance before all else, and kept when the call fails. */
  readonly mint: bigint
  readonly value: bigint
  readonly gas: bigint
  /** Always false since the Regolith rules; kept because it is part of the encoding. */
  readonly isSystem: boolean
  readonly data: Uint8Array
}

const SOURCE_DOMAIN_USER_DEPOSIT = 0
const SOURCE_DOMAIN_L1_INFO = 1

/** Canonical bytes: `0x7e ‖ rlp([sourceHash, from, to, mint, value, gas, isSystem, data])`; the transaction hash is their keccak256. */
export function encodeDeposit(deposit: DepositTransaction): Uint8Array {
  const fields = [
    fixedBytes(deposit.sourceHash, 32, 'sourceHash'),
    fixedBytes(deposit.from, 20, 'from'),
    deposit.to === null ? new Uint8Array(0) : fixedBytes(deposit.to, 20, 'to'),
    uintBytes(deposit.mint, 256, 'mint'),
    uintBytes(deposit.value, 256, 'value'),
    uintBytes(deposit.gas, 64, 'gas'),
    deposit.isSystem ? Uint8Array.of(1) : new Uint8Array(0),
    deposit.data,
  ]
  return concatBytes(Uint8Array.of(DEPOSIT_TYPE), RLP.encode(fields))
}

/**
 * Decodes {@link encodeDeposit}'s bytes and nothing else: every byte string has at most one decoding and every deposit one encoding.
 * @throws InvalidError `DepositMalformed` naming the field.
 */
export function decodeDeposit(raw: Uint8Array): DepositTransaction {
  if (raw[0] !== DEPOSIT_TYPE) throw malformed(`first byte is ${raw[0] ?? 'missing'}, not 0x7e`)
  const [sourceHash, from, to, mint, value, gas, isSystem, data] = decodeFields(raw.subarray(1))
  if (sourceHash.length !== 32) throw malformed(`sourceHash has ${sourceHash.length} bytes, not 32`)
  if (from.length !== 20) throw malformed(`from has ${from.length} bytes, not 20`)
  if (to.length !== 0 && to.length !== 20) throw malformed(`to has ${to.length} bytes, not 0 or 20`)
  if (isSystem.length > 1 || (isSystem.length === 1 && isSystem[0] !== 1)) throw malformed('isSystem is not a boolean')
  return {
    sourceHash: bytesToHex(sourceHash),
    from: bytesToHex(from),
    to: to.length === 0 ? null : bytesToHex(to),
    mint: uintFromBytes(mint, 32, 'mint'),
    value: uintFromBytes(value, 32, 'value'),
    gas: uintFromBytes(gas, 8, 'gas'),
    isSystem: isSystem.length === 1,
    data: Uint8Array.from(data),
  }
}

/** sourceHash of the deposit that log `logIndex` (its index in the L1 block) of L1 block `l1BlockHash` asks for. */
export function userDepositSourceHash(l1BlockHash: Hex, logIndex: number): Hex {
  return sourceHash(SOURCE_DOMAIN_USER_DEPOSIT, l1BlockHash, logIndex)
}

/** sourceHash of the L1 attributes transaction: `sequenceNumber` is the L2 block's place in its epoch. */
export function l1InfoSourceHash(l1BlockHash: Hex, sequenceNumber: number): Hex {
  return sourceHash(SOURCE_DOMAIN_L1_INFO, l1BlockHash, sequenceNumber)
}

/** keccak256(domain u256 ‖ keccak256(l1BlockHash ‖ index u256)). */
function sourceHash(domain: number, l1BlockHash: Hex, index: number): Hex {
  const inner = keccak256(concatBytes(fixedBytes(l1BlockHash, 32, 'l1BlockHash'), uintToBytes(index, 32)))
  return bytesToHex(keccak256(concatBytes(uintToBytes(domain, 32), inner)))
}

type Fields = [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]

function decodeFields(body: Uint8Array): Fields {
  if (rlpDepthExceeds(body, 1)) throw malformed('its body nests lists')
  let decoded: unknown
  try {
    decoded = RLP.decode(body)
  } catch (cause) {
    throw malformed('its body is not canonical RLP', cause)
  }
  if (!Array.isArray(decoded) || decoded.length !== 8 || !decoded.every((item) => item instanceof Uint8Array)) {
    throw malformed('its body is not a list of 8 byte strings')
  }
  return decoded as Fields
}

function fixedBytes(hex: Hex, sizeBytes: number, name: string): Uint8Array {
  const bytes = hexToBytes(hex)
  if (bytes.length !== sizeBytes) throw malformed(`${name} has ${bytes.length} bytes, not ${sizeBytes}`)
  return bytes
}

/** A quantity without leading zero bytes, as RLP wants it. */
function uintBytes(value: bigint, bits: number, name: string): Uint8Array {
  if (value < 0n || value >> BigInt(bits) !== 0n) throw malformed(`${name} is not a ${bits}-bit quantity: ${value}`)
  if (value === 0n) return new Uint8Array(0)
  const digits = value.toString(16)
  return hexToBytes(`0x${digits.length % 2 === 0 ? digits : `0${digits}`}`)
}

function uintFromBytes(bytes: Uint8Array, maxBytes: number, name: string): bigint {
  if (bytes.length > maxBytes) throw malformed(`${name} has ${bytes.length} bytes, more than ${maxBytes}`)
  if (bytes[0] === 0) throw malformed(`${name} has a leading zero byte`)
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes))
}

function malformed(what: string, cause?: unknown): InvalidError<'DepositMalformed'> {
  return new InvalidError('DepositMalformed', `malformed deposit transaction: ${what}`, { cause })
}

import type { AccessListEntry, Authorization } from './decode-transaction.ts'

const TRANSACTION_GAS = 21_000n
const CREATION_GAS = 32_000n
const ZERO_BYTE_GAS = 4n
const NON_ZERO_BYTE_GAS = 16n
const INITCODE_WORD_GAS = 2n
const ACCESS_ADDRESS_GAS = 2_400n
const ACCESS_SLOT_GAS = 1_900n
const AUTHORIZATION_GAS = 25_000n
const FLOOR_TOKEN_GAS = 10n

/** Greatest size of contract creation code, in bytes (EIP-3860). */
export const MAX_INITCODE_BYTES = 49_152

/** The parts of a transaction that its intrinsic gas follows from. */
export interface IntrinsicParts {
  readonly isCreation: boolean
  readonly data: Uint8Array
  readonly accessList: readonly AccessListEntry[]
  readonly authorizations: readonly Authorization[]
}

/** Gas that a transaction uses before its first instruction (Yellow Paper g₀; EIP-2028, 2930, 3860, 7702). Cost: one pass over the data. */
export function intrinsicGas(parts: IntrinsicParts): bigint {
  const { zeros, nonZeros } = countBytes(parts.data)
  const slots = parts.accessList.reduce((sum, [, keys]) => sum + keys.length, 0)
  const words = Math.ceil(parts.data.length / 32)
  return (
    TRANSACTION_GAS +
    ZERO_BYTE_GAS * BigInt(zeros) +
    NON_ZERO_BYTE_GAS * BigInt(nonZeros) +
    (parts.isCreation ? CREATION_GAS + INITCODE_WORD_GAS * BigInt(words) : 0n) +
    ACCESS_ADDRESS_GAS * BigInt(parts.accessList.length) +
    ACCESS_SLOT_GAS * BigInt(slots) +
    AUTHORIZATION_GAS * BigInt(parts.authorizations.length)
  )
}

/** The least gas that a transaction with this data pays for (EIP-7623). Cost: one pass over the data. */
export function floorGas(data: Uint8Array): bigint {
  const { zeros, nonZeros } = countBytes(data)
  return TRANSACTION_GAS + FLOOR_TOKEN_GAS * BigInt(zeros + 4 * nonZeros)
}

/** The least gas limit with which such a transaction is valid: intrinsic gas, or the calldata floor where that is more. */
export function minimumGas(parts: IntrinsicParts): bigint {
  const intrinsic = intrinsicGas(parts)
  const floor = floorGas(parts.data)
  if (floor > intrinsic) return floor
  return intrinsic
}

function countBytes(data: Uint8Array): { zeros: number; nonZeros: number } {
  let zeros = 0
  for (const byte of data) if (byte === 0) zeros++
  return { zeros, nonZeros: data.length - zeros }
}

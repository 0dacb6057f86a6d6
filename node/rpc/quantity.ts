import type { Hex } from '../protocol/bytes.ts'

/** An unsigned integer as JSON-RPC writes it: hex without leading zeros. */
export function toQuantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`
}

/** An optional unsigned integer as {@link toQuantity} writes it, or undefined, which JSON leaves out. */
export function optionalQuantity(value: bigint | number | undefined): Hex | undefined {
  return value === undefined ? undefined : toQuantity(value)
}

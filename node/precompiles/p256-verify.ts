import type { ExecResult } from '@ethereumjs/evm'
import { p256 } from '@noble/curves/nist.js'
import { bytesEqual, concatBytes } from '../protocol/bytes.ts'
import { outOfGas, succeeded } from './precompile-result.ts'

/** Gas of one verification (EIP-7951; RIP-7212's 3450 predates its measurements). */
export const P256_VERIFY_GAS = 6_900n

const VALID = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0))
const INVALID = new Uint8Array(0)

/**
 * P256VERIFY under EIP-7951's rules: `hash ‖ r ‖ s ‖ qx ‖ qy` (160 bytes) → word 1 when (r, s) signs the hash under the
 * public key, nothing otherwise. Never reverts; any input of another length is simply not valid. Both s and n − s are accepted.
 */
export function runP256Verify(data: Uint8Array, gasLimit: bigint): ExecResult {
  if (gasLimit < P256_VERIFY_GAS) return outOfGas(gasLimit)
  return succeeded(P256_VERIFY_GAS, verifyP256(data) ? VALID : INVALID)
}

function verifyP256(data: Uint8Array): boolean {
  if (data.length !== 160) return false
  const publicKey = data.subarray(96)
  // SEC 1 has no affine encoding of the point at infinity; EIP-7951 names (0, 0) as the one to refuse.
  if (bytesEqual(publicKey, new Uint8Array(64))) return false
  try {
    return p256.verify(data.subarray(32, 96), data.subarray(0, 32), concatBytes(Uint8Array.of(4), publicKey), {
      prehash: false,
      lowS: false,
    })
  } catch {
    return false
  }
}

import type { ExecResult } from '@ethereumjs/evm'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesEqual, bytesToHex, concatBytes, hexToBytes } from '../protocol/bytes.ts'
import { outOfGas, succeeded } from './precompile-result.ts'

/** Gas of one point evaluation (EIP-4844). */
export const POINT_EVALUATION_GAS = 50_000n

const { G1, G2, fields } = bls12_381

/** [τ]₂ of Ethereum's KZG ceremony: all of the trusted setup that a verifier needs. */
const TAU_G2 =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2'

/** FIELD_ELEMENTS_PER_BLOB ‖ BLS_MODULUS: what a valid proof returns. */
const VALID = concatBytes(
  hexToBytes(`0x${(4096).toString(16).padStart(64, '0')}`),
  hexToBytes(`0x${fields.Fr.ORDER.toString(16).padStart(64, '0')}`),
)

const VERSION_KZG = 1

/**
 * POINT_EVALUATION (EIP-4844), in plain ECMAScript: `versionedHash ‖ z ‖ y ‖ commitment (48) ‖ proof (48)` → two constants when
 * the committed polynomial has value y at z. Anything else fails and uses all gas.
 */
export function runPointEvaluation(data: Uint8Array, gasLimit: bigint): ExecResult {
  if (gasLimit < POINT_EVALUATION_GAS || data.length !== 192) return outOfGas(gasLimit)
  const commitment = data.subarray(96, 144)
  const versionedHash = sha256(commitment)
  versionedHash[0] = VERSION_KZG
  if (!bytesEqual(versionedHash, data.subarray(0, 32))) return outOfGas(gasLimit)
  const valid = verifyProof(commitment, data.subarray(32, 64), data.subarray(64, 96), data.subarray(144))
  return valid ? succeeded(POINT_EVALUATION_GAS, VALID) : outOfGas(gasLimit)
}

/** e(C − [y]₁, −[1]₂) · e(π, [τ − z]₂) = 1 (EIP-4844, `verify_kzg_proof`). Cost: two pairings. */
function verifyProof(commitment: Uint8Array, z: Uint8Array, y: Uint8Array, proof: Uint8Array): boolean {
  const zScalar = BigInt(bytesToHex(z))
  const yScalar = BigInt(bytesToHex(y))
  const c = decodeG1(commitment)
  const pi = decodeG1(proof)
  if (zScalar >= fields.Fr.ORDER || yScalar >= fields.Fr.ORDER || c === undefined || pi === undefined) return false
  const one = G2.Point.BASE
  const pairs = [
    { g1: c.subtract(G1.Point.BASE.multiplyUnsafe(yScalar)), g2: one.negate() },
    { g1: pi, g2: G2.Point.fromHex(TAU_G2).subtract(one.multiplyUnsafe(zScalar)) },
  ]
  // A pairing with the point at infinity is 1.
  const factors = pairs.filter(({ g1, g2 }) => !g1.is0() && !g2.is0())
  return factors.length === 0 || fields.Fp12.eql(bls12_381.pairingBatch(factors), fields.Fp12.ONE)
}

/** A compressed point of the prime-order subgroup, infinity included. */
function decodeG1(bytes: Uint8Array): ReturnType<typeof G1.Point.fromBytes> | undefined {
  try {
    return G1.Point.fromBytes(bytes)
  } catch {
    return undefined
  }
}

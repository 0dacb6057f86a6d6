import { readFileSync } from 'node:fs'
import { pippenger } from '@noble/curves/abstract/curve.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { asciiToBytes, bytesToHex, concatBytes, type Hex, uintToBytes } from '../protocol/bytes.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'

const { Point } = bls12_381.G1
const { Fr } = bls12_381.fields
type G1 = InstanceType<typeof Point>

/** Field elements of a blob. */
const ELEMENTS = 4096
/** Bytes of an uncompressed point: its affine x and y. */
const POINT_BYTES = 96
/** Generator of the multiplicative group of the scalar field (EIP-4844 PRIMITIVE_ROOT_OF_UNITY). */
const PRIMITIVE_ROOT = 7n
const FIAT_SHAMIR_DOMAIN = asciiToBytes('FSBLOBVERIFY_V1_')

/** A blob's commitment and the proof that binds them (EIP-4844), each a compressed G1 point of 48 bytes. */
export interface BlobProof {
  readonly commitment: Uint8Array
  readonly proof: Uint8Array
}

/** KZG commitments to EIP-4844 blobs over the ceremony's trusted setup. */
export interface KzgCommitter {
  /**
   * The 48-byte commitment to a blob. Cost: one multiplication per element that is not zero, about 0.3 ms each; a second for
   * a full blob.
   * @throws InvalidError `BlobFieldElement` when an element is not below the field's modulus.
   */
  commit(blob: Uint8Array): Uint8Array
  /** Commitment and blob proof (EIP-4844 compute_blob_kzg_proof). Cost: about a second. */
  prove(blob: Uint8Array): BlobProof
}

/** 0x01 ‖ sha256(commitment)[1:] (EIP-4844 kzg_to_versioned_hash). */
export function versionedHash(commitment: Uint8Array): Hex {
  const hash = sha256(commitment)
  hash[0] = 0x01
  return bytesToHex(hash)
}

/** Reads the trusted setup (see `kzg-setup.ts`) and takes it into use. Cost: some 50 ms. */
export function createKzgCommitter(): KzgCommitter {
  const setup = readSetup(readFileSync(new URL('./kzg-setup.bin', import.meta.url)))
  const roots = rootsOfUnity()
  const commit = (blob: Uint8Array) => multiply(setup, blobElements(blob)).toBytes()
  return {
    commit,
    prove: (blob) => {
      const commitment = commit(blob)
      const elements = blobElements(blob)
      const quotient = quotientAt(elements, roots, challenge(blob, commitment))
      return { commitment, proof: multiply(setup, quotient).toBytes() }
    },
  }
}

/** The order in which EIP-4844 lays out evaluations: index i holds that at the root with i's 12 bits reversed. */
export function reverseIndex(index: number): number {
  let reversed = 0
  for (let bit = 1; bit < ELEMENTS; bit *= 2) reversed = reversed * 2 + ((index & bit) === 0 ? 0 : 1)
  return reversed
}

function readSetup(bytes: Uint8Array): G1[] {
  if (bytes.length !== ELEMENTS * POINT_BYTES) throw new BugError(`the KZG setup has ${bytes.length} bytes`)
  return Array.from({ length: ELEMENTS }, (_, i) => {
    const at = i * POINT_BYTES
    return Point.fromAffine({ x: toBigInt(bytes.subarray(at, at + 48)), y: toBigInt(bytes.subarray(at + 48, at + 96)) })
  })
}

function rootsOfUnity(): bigint[] {
  const root = Fr.pow(PRIMITIVE_ROOT, (Fr.ORDER - 1n) / BigInt(ELEMENTS))
  const powers = [1n]
  while (powers.length < ELEMENTS) powers.push(Fr.mul(powers.at(-1) as bigint, root))
  return powers.map((_, i) => powers[reverseIndex(i)] as bigint)
}

function blobElements(blob: Uint8Array): bigint[] {
  return Array.from({ length: ELEMENTS }, (_, i) => {
    const element = toBigInt(blob.subarray(i * 32, i * 32 + 32))
    if (element >= Fr.ORDER) throw new InvalidError('BlobFieldElement', `element ${i} of the blob exceeds the field`)
    return element
  })
}

/** Σ scalars[i] × points[i]. */
function multiply(points: readonly G1[], scalars: readonly bigint[]): G1 {
  const used = points.filter((_, i) => scalars[i] !== 0n)
  return pippenger(
    Point,
    used,
    scalars.filter((scalar) => scalar !== 0n),
  )
}

/** Where the blob's polynomial is opened (EIP-4844 compute_challenge). */
function challenge(blob: Uint8Array, commitment: Uint8Array): bigint {
  const digest = sha256(concatBytes(FIAT_SHAMIR_DOMAIN, uintToBytes(ELEMENTS, 16), blob, commitment))
  return Fr.create(toBigInt(digest))
}

/** Evaluations of (p(X) − p(z)) / (X − z), with p(z) by the barycentric formula. */
function quotientAt(elements: readonly bigint[], roots: readonly bigint[], z: bigint): bigint[] {
  const distances = roots.map((root) => Fr.sub(root, z))
  // INVARIANT: a hash is no root of unity; the chance is 2^-243.
  if (distances.includes(0n)) throw new BugError('the challenge is a root of unity')
  const inverses = Fr.invertBatch(distances)
  let sum = 0n
  for (const [i, element] of elements.entries()) {
    if (element !== 0n) sum += Fr.mul(Fr.mul(element, roots[i] as bigint), inverses[i] as bigint)
  }
  const scale = Fr.div(Fr.sub(1n, Fr.pow(z, BigInt(ELEMENTS))), BigInt(ELEMENTS))
  const value = Fr.mul(Fr.create(sum), scale)
  return elements.map((element, i) => Fr.mul(Fr.sub(element, value), inverses[i] as bigint))
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(bytesToHex(bytes))
}

import { bytesToHex, bytesToUint, concatBytes, type Hex, hexToBytes, uintToBytes } from './bytes.ts'
import { domainSeparator } from './domains.ts'
import { InvalidError } from './errors.ts'
import { recordLeaf } from './inference-roots.ts'
import { type Hasher, keccak256 } from './keccak.ts'
import { merkleRoot } from './merkle.ts'

/** Version of the {@link LogCommitment} layout. */
export const LOG_COMMITMENT_VERSION = 1
/** Depth of the accumulator over earlier blocks: room for 2^32 blocks, so at most 32 siblings prove any of them. */
export const ACCUMULATOR_DEPTH = 32
/** Depth of a block's record tree, whatever the count: prefixes of the log are then roots of one shape, which a dispute bisects. */
export const LOG_DEPTH = 16
/** Opens the accumulator's leaf for one block. */
export const BLOCK_DOMAIN: Uint8Array = domainSeparator('assay/block/v1')

/** What a block's `extraData` is the keccak256 of. */
export interface LogCommitment {
  /** Merkle root over the block's record leaves ({@link recordsRoot}). */
  readonly logRoot: Hex
  /** Records in the block's inference log. */
  readonly logCount: number
  /** Root over all earlier blocks' (hash, logRoot): block i is leaf i. */
  readonly accumulatorRoot: Hex
}

/** One proven inference of a block, as its leaf sees it. */
export interface LogRecord {
  readonly modelId: Hex
  readonly inputRoot: Hex
  readonly outputRoot: Hex
}

/** Root of the tree of depth {@link LOG_DEPTH} over a block's records in order of first execution. Cost: 2 hashes a record and 32 more. */
export function recordsRoot(records: readonly LogRecord[], hash: Hasher = keccak256): Uint8Array {
  return merkleRoot(
    records.map((record) =>
      recordLeaf(hexToBytes(record.modelId), hexToBytes(record.inputRoot), hexToBytes(record.outputRoot), hash),
    ),
    hash,
    LOG_DEPTH,
  )
}

/** The accumulator's leaf for one block: keccak256(domain ‖ blockHash ‖ logRoot). */
export function blockLeaf(blockHash: Uint8Array, logRoot: Uint8Array, hash: Hasher = keccak256): Uint8Array {
  return hash(concatBytes(BLOCK_DOMAIN, blockHash, logRoot))
}

/**
 * Preimage of a block's `extraData`: version ‖ logRoot ‖ logCount ‖ accumulatorRoot ‖ reserved, five words of 32 bytes each,
 * so that a contract on L1 builds it with abi.encode. Reserved is zero.
 */
export function encodeLogCommitment(commitment: LogCommitment): Uint8Array {
  return concatBytes(
    uintToBytes(LOG_COMMITMENT_VERSION, 32),
    word(commitment.logRoot, 'logRoot'),
    uintToBytes(commitment.logCount, 32),
    word(commitment.accumulatorRoot, 'accumulatorRoot'),
    new Uint8Array(32),
  )
}

/** Decodes {@link encodeLogCommitment}'s bytes and nothing else. @throws InvalidError `LogCommitmentMalformed`. */
export function decodeLogCommitment(preimage: Uint8Array): LogCommitment {
  if (preimage.length !== 160) throw malformed(`${preimage.length} bytes, not 160`)
  const version = countFrom(preimage.subarray(0, 32))
  if (version !== LOG_COMMITMENT_VERSION) throw malformed(`version ${version}, not ${LOG_COMMITMENT_VERSION}`)
  if (preimage.subarray(128).some((byte) => byte !== 0)) throw malformed('reserved bytes are not zero')
  return {
    logRoot: bytesToHex(preimage.subarray(32, 64)),
    logCount: countFrom(preimage.subarray(64, 96)),
    accumulatorRoot: bytesToHex(preimage.subarray(96, 128)),
  }
}

/** The `extraData` of a block whose commitment has this preimage. */
export function logCommitmentHash(preimage: Uint8Array, hash: Hasher = keccak256): Uint8Array {
  return hash(preimage)
}

function word(hex: Hex, name: string): Uint8Array {
  const bytes = hexToBytes(hex)
  if (bytes.length !== 32) throw malformed(`${name} has ${bytes.length} bytes, not 32`)
  return bytes
}

function countFrom(bytes: Uint8Array): number {
  if (bytes.subarray(0, 26).some((byte) => byte !== 0)) throw malformed('a count exceeds 48 bits')
  return bytesToUint(bytes.subarray(26))
}

function malformed(what: string): InvalidError<'LogCommitmentMalformed'> {
  return new InvalidError('LogCommitmentMalformed', `malformed log commitment: ${what}`)
}

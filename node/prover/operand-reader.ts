import { MAX_LANES } from '../exact/limits.ts'
import type { Affine, OperandMap, ProgramOp } from '../exact/program/program.ts'
import { VALUE_TREE_DEPTH } from '../exact/program/program.ts'
import { bytesEqual, concatBytes } from '../protocol/bytes.ts'
import { MAX_SAFE_LANE } from '../protocol/constants.ts'
import { TENSOR_DOMAIN } from '../protocol/domains.ts'
import { merkleDepth, ZERO_LEAF } from '../protocol/merkle.ts'
import { CHUNK_BYTES, type LaneWidth } from '../protocol/tensor-encoding.ts'
import type { StepRun } from './step-run.ts'
import { bigintBytes, refused, Trapped, takeUint } from './step-tape.ts'
import type { SourceTensor } from './step-witness.ts'
import { openedRoot } from './tree-opening.ts'

/** Most bytes of chunks with all their siblings that one step opens; lowering keeps within it (`chooseLanesPerStep`). */
export const MAX_OPENING_BYTES = 16_384

/** Reads the operands of one step of an op. Each operand opens its value once, and each chunk that it meets once. */
export interface OperandReader {
  /** Whether all checks of operand `operand` hold at these loop indices. */
  isInRange(operand: number, index: readonly number[]): boolean
  /** The lane that an operand reads at these indices, or `beyond` lanes further. Out of range is a trap. */
  readInRange(operand: number, index: readonly number[], beyond?: bigint): bigint
}

interface OpenedValue {
  readonly laneBytes: LaneWidth
  readonly lanes: number
  readonly depth: number
  readonly treeRoot: Uint8Array
  readonly chunks: Map<number, Uint8Array>
}

/** A reader for a step of `op`. It throws {@link Trapped} where the step breaks a rule. */
export function createOperandReader(run: StepRun, op: ProgramOp): OperandReader {
  const { tape, source, hash, state } = run
  const opened = new Map<number, OpenedValue>()
  let openedBytes = 0

  function isInRange(operand: number, index: readonly number[]): boolean {
    return mapOf(operand).checks.every((check) => {
      const coordinate = affineAt(check, index)
      return coordinate >= 0n && coordinate < BigInt(check.extent)
    })
  }

  function readInRange(operand: number, index: readonly number[], beyond = 0n): bigint {
    if (!isInRange(operand, index)) throw new Trapped(`operand ${operand} is out of range`)
    return laneAt(operand, affineAt(mapOf(operand).address, index) + beyond)
  }

  function laneAt(operand: number, address: bigint): bigint {
    const value = opened.get(operand) ?? openValue(operand, address)
    const trap = breach(value, address)
    if (trap !== undefined) throw new Trapped(trap)
    const at = Number(address) * value.laneBytes
    const chunk = chunkOf(operand, value, Math.floor(at / CHUNK_BYTES))
    return decodeLane(chunk.subarray(at % CHUNK_BYTES, (at % CHUNK_BYTES) + value.laneBytes))
  }

  function chunkOf(operand: number, value: OpenedValue, index: number): Uint8Array {
    const known = value.chunks.get(index)
    if (known !== undefined) return known
    const { value: id } = mapOf(operand)
    spend(value)
    const { chunk, root } = takeChunk(id, index, value)
    if (!bytesEqual(root, value.treeRoot)) throw refused('ChunkMismatch', `chunk ${index} of value ${id}`)
    value.chunks.set(index, chunk)
    return chunk
  }

  function openValue(operand: number, address: bigint): OpenedValue {
    const { value: id } = mapOf(operand)
    const supplied = () => source.tensor(id) as SourceTensor
    const kind = takeUint(tape, 1, () => (source.tensor(id) === undefined ? 0 : 1))
    if (kind > 1n) throw refused('WitnessKind', `value ${id} is of kind ${kind}`)
    if (kind === 0n) {
      requireLeaf(id, ZERO_LEAF)
      throw new Trapped(`value ${id} is not written`)
    }
    const laneBytes = takeUint(tape, 1, () => supplied().laneBytes)
    const lanes = takeUint(tape, 8, () => supplied().lanes)
    const malformed = ![1n, 2n, 4n, 8n].includes(laneBytes) || lanes < 1n || lanes > BigInt(MAX_LANES)
    const size = { laneBytes: Number(laneBytes) as LaneWidth, lanes: Number(lanes) }
    const depth = malformed ? 0 : merkleDepth(chunkCount(size))
    const chunks = new Map<number, Uint8Array>()
    const trap = malformed ? `value ${id} is no tensor` : breach({ ...size, depth, chunks }, address)
    if (trap !== undefined) {
      requireLeaf(
        id,
        tensorLeaf(
          laneBytes,
          lanes,
          tape.take(32, () => supplied().nodes.node(depth, 0)),
        ),
      )
      throw new Trapped(trap)
    }
    spend({ depth })
    const index = Math.floor((Number(address) * size.laneBytes) / CHUNK_BYTES)
    const { chunk, root: treeRoot } = takeChunk(id, index, { ...size, depth })
    requireLeaf(id, tensorLeaf(laneBytes, lanes, treeRoot))
    const value = { ...size, depth, treeRoot, chunks: chunks.set(index, chunk) }
    opened.set(operand, value)
    return value
  }

  /** The rule that reading this address would break, if any. */
  function breach(
    value: Pick<OpenedValue, 'laneBytes' | 'lanes' | 'depth' | 'chunks'>,
    address: bigint,
  ): string | undefined {
    if (address < 0n || address >= BigInt(value.lanes)) return `lane ${address} of ${value.lanes}`
    const index = Math.floor((Number(address) * value.laneBytes) / CHUNK_BYTES)
    if (value.chunks.has(index) || openedBytes + openingBytes(value) <= MAX_OPENING_BYTES) return undefined
    return `the step opens more than ${MAX_OPENING_BYTES} bytes`
  }

  function spend(value: Pick<OpenedValue, 'depth'>): void {
    openedBytes += openingBytes(value)
  }

  function takeChunk(id: number, index: number, { laneBytes, lanes, depth }: Omit<OpenedValue, 'treeRoot' | 'chunks'>) {
    const supplied = () => source.tensor(id) as SourceTensor
    const chunk = tape.take(CHUNK_BYTES, () => supplied().chunk(index))
    const place = { index, used: chunkCount({ laneBytes, lanes }), depth }
    return { chunk, root: openedRoot(tape, hash(chunk), place, () => supplied().nodes, hash) }
  }

  function requireLeaf(id: number, leaf: Uint8Array): void {
    const place = { index: id, used: op.output, depth: VALUE_TREE_DEPTH }
    const root = openedRoot(tape, leaf, place, () => source.values, hash)
    if (!bytesEqual(root, state.valuesRoot)) throw refused('ValueMismatch', `value ${id}`)
  }

  /** `bindTensorRoot` of a width and count that may be absurd. */
  function tensorLeaf(laneBytes: bigint, lanes: bigint, treeRoot: Uint8Array): Uint8Array {
    return hash(concatBytes(TENSOR_DOMAIN, bigintBytes(laneBytes, 1), bigintBytes(lanes, 8), treeRoot))
  }

  function mapOf(operand: number): OperandMap {
    return op.operands[operand] as OperandMap
  }

  return { isInRange, readInRange }
}

function affineAt({ offset, strides }: Affine, index: readonly number[]): bigint {
  return strides.reduce((sum, stride, loop) => sum + BigInt(stride) * BigInt(index[loop] as number), BigInt(offset))
}

function chunkCount({ laneBytes, lanes }: { readonly laneBytes: number; readonly lanes: number }): number {
  return Math.ceil((lanes * laneBytes) / CHUNK_BYTES)
}

function openingBytes({ depth }: { readonly depth: number }): number {
  return CHUNK_BYTES + 32 * depth
}

function decodeLane(bytes: Uint8Array): bigint {
  let lane = 0n
  for (const byte of bytes) lane = (lane << 8n) | BigInt(byte)
  const signed = BigInt.asIntN(8 * bytes.length, lane)
  if (signed >= -BigInt(MAX_SAFE_LANE) && signed <= BigInt(MAX_SAFE_LANE)) return signed
  throw new Trapped('a lane of 8 bytes is beyond ±(2^53 − 1)')
}

import { MAX_LANES } from '../exact/limits.ts'
import { VALUE_TREE_DEPTH } from '../exact/program/program.ts'
import { bytesEqual, concatBytes } from '../protocol/bytes.ts'
import { MAX_SAFE_LANE } from '../protocol/constants.ts'
import { TENSOR_DOMAIN } from '../protocol/domains.ts'
import { merkleDepth, ZERO_LEAF } from '../protocol/merkle.ts'
import { CHUNK_BYTES } from '../protocol/tensor-encoding.ts'
import type { StepRun } from './step-run.ts'
import { bigintBytes, refused, Trapped, takeUint } from './step-tape.ts'
import type { SourceTensor } from './step-witness.ts'
import { openedRoot } from './tree-opening.ts'

/** Most bytes of chunks with all their siblings that one step opens; lowering keeps within it (`chooseLanesPerStep`). */
export const MAX_OPENING_BYTES = 16_384

/** The values that the operands of one step have opened: each once an operand, and each chunk of it once. */
export interface OpenedValues {
  /** Lane `address` of value `id`, as operand `operand` reads it. One that is not there is a trap. */
  laneAt(operand: number, id: number, address: bigint): bigint
}

interface TensorSize {
  readonly laneBytes: number
  readonly lanes: number
  /** Depth of the chunk tree. */
  readonly depth: number
}

interface OpenedValue {
  readonly size: TensorSize
  readonly treeRoot: Uint8Array
  readonly chunks: Map<number, Uint8Array>
}

/** Nothing opened yet. @param output the value that the step's op writes: none from it on is written. */
export function createOpenedValues(run: StepRun, output: number): OpenedValues {
  const { tape, source, hash, state } = run
  const opened = new Map<number, OpenedValue>()
  let openedBytes = 0

  function laneAt(operand: number, id: number, address: bigint): bigint {
    const { size, treeRoot, chunks } = opened.get(operand) ?? openValue(operand, id, address)
    trapOn(missingLane(size, address))
    const index = chunkAt(size, address)
    if (!chunks.has(index)) {
      trapOn(lackOfRoom(size))
      const opening = takeChunk(id, size, index)
      if (!bytesEqual(opening.treeRoot, treeRoot)) throw refused('ChunkMismatch', `chunk ${index} of value ${id}`)
      chunks.set(index, opening.chunk)
    }
    return decodeLane(chunks.get(index) as Uint8Array, size, address)
  }

  /** Opens a value with the chunk of a lane; one that is not to be read, with its tree's root alone. */
  function openValue(operand: number, id: number, address: bigint): OpenedValue {
    requireWritten(id)
    const tensor = () => source.tensor(id) as SourceTensor
    const laneBytes = takeUint(tape, 1, () => tensor().laneBytes)
    const lanes = takeUint(tape, 8, () => tensor().lanes)
    const leafOver = (treeRoot: Uint8Array) =>
      hash(concatBytes(TENSOR_DOMAIN, bigintBytes(laneBytes, 1), bigintBytes(lanes, 8), treeRoot))
    const size = sizeOf(laneBytes, lanes)
    const trap = size === undefined ? `value ${id} is no tensor` : (missingLane(size, address) ?? lackOfRoom(size))
    if (size === undefined || trap !== undefined) {
      const treeRoot = tape.take(32, () => tensor().nodes.node(size?.depth ?? 0, 0))
      requireLeaf(id, leafOver(treeRoot))
      throw new Trapped(trap as string)
    }
    const index = chunkAt(size, address)
    const { chunk, treeRoot } = takeChunk(id, size, index)
    requireLeaf(id, leafOver(treeRoot))
    const value = { size, treeRoot, chunks: new Map([[index, chunk]]) }
    opened.set(operand, value)
    return value
  }

  function requireWritten(id: number): void {
    const kind = takeUint(tape, 1, () => (source.tensor(id) === undefined ? 0 : 1))
    if (kind > 1n) throw refused('WitnessKind', `value ${id} is of kind ${kind}`)
    if (kind === 1n) return
    requireLeaf(id, ZERO_LEAF)
    throw new Trapped(`value ${id} is not written`)
  }

  /** Why another chunk of a tensor would be too many, if it would. */
  function lackOfRoom({ depth }: TensorSize): string | undefined {
    if (openedBytes + openingBytes(depth) <= MAX_OPENING_BYTES) return undefined
    return `the step opens more than ${MAX_OPENING_BYTES} bytes`
  }

  function takeChunk(id: number, size: TensorSize, index: number) {
    openedBytes += openingBytes(size.depth)
    const tensor = () => source.tensor(id) as SourceTensor
    const chunk = tape.take(CHUNK_BYTES, () => tensor().chunk(index))
    const place = { index, used: chunkCount(size), depth: size.depth }
    return { chunk, treeRoot: openedRoot(tape, hash(chunk), place, () => tensor().nodes, hash) }
  }

  function requireLeaf(id: number, leaf: Uint8Array): void {
    const place = { index: id, used: output, depth: VALUE_TREE_DEPTH }
    const root = openedRoot(tape, leaf, place, () => source.values, hash)
    if (!bytesEqual(root, state.valuesRoot)) throw refused('ValueMismatch', `value ${id}`)
  }

  return { laneAt }
}

/** The size of a tensor, or undefined where no tensor has it. */
function sizeOf(laneBytes: bigint, lanes: bigint): TensorSize | undefined {
  if (![1n, 2n, 4n, 8n].includes(laneBytes) || lanes < 1n || lanes > BigInt(MAX_LANES)) return undefined
  const size = { laneBytes: Number(laneBytes), lanes: Number(lanes) }
  return { ...size, depth: merkleDepth(chunkCount(size)) }
}

function missingLane({ lanes }: TensorSize, address: bigint): string | undefined {
  return address < 0n || address >= BigInt(lanes) ? `lane ${address} of ${lanes}` : undefined
}

function trapOn(reason: string | undefined): void {
  if (reason !== undefined) throw new Trapped(reason)
}

function chunkAt({ laneBytes }: TensorSize, address: bigint): number {
  return Math.floor((Number(address) * laneBytes) / CHUNK_BYTES)
}

function chunkCount({ laneBytes, lanes }: Omit<TensorSize, 'depth'>): number {
  return Math.ceil((lanes * laneBytes) / CHUNK_BYTES)
}

function openingBytes(depth: number): number {
  return CHUNK_BYTES + 32 * depth
}

function decodeLane(chunk: Uint8Array, { laneBytes }: TensorSize, address: bigint): bigint {
  const at = (Number(address) * laneBytes) % CHUNK_BYTES
  let lane = 0n
  for (const byte of chunk.subarray(at, at + laneBytes)) lane = (lane << 8n) | BigInt(byte)
  const signed = BigInt.asIntN(8 * laneBytes, lane)
  if (signed >= -BigInt(MAX_SAFE_LANE) && signed <= BigInt(MAX_SAFE_LANE)) return signed
  throw new Trapped('a lane of 8 bytes is beyond ±(2^53 − 1)')
}

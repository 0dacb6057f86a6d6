import type { TensorData } from '../exact/graph.ts'
import { type Program, type ProgramValue, VALUE_TREE_DEPTH } from '../exact/program/program.ts'
import { laneBytesOf } from '../exact/tensor-data.ts'
import { createByteLru } from '../protocol/byte-lru.ts'
import { concatBytes } from '../protocol/bytes.ts'
import { type BlockHasher, type Hashing, PLAIN_HASHING } from '../protocol/keccak.ts'
import { bindTensorRoot, CHUNK_BYTES, encodeLanes, type LaneWidth } from '../protocol/tensor-encoding.ts'
import { createPrefixTree, type PrefixTree } from './prefix-tree.ts'
import type { StoredValues } from './stored-values.ts'

/** Lets other work of the process have its turn; awaited between pieces of hashing of some 4 MiB. */
export type Pause = () => Promise<void>

/** The value tree of a trace, as far as it is known, and the chunk trees of its values. */
export interface ValueTrees {
  /** The tree of depth 16 over tensor roots, which holds inputs, constants and the values of the first ops. */
  readonly values: PrefixTree
  /** Extends the value tree to the values below `id`. */
  reach(id: number): Promise<void>
  /** The tree over the chunks of a value. */
  chunks(id: number): Promise<PrefixTree>
  /** Tensor root of a value. */
  tensorRoot(id: number): Promise<Uint8Array>
}

/** What {@link createValueTrees} is made from. */
export interface ValueTreesOptions {
  readonly program: Program
  readonly stored: StoredValues
  readonly hashing: Hashing
  /** Tensor roots of inputs and constants, in order: the first leaves of the value tree. */
  readonly knownRoots: readonly Uint8Array[]
  /** Memory for chunk trees, which take a quarter of the bytes of their values. */
  readonly limitBytes: number
  readonly pause: Pause
}

const SLICE_BYTES = 2 ** 22

/** Chunk trees of the values used last are kept within the limit, and of all values the roots: 64 bytes a value. */
export function createValueTrees(options: ValueTreesOptions): ValueTrees {
  const { program, stored, hashing, knownRoots, pause } = options
  const values = createPrefixTree(program.values.length, hashing.hashBlocks, VALUE_TREE_DEPTH)
  values.append(concatBytes(...knownRoots))
  const roots = [...knownRoots]
  const kept = createByteLru<PrefixTree>(options.limitBytes)

  async function chunks(id: number): Promise<PrefixTree> {
    const known = kept.get(`${id}`)
    if (known !== undefined) return known
    const [lanes] = (await stored.load([id])) as readonly [TensorData]
    const tree = await hashChunks(lanes, hashing.hashBlocks, pause)
    kept.set(`${id}`, tree, tree.sizeBytes)
    return tree
  }

  async function reach(id: number): Promise<void> {
    while (values.count < id) {
      const next = values.count
      const { laneBytes, lanes } = program.values[next] as ProgramValue
      const root = bindTensorRoot((await chunks(next)).root(), laneBytes, lanes, hashing.hash)
      values.append(root)
      roots.push(root)
    }
  }

  return {
    values,
    reach,
    chunks,
    async tensorRoot(id) {
      await reach(id + 1)
      return roots[id] as Uint8Array
    },
  }
}

/** The tree over the chunks of lanes. Cost: one hash of 256 bytes and one of 64 bytes a chunk. */
async function hashChunks(lanes: TensorData, hashBlocks: BlockHasher, pause: Pause): Promise<PrefixTree> {
  const tree = createPrefixTree(Math.ceil(lanes.byteLength / CHUNK_BYTES), hashBlocks)
  for (const slice of slicesOf(lanes)) {
    tree.append(hashSlice(slice, hashBlocks))
    if (slice.byteLength === SLICE_BYTES) await pause()
  }
  return tree
}

/** Tensor root of lanes in their own width. Cost: as a chunk tree's; one slice of memory besides the tree. */
export function lanesRoot(lanes: TensorData, { hash, hashBlocks }: Hashing): Uint8Array {
  const tree = createPrefixTree(Math.ceil(lanes.byteLength / CHUNK_BYTES), hashBlocks)
  for (const slice of slicesOf(lanes)) tree.append(hashSlice(slice, hashBlocks))
  return bindTensorRoot(tree.root(), laneBytesOf(lanes) as LaneWidth, lanes.length, hash)
}

/**
 * Tensor roots of a Program's constants, in order: the same for every inference of a model, so worth keeping for its disputes.
 * Cost: hashes all constants.
 */
export function constantRoots(program: Program, hashing: Hashing = PLAIN_HASHING): Uint8Array[] {
  return program.constants.map((lanes) => lanesRoot(lanes, hashing))
}

/** As {@link constantRoots}, with pauses: a model's constants may be hundreds of megabytes. */
export async function hashConstants(program: Program, hashing: Hashing, pause: Pause): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = []
  for (const lanes of program.constants) {
    const tree = await hashChunks(lanes, hashing.hashBlocks, pause)
    roots.push(bindTensorRoot(tree.root(), laneBytesOf(lanes) as LaneWidth, lanes.length, hashing.hash))
  }
  return roots
}

function* slicesOf(lanes: TensorData): Generator<TensorData> {
  const step = SLICE_BYTES / lanes.BYTES_PER_ELEMENT
  for (let at = 0; at < lanes.length; at += step) yield lanes.subarray(at, at + step)
}

/** Leaves of a slice that starts at a chunk's first lane; its last chunk is zero-padded. */
function hashSlice(slice: TensorData, hashBlocks: BlockHasher): Uint8Array {
  const bytes = encodeLanes(slice)
  const whole = bytes.length - (bytes.length % CHUNK_BYTES)
  const leaves = hashBlocks(bytes.subarray(0, whole), CHUNK_BYTES)
  if (whole === bytes.length) return leaves
  const last = new Uint8Array(CHUNK_BYTES)
  last.set(bytes.subarray(whole))
  return concatBytes(leaves, hashBlocks(last, CHUNK_BYTES))
}

import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import { LOG_DEPTH, type LogRecord } from '../protocol/inference-log.ts'
import { recordLeaf } from '../protocol/inference-roots.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import { ZERO_LEAF } from '../protocol/merkle.ts'

/** A block's inference log as a dispute bisects it: position i is the root over its first `min(i, count)` records. */
export interface LogPrefixes {
  readonly count: number
  /** Root of the tree of depth {@link LOG_DEPTH} over the first `min(position, count)` records. Cost: {@link LOG_DEPTH} hashes. */
  prefixRoot(position: number): Hex
  /** Siblings of leaf `index` under the whole log's root, leaf upwards; of an empty leaf where `index >= count`. */
  siblings(index: number): Hex[]
}

/** Builds the record tree once. Cost: two hashes a record. Memory: 64 bytes a record. */
export function createLogPrefixes(records: readonly LogRecord[], hash: Hasher = keccak256): LogPrefixes {
  const empty = emptyRoots(hash)
  const levels = buildLevels(records, empty, hash)
  const nodeAt = (height: number, at: number) => levels[height]?.[at] ?? (empty[height] as Uint8Array)
  return {
    count: records.length,
    prefixRoot(position) {
      if (!Number.isInteger(position) || position < 0) throw new BugError(`position ${position} of a log`)
      const end = Math.min(position, records.length)
      if (end === 2 ** LOG_DEPTH) return bytesToHex(nodeAt(LOG_DEPTH, 0))
      // Climbs from the first empty leaf: all left of the path is full, all right of it is empty.
      let node = ZERO_LEAF
      for (let height = 0, at = end; height < LOG_DEPTH; height++, at = Math.floor(at / 2)) {
        const pair = at % 2 === 1 ? [nodeAt(height, at - 1), node] : [node, empty[height] as Uint8Array]
        node = hash(concatBytes(...pair))
      }
      return bytesToHex(node)
    },
    siblings(index) {
      if (!Number.isInteger(index) || index < 0 || index >= 2 ** LOG_DEPTH) throw new BugError(`leaf ${index} of a log`)
      return Array.from({ length: LOG_DEPTH }, (_, height) => {
        const at = Math.floor(index / 2 ** height)
        return bytesToHex(nodeAt(height, at % 2 === 1 ? at - 1 : at + 1))
      })
    },
  }
}

function buildLevels(
  records: readonly LogRecord[],
  empty: readonly Uint8Array[],
  hash: Hasher,
): readonly (readonly Uint8Array[])[] {
  const leaves = records.map(({ modelId, inputRoot, outputRoot }) =>
    recordLeaf(hexToBytes(modelId), hexToBytes(inputRoot), hexToBytes(outputRoot), hash),
  )
  const levels = [leaves]
  for (let height = 0; height < LOG_DEPTH; height++) {
    const level = levels[height] as Uint8Array[]
    const above: Uint8Array[] = []
    for (let at = 0; at < level.length; at += 2) {
      above.push(hash(concatBytes(level[at] as Uint8Array, level[at + 1] ?? (empty[height] as Uint8Array))))
    }
    levels.push(above)
  }
  return levels
}

function emptyRoots(hash: Hasher): Uint8Array[] {
  const roots = [ZERO_LEAF]
  for (let height = 0; height < LOG_DEPTH; height++) {
    const below = roots[height] as Uint8Array
    roots.push(hash(concatBytes(below, below)))
  }
  return roots
}

import type { LaneWidth } from '../protocol/tensor-encoding.ts'
import type { ProgramTree } from './program-tree.ts'
import type { TraceState } from './trace-state.ts'
import type { TreeNodes } from './tree-opening.ts'

/*
 * The witness of a step: all that it reads, in the order in which it reads it, integers big-endian.
 *
 *   witness  = 1 ‖ state ‖ program ‖ …what the op reads and writes          running
 *            | 2 ‖ outputRoot                                               halted
 *            | 3                                                            trapped
 *   state    = valuesRoot ‖ partialRoot ‖ acc i64 ‖ accIndex u64
 *   program  = profile u32 ‖ inputCount u32 ‖ constantCount u32 ‖ leafCount u32 ‖ steps u64 ‖ leafIndex u32 ‖ descriptorBytes u16 ‖
 *              firstStep u64 ‖ stepCount u64 ‖ descriptor ‖ siblings
 *
 * Then, at each lane that lies in a chunk not read before by the same operand (terms and lanes ascending, operands in the op's
 * order, scalar ops in theirs), a chunk; the first of an operand opens its value:
 *   value    = 0 ‖ siblings of the value tree                                no value is there: trap
 *            | 1 ‖ laneBytes u8 ‖ lanes u64 ‖ chunk, or treeRoot on a trap ‖ siblings of the value tree
 *   chunk    = 256 bytes ‖ siblings of the value's chunk tree
 * A step that writes lanes: the bytes before them in their chunk ‖ siblings of the partial tree ‖ when these lanes are the op's last, siblings
 * of the value tree. Finish: the value tree's nodes at the height where there are as many as outputs (or up to twice) ‖ for
 * each output: tensor root ‖ siblings up to that height.
 *
 * Siblings whose subtree cannot hold anything but zero leaves are left out (beyond a tensor's chunks, the Program's leaves, the
 * values written so far). A witness ends where a trap is seen. Nothing in it can be changed, added or left out.
 */

/** A tensor that a step may read. */
export interface SourceTensor {
  readonly laneBytes: LaneWidth
  readonly lanes: number
  /** Chunk `index`: 256 bytes. */
  chunk(index: number): Uint8Array
  /** The tree over the chunks. */
  readonly nodes: TreeNodes
}

/** The trace just before a step, from which its witness is made. */
export interface StepSource {
  readonly state: TraceState
  readonly program: ProgramTree
  /** The value tree. */
  readonly values: TreeNodes
  /** The tensor of a value; undefined while it is unwritten. */
  tensor(value: number): SourceTensor | undefined
  /** Bytes of chunk `index` of the value being written, unwritten lanes zero: 256 of them. */
  partialChunk(index: number): Uint8Array
  /** The tree over the chunks of the value being written; not asked for while no lane is written. */
  readonly partial: TreeNodes
}

import { programLeaves } from '../exact/program/commitments.ts'
import type { Program, ProgramValue } from '../exact/program/program.ts'
import { encodeDescriptor, encodeFinish } from '../exact/program/program-codec.ts'
import { firstSteps } from '../exact/program/steps.ts'
import { BugError } from '../protocol/errors.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import { merkleDepth } from '../protocol/merkle.ts'
import { type TreeNodes, treeNodes } from './tree-opening.ts'

/** What a programRoot binds besides its leaves; big-endian u32s, `steps` u64. */
export interface ProgramHead {
  readonly profile: number
  readonly inputCount: number
  readonly constantCount: number
  readonly leafCount: number
  readonly steps: number
}

/** The leaf of an op, or of Finish: which steps it covers, and its descriptor. */
export interface ProgramLeaf {
  readonly index: number
  readonly firstStep: number
  readonly stepCount: number
  readonly descriptor: Uint8Array
}

/** A Program as its root commits to it. */
export interface ProgramTree {
  readonly head: ProgramHead
  readonly nodes: TreeNodes
  /** The leaf that covers step `t`. Cost: logarithmic in the ops. */
  leafAt(t: number): ProgramLeaf
}

/** Opens a Program for proofs. Cost: encodes and hashes every descriptor. */
export function programTree(program: Program, hash: Hasher = keccak256): ProgramTree {
  const leaves = programLeaves(program, hash)
  const firsts = firstSteps(program)
  const steps = firsts.at(-1) as number
  return {
    head: {
      profile: program.profile,
      inputCount: program.inputCount,
      constantCount: program.constants.length,
      leafCount: leaves.length,
      steps,
    },
    nodes: treeNodes(leaves, merkleDepth(leaves.length), hash),
    leafAt(t) {
      if (!Number.isInteger(t) || t < 0 || t >= steps) throw new BugError(`step ${t} of a trace of ${steps} steps`)
      const index = lastAtMost(firsts, t)
      const firstStep = firsts[index] as number
      return {
        index,
        firstStep,
        stepCount: (firsts[index + 1] as number) - firstStep,
        descriptor: descriptorAt(program, index),
      }
    },
  }
}

function descriptorAt(program: Program, index: number): Uint8Array {
  const op = program.ops[index]
  if (op === undefined) return encodeFinish(program.outputs)
  return encodeDescriptor({ op, value: program.values[op.output] as ProgramValue })
}

/** Index of the last element of an ascending list that is at most `bound`. */
function lastAtMost(ascending: readonly number[], bound: number): number {
  let index = 0
  for (let end = ascending.length; end - index > 1; ) {
    const middle = (index + end) >> 1
    if ((ascending[middle] as number) <= bound) index = middle
    else end = middle
  }
  return index
}

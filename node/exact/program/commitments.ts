import { concatBytes, uintToBytes } from '../../protocol/bytes.ts'
import { PROGRAM_DOMAIN, PROGRAM_OP_DOMAIN } from '../../protocol/domains.ts'
import { type Hasher, keccak256 } from '../../protocol/keccak.ts'
import { merkleRoot, ZERO_LEAF } from '../../protocol/merkle.ts'
import { encodeLanes, tensorRoot } from '../../protocol/tensor-encoding.ts'
import { laneBytesOf } from '../tensor-data.ts'
import { type Program, type ProgramValue, VALUE_TREE_DEPTH } from './program.ts'
import { encodeDescriptor, encodeFinish } from './program-codec.ts'
import { firstSteps } from './steps.ts'

/**
 * The leaves under a programRoot, one for each op and at last Finish: keccak256(domain ‖ firstStep u64 ‖ stepCount u64 ‖
 * descriptor). One leaf thus shows which op step t belongs to, and how far into it t is.
 */
export function programLeaves(program: Program, hash: Hasher = keccak256): Uint8Array[] {
  const firsts = firstSteps(program)
  const descriptors = program.ops.map((op) =>
    encodeDescriptor({ op, value: program.values[op.output] as ProgramValue }),
  )
  return [...descriptors, encodeFinish(program.outputs)].map((descriptor, i) => {
    const first = firsts[i] as number
    const count = (firsts[i + 1] as number) - first
    return hash(concatBytes(PROGRAM_OP_DOMAIN, uintToBytes(first, 8), uintToBytes(count, 8), descriptor))
  })
}

/**
 * The commitment to a Program: keccak256(domain ‖ profile u32 ‖ inputCount u32 ‖ constantCount u32 ‖ leafCount u32 ‖ steps u64 ‖
 * root of the tree over {@link programLeaves}).
 */
export function programRoot(program: Program, hash: Hasher = keccak256): Uint8Array {
  const leaves = programLeaves(program, hash)
  const steps = firstSteps(program).at(-1) as number
  const counts = [program.profile, program.inputCount, program.constants.length, leaves.length]
  return hash(
    concatBytes(
      PROGRAM_DOMAIN,
      ...counts.map((count) => uintToBytes(count, 4)),
      uintToBytes(steps, 8),
      merkleRoot(leaves, hash),
    ),
  )
}

/**
 * The commitment to a Program's constants: the root of its value tree (depth {@link VALUE_TREE_DEPTH}, a leaf for each value) with
 * every constant's tensor root in place and all else zero. A trace starts from this tree with the inputs set in.
 * Cost: hashes all constants' bytes.
 */
export function constantsRoot(program: Program, hash: Hasher = keccak256): Uint8Array {
  const inputs = new Array<Uint8Array>(program.inputCount).fill(ZERO_LEAF)
  const constants = program.constants.map((data) => {
    const laneBytes = laneBytesOf(data)
    return tensorRoot(encodeLanes(data), laneBytes, data.length, hash)
  })
  return merkleRoot([...inputs, ...constants], hash, VALUE_TREE_DEPTH)
}

import fc from 'fast-check'
import type { Affine, EpilogueOp, OperandMap, ProgramOp } from '../../node/exact/program/program.ts'
import { VALUE_TREE_DEPTH } from '../../node/exact/program/program.ts'
import {
  type Descriptor,
  decodeDescriptor,
  encodeDescriptor,
  encodeFinish,
} from '../../node/exact/program/program-codec.ts'
import { opSteps } from '../../node/exact/program/steps.ts'
import { concatBytes, uintToBytes } from '../../node/protocol/bytes.ts'
import { PROGRAM_DOMAIN, PROGRAM_OP_DOMAIN, TENSOR_DOMAIN } from '../../node/protocol/domains.ts'
import { InvalidError } from '../../node/protocol/errors.ts'
import { keccak256 } from '../../node/protocol/keccak.ts'
import { merkleDepth, ZERO_LEAF } from '../../node/protocol/merkle.ts'
import { CHUNK_BYTES, tensorChunk, tensorLeaves } from '../../node/protocol/tensor-encoding.ts'
import type { ProgramTree } from '../../node/prover/program-tree.ts'
import type { SourceTensor, StepSource } from '../../node/prover/step-witness.ts'
import { NO_PARTIAL } from '../../node/prover/trace-state.ts'
import { treeNodes } from '../../node/prover/tree-opening.ts'
import { createRandom, type Pick } from './random-source.ts'

/** A value as it is committed: perhaps no tensor at all. Undefined: nothing was written. */
export type HostileValue =
  | { readonly laneBytes: number; readonly lanes: number; readonly bytes: Uint8Array }
  | undefined

/** One step of a Program that nobody checked. The op under judgement has the Program's first leaf, and Finish its last. */
export interface HostileParts {
  readonly descriptor: Uint8Array
  readonly values: readonly HostileValue[]
  /** Whether the descriptor is that of the last leaf. */
  readonly isFinish?: boolean
  readonly firstStep?: number
  readonly stepCount: number
  readonly within: number
  readonly acc?: bigint
  readonly accIndex?: bigint
  /** Bytes of the op's value that earlier steps wrote, and the size of all of it. */
  readonly written?: Uint8Array
  readonly outputBytes?: number
  readonly head?: Partial<ProgramTree['head']>
}

/** A step with all that its witness is made from. */
export interface HostileStep {
  readonly programRoot: Uint8Array
  readonly source: StepSource
}

/** Commits to the parts as a lowered Program would be committed to. */
export function hostileStep(parts: HostileParts): HostileStep {
  const { values, within, firstStep = 0, stepCount, isFinish = false, written = new Uint8Array(0) } = parts
  const t = firstStep + within
  const other = leafOf(firstStep + stepCount, 1, encodeFinish([{ value: 0, shape: [] }]))
  const own = leafOf(firstStep, stepCount, parts.descriptor)
  const leaves = isFinish ? [other, own] : [own, other]
  const head = {
    profile: 1,
    inputCount: values.length,
    constantCount: 0,
    leafCount: leaves.length,
    steps: firstStep + stepCount + 1,
    ...parts.head,
  }
  const nodes = treeNodes(leaves, merkleDepth(head.leafCount), keccak256)
  const leaf = { index: isFinish ? 1 : 0, firstStep, stepCount, descriptor: parts.descriptor }
  const tensors = values.map((value) => (value === undefined ? undefined : sourceTensor(value)))
  const roots = values.map((value, id) => (value === undefined ? ZERO_LEAF : tensorLeaf(value, tensors[id])))
  const valueTree = treeNodes(roots, VALUE_TREE_DEPTH, keccak256)
  const partialDepth = merkleDepth(Math.ceil((parts.outputBytes ?? 0) / CHUNK_BYTES))
  const partial = treeNodes(tensorLeaves(written), partialDepth, keccak256)
  return {
    programRoot: rootOf(head, nodes.node(merkleDepth(head.leafCount), 0)),
    source: {
      state: {
        valuesRoot: valueTree.node(VALUE_TREE_DEPTH, 0),
        partialRoot: written.length === 0 ? NO_PARTIAL : partial.node(partialDepth, 0),
        acc: parts.acc ?? 0n,
        accIndex: parts.accIndex ?? 0n,
        t,
      },
      program: { head, nodes, leafAt: () => leaf },
      values: valueTree,
      tensor: (value) => tensors[value],
      partialChunk: (index) => tensorChunk(written, index),
      partial,
    },
  }
}

function leafOf(firstStep: number, stepCount: number, descriptor: Uint8Array): Uint8Array {
  return keccak256(concatBytes(PROGRAM_OP_DOMAIN, uintToBytes(firstStep, 8), uintToBytes(stepCount, 8), descriptor))
}

function rootOf(head: ProgramTree['head'], tree: Uint8Array): Uint8Array {
  const { profile, inputCount, constantCount, leafCount, steps } = head
  const counts = [profile, inputCount, constantCount, leafCount].map((count) => uintToBytes(count, 4))
  return keccak256(concatBytes(PROGRAM_DOMAIN, ...counts, uintToBytes(steps, 8), tree))
}

function sourceTensor({ laneBytes, lanes, bytes }: Exclude<HostileValue, undefined>): SourceTensor {
  const leaves = tensorLeaves(bytes)
  const tree = treeNodes(leaves, merkleDepth(leaves.length), keccak256)
  return { laneBytes: laneBytes as 1, lanes, chunk: (index) => tensorChunk(bytes, index), nodes: tree }
}

/** As `bindTensorRoot`, of any width. An absurd tensor's tree is taken to be one chunk. */
function tensorLeaf({ laneBytes, lanes }: Exclude<HostileValue, undefined>, tensor: SourceTensor | undefined) {
  const isSound = [1, 2, 4, 8].includes(laneBytes) && lanes >= 1 && lanes <= 2 ** 26
  const depth = isSound ? merkleDepth(Math.ceil((lanes * laneBytes) / CHUNK_BYTES)) : 0
  const treeRoot = tensor?.nodes.node(depth, 0) ?? ZERO_LEAF
  return keccak256(concatBytes(TENSOR_DOMAIN, uintToBytes(laneBytes, 1), uintToBytes(lanes, 8), treeRoot))
}

const widths = fc.constantFrom(1, 2, 4, 8) as fc.Arbitrary<1 | 2 | 4 | 8>
const SAFE = Number.MAX_SAFE_INTEGER

/** Values of random bytes: as 8-byte lanes, most are no safe integers. Now and then one that is absurd, or none. */
const hostileValues: fc.Arbitrary<readonly HostileValue[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.tuple(widths, fc.integer({ min: 1, max: 400 }), fc.nat(65_535), fc.boolean()).map(soundValue),
    },
    { weight: 1, arbitrary: fc.constantFrom<HostileValue>(undefined, ...absurdValues()) },
  ),
  { minLength: 2, maxLength: 5 },
)

function soundValue([laneBytes, lanes, seed, small]: [1 | 2 | 4 | 8, number, number, boolean]): HostileValue {
  const random = createRandom(seed)
  // Small lanes: in the last byte of each.
  const bytes = Uint8Array.from({ length: lanes * laneBytes }, (_, i) =>
    small && i % laneBytes !== laneBytes - 1 ? 0 : random(small && laneBytes > 1 ? 100 : 256),
  )
  return { laneBytes, lanes, bytes }
}

function absurdValues(): HostileValue[] {
  const bytes = new Uint8Array(256).fill(7)
  return [
    { laneBytes: 3, lanes: 50, bytes },
    { laneBytes: 0, lanes: 50, bytes },
    { laneBytes: 1, lanes: 0, bytes },
    { laneBytes: 8, lanes: 2 ** 50, bytes },
  ]
}

const smallInt = fc.integer({ min: -3, max: 8 })
const anyInt = fc.oneof(
  { weight: 20, arbitrary: smallInt },
  { weight: 1, arbitrary: fc.integer({ min: -SAFE, max: SAFE }) },
)

function affines(loops: number): fc.Arbitrary<Affine> {
  return fc.record({
    offset: fc.oneof(fc.integer({ min: 0, max: 60 }), anyInt),
    strides: fc.array(fc.oneof(fc.constantFrom(0, 1, 1, 1, 2, 7), anyInt), { minLength: loops, maxLength: loops }),
  })
}

function operandMaps(loops: number, values: number): fc.Arbitrary<OperandMap> {
  const check = fc
    .tuple(affines(loops), fc.integer({ min: 1, max: 300 }))
    .map(([form, extent]) => ({ ...form, extent }))
  return fc.record({ value: fc.nat(values - 1), address: affines(loops), checks: fc.array(check, { maxLength: 2 }) })
}

function scalarOps(operands: number): fc.Arbitrary<EpilogueOp> {
  const operand = fc.nat(operands - 1)
  const arithmetic = ['add-tensor', 'sub-tensor', 'mul-tensor', 'min-tensor', 'max-tensor']
  const tensor = fc.constantFrom(...arithmetic, 'floordiv-tensor', 'less-tensor', 'greater-tensor', 'equal-tensor')
  const scalar = fc.constantFrom('add', 'mul', 'floordiv', 'less', 'greater', 'equal')
  const constant = fc.oneof(fc.integer({ min: -200, max: 200 }), fc.integer({ min: -SAFE, max: SAFE }))
  return fc.oneof(
    fc.record({ fn: tensor as fc.Arbitrary<'add-tensor'>, operand }),
    fc.record({ fn: scalar as fc.Arbitrary<'add'>, value: constant }),
    fc.record({ fn: fc.constant('isqrt' as const) }),
    fc.tuple(constant, constant).map(([a, b]): EpilogueOp => ({ fn: 'clip', lo: Math.min(a, b), hi: Math.max(a, b) })),
    fc.record({
      fn: fc.constantFrom('shift-left', 'shift-right-floor', 'shift-right-half-even') as fc.Arbitrary<'shift-left'>,
      bits: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 52 })),
    }),
  )
}

function ops(values: number): fc.Arbitrary<ProgramOp> {
  const loops = fc.array(fc.oneof(fc.integer({ min: 2, max: 6 }), fc.constantFrom(40, 130)), { maxLength: 3 })
  const kind = fc.constantFrom('map', 'fold', 'lookup', 'move') as fc.Arbitrary<ProgramOp['kind']>
  return fc
    .tuple(kind, loops, loops, fc.integer({ min: 2, max: 4 }))
    .chain(([kind, outLoops, foldLoops, operandCount]) => {
      const folds = kind === 'fold' ? foldLoops : []
      const count = kind === 'lookup' ? 2 : operandCount
      const maps = fc.array(operandMaps(outLoops.length + folds.length, values), { minLength: count, maxLength: count })
      return fc.record({
        kind: fc.constant(kind),
        output: fc.constant(values),
        outLoops: fc.constant(outLoops),
        operands: maps,
        foldLoops: fc.constant(folds),
        epilogue: fc.array(scalarOps(count), { maxLength: 4 }),
        lanesPerStep: fc.constantFrom(1, 2, 4, 16, 32),
        run: fc.constantFrom(1, 3, 128),
        reduction: fc.constantFrom('sum', 'max', 'min', 'argmax'),
        product: fc.boolean(),
        padValue: fc.integer({ min: -200, max: 200 }),
        axisStride: fc.nat(5),
        axisExtent: fc.integer({ min: 1, max: 300 }),
      })
    })
    .map((op) => op as unknown as ProgramOp)
}

/** Steps of ops that no check has seen: addresses, checks, values and numbers that may break any rule; now and then a broken descriptor. */
export const hostileParts: fc.Arbitrary<HostileParts> = hostileValues.chain((values) =>
  fc
    .record({
      op: ops(values.length),
      laneBytes: widths,
      place: fc.nat(),
      seed: fc.nat(65_535),
      acc: fc.oneof(fc.constantFrom(0n, 2n ** 53n, -(2n ** 53n)), fc.bigInt(-(2n ** 54n), 2n ** 54n)),
      accIndex: fc.bigInt(0n, 300n),
      damage: fc.oneof(
        { weight: 8, arbitrary: fc.constant(undefined) },
        {
          weight: 2,
          arbitrary: fc.record({
            word: fc.nat(),
            by: fc.oneof(fc.constantFrom(1n, -1n, 7n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
          }),
        },
      ),
      countOff: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
    })
    .map(({ op, laneBytes, place, seed, acc, accIndex, damage, countOff }) => {
      const lanes = op.outLoops.reduce((product, extent) => product * extent, 1)
      const stepCount = opSteps(op, lanes)
      const within = place % stepCount
      const descriptor = encodeDescriptor({ op, value: { laneBytes, lanes } })
      const committed = damage === undefined ? descriptor : damaged(descriptor, damage.word, damage.by)
      return {
        values,
        descriptor: committed,
        stepCount: stepCount + countOff,
        within,
        acc,
        accIndex,
        ...writtenBefore(committed, stepCount, within, createRandom(seed)),
      }
    }),
)

/** What the steps before left of the op's value, if the descriptor is that of an op. */
function writtenBefore(descriptor: Uint8Array, stepCount: number, within: number, random: Pick) {
  const decoded = wellFormed(descriptor)
  if (decoded === undefined || opSteps(decoded.op, decoded.value.lanes) !== stepCount) return {}
  const { op, value } = decoded
  const lanes = op.kind === 'fold' ? Math.floor(within / (stepCount / value.lanes)) : within * op.lanesPerStep
  return {
    written: Uint8Array.from({ length: lanes * value.laneBytes }, () => random(256)),
    outputBytes: value.lanes * value.laneBytes,
  }
}

function wellFormed(descriptor: Uint8Array): Descriptor | undefined {
  try {
    return decodeDescriptor(descriptor)
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}

/** A descriptor with one word changed. */
function damaged(descriptor: Uint8Array, word: number, by: bigint): Uint8Array {
  const bytes = descriptor.slice()
  const view = new DataView(bytes.buffer)
  const at = 8 * (word % (bytes.length / 8))
  view.setBigInt64(at, BigInt.asIntN(64, view.getBigInt64(at) + by))
  return bytes
}

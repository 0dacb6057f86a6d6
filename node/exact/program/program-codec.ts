import { MAX_SAFE_LANE } from '../../protocol/constants.ts'
import { encodeTensor } from '../../protocol/tensor-encoding.ts'
import type { LaneBytes } from '../graph.ts'
import { MAX_LANES, MAX_OUTPUTS } from '../limits.ts'
import { shapeSize } from '../tensor-data.ts'
import { createWordReader, malformed, WORD_BYTES, type WordReader } from './descriptor-words.ts'
import { epilogueWords, readEpilogueOp } from './epilogue-codec.ts'
import {
  type Affine,
  type BoundCheck,
  type FoldOp,
  MAX_CHECKS,
  MAX_EPILOGUE_OPS,
  MAX_LOOPS,
  MAX_MOVE_OPERANDS,
  MAX_NEST_OPERANDS,
  MAX_RUN,
  MAX_STEP_LANES,
  type OperandMap,
  type ProgramOp,
  type ProgramOutput,
  type ProgramValue,
  type Reduction,
  VALUE_TREE_DEPTH,
} from './program.ts'

/*
 * The descriptor of an op: 8-byte big-endian two's-complement words.
 *
 *   descriptor = kind output laneBytes lanes lanesPerStep run reduction product padValue axisStride axisExtent
 *                outLoopCount foldLoopCount operandCount epilogueCount
 *                outLoop* foldLoop* operand* scalarOp*
 *   operand    = value checkCount affine check*            check = extent affine
 *   affine     = offset stride*                            one stride a loop, output loops first
 *   scalarOp   = code argument argument                    see epilogue-codec.ts
 *   finish     = 5 outputCount value*
 *
 * kind is 1 map, 2 fold, 3 lookup, 4 move; reduction 1 sum, 2 max, 3 min, 4 argmax. A word that a kind has no use for is 0.
 */

const KINDS = ['map', 'fold', 'lookup', 'move'] as const satisfies readonly ProgramOp['kind'][]
const FINISH_KIND = KINDS.length + 1
const REDUCTIONS = ['sum', 'max', 'min', 'argmax'] as const satisfies readonly Reduction[]
const MAX_VALUES = 2 ** VALUE_TREE_DEPTH

/** A decoded descriptor: the op, and how its value is stored. */
export interface Descriptor {
  readonly op: ProgramOp
  readonly value: ProgramValue
}

/** The canonical bytes of an op. */
export function encodeDescriptor({ op, value }: Descriptor): Uint8Array {
  const foldLoops = op.kind === 'fold' ? op.foldLoops : []
  const epilogue = op.kind === 'map' || op.kind === 'fold' ? op.epilogue : []
  const words = [
    KINDS.indexOf(op.kind) + 1,
    op.output,
    value.laneBytes,
    value.lanes,
    op.kind === 'fold' ? 0 : op.lanesPerStep,
    ...(op.kind === 'fold' ? [op.run, REDUCTIONS.indexOf(op.reduction) + 1, op.product ? 1 : 0] : [0, 0, 0]),
    op.kind === 'move' ? op.padValue : 0,
    ...(op.kind === 'lookup' ? [op.axisStride, op.axisExtent] : [0, 0]),
    ...[op.outLoops.length, foldLoops.length, op.operands.length, epilogue.length],
    ...op.outLoops,
    ...foldLoops,
    ...op.operands.flatMap(operandWords),
    ...epilogue.flatMap(epilogueWords),
  ]
  return encodeTensor(words, WORD_BYTES)
}

/** The canonical bytes of the last step of a Program, which opens these outputs. */
export function encodeFinish(outputs: readonly ProgramOutput[]): Uint8Array {
  return encodeTensor([FINISH_KIND, outputs.length, ...outputs.map(({ value }) => value)], WORD_BYTES)
}

/**
 * Reads the value ids of {@link encodeFinish} back. Strict; that the values exist is for the step that opens them.
 * @throws InvalidError `DescriptorMalformed`, or `TensorLength` / `TensorLaneRange` on words that are none.
 */
export function decodeFinish(bytes: Uint8Array): number[] {
  const reader = createWordReader(bytes)
  reader.next('kind', FINISH_KIND, FINISH_KIND)
  const count = reader.next('outputCount', 1, MAX_OUTPUTS)
  const values = repeat(count, () => reader.next('output value', 0, MAX_VALUES - 1))
  reader.finish()
  return values
}

/**
 * Reads an op's descriptor back. Strict: only bytes that {@link encodeDescriptor} yields pass. What needs other values (that indices
 * stay inside them) is for the step that reads them.
 * @throws InvalidError `DescriptorMalformed`, or `TensorLength` / `TensorLaneRange` on words that are none.
 */
export function decodeDescriptor(bytes: Uint8Array): Descriptor {
  const reader = createWordReader(bytes)
  const kind = KINDS[reader.next('kind', 1, KINDS.length) - 1] as ProgramOp['kind']
  const [isFold, isMove, isLookup] = [kind === 'fold', kind === 'move', kind === 'lookup']
  const output = reader.next('output', 1, MAX_VALUES - 1)
  const laneBytes = readLaneBytes(reader)
  const lanes = reader.next('lanes', 1, MAX_LANES)
  const lanesPerStep = readLanesPerStep(reader, isFold, laneBytes)
  const run = used(reader, isFold, 'run', 1, MAX_RUN)
  const reduction = used(reader, isFold, 'reduction', 1, REDUCTIONS.length)
  const product = used(reader, isFold, 'product', 0, 1) === 1
  const padValue = used(reader, isMove, 'padValue', -MAX_SAFE_LANE, MAX_SAFE_LANE)
  const axisStride = used(reader, isLookup, 'axisStride', 0, MAX_LANES)
  const axisExtent = used(reader, isLookup, 'axisExtent', 1, MAX_LANES)
  const outLoopCount = reader.next('outLoopCount', 0, MAX_LOOPS)
  const foldLoopCount = used(reader, isFold, 'foldLoopCount', 0, MAX_LOOPS - outLoopCount)
  const operandCount = readOperandCount(reader, kind, product)
  const epilogueCount = used(reader, isFold || kind === 'map', 'epilogueCount', 0, MAX_EPILOGUE_OPS)
  const outLoops = readLoops(reader, outLoopCount)
  const foldLoops = readLoops(reader, foldLoopCount)
  const loopCount = outLoopCount + foldLoopCount
  const operands = repeat(operandCount, () => readOperand(reader, output, loopCount))
  const epilogue = repeat(epilogueCount, () => readEpilogueOp(reader, operandCount))
  reader.finish()
  if (shapeSize(outLoops) !== lanes) throw malformed(`its loops write ${shapeSize(outLoops)} lanes of ${lanes}`)
  const nest = { output, outLoops, operands }
  return { value: { laneBytes, lanes }, op: assemble() }

  function assemble(): ProgramOp {
    if (kind === 'map') return { kind, ...nest, epilogue, lanesPerStep }
    if (kind === 'lookup') return { kind, ...nest, axisStride, axisExtent, lanesPerStep }
    if (kind === 'move') return { kind, ...nest, padValue, lanesPerStep }
    const fold: Pick<FoldOp, 'reduction' | 'product'> = { reduction: REDUCTIONS[reduction - 1] as Reduction, product }
    return { kind, ...nest, foldLoops, ...fold, epilogue, run }
  }
}

function operandWords(operand: OperandMap): number[] {
  const affine = ({ offset, strides }: Affine) => [offset, ...strides]
  const check = (form: BoundCheck) => [form.extent, ...affine(form)]
  return [operand.value, operand.checks.length, ...affine(operand.address), ...operand.checks.flatMap(check)]
}

function readOperand(reader: WordReader, output: number, loopCount: number): OperandMap {
  const value = reader.next('operand value', 0, output - 1)
  const checkCount = reader.next('checkCount', 0, MAX_CHECKS)
  const address = readAffine(reader, loopCount)
  const checks = repeat(checkCount, () => {
    const extent = reader.next('check extent', 1, MAX_LANES)
    return { extent, ...readAffine(reader, loopCount) }
  })
  return { value, address, checks }
}

function readAffine(reader: WordReader, loopCount: number): Affine {
  const offset = reader.next('offset', -MAX_SAFE_LANE, MAX_SAFE_LANE)
  return { offset, strides: repeat(loopCount, () => reader.next('stride', -MAX_SAFE_LANE, MAX_SAFE_LANE)) }
}

function readLaneBytes(reader: WordReader): LaneBytes {
  const laneBytes = reader.next('laneBytes', 1, 8)
  if (laneBytes === 1 || laneBytes === 2 || laneBytes === 4 || laneBytes === 8) return laneBytes
  throw malformed(`laneBytes is ${laneBytes}`)
}

function readLanesPerStep(reader: WordReader, isFold: boolean, laneBytes: LaneBytes): number {
  const lanes = used(reader, !isFold, 'lanesPerStep', 1, Math.min(MAX_STEP_LANES, 256 / laneBytes))
  if ((lanes & (lanes - 1)) !== 0) throw malformed(`lanesPerStep is ${lanes}, not a power of two`)
  return lanes
}

function readOperandCount(reader: WordReader, kind: ProgramOp['kind'], product: boolean): number {
  if (kind === 'move') return reader.next('operandCount', 1, MAX_MOVE_OPERANDS)
  if (kind === 'lookup') return reader.next('operandCount', 2, 2)
  return reader.next('operandCount', product ? 2 : 1, MAX_NEST_OPERANDS)
}

function readLoops(reader: WordReader, count: number): number[] {
  return repeat(count, () => reader.next('loop extent', 2, MAX_LANES))
}

/** A word that is 0 where the op's kind has no use for it. */
function used(reader: WordReader, isUsed: boolean, name: string, lo: number, hi: number): number {
  return isUsed ? reader.next(name, lo, hi) : reader.next(name, 0, 0)
}

function repeat<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}

import type { Tensor, TensorData } from '../../node/exact/graph.ts'
import type { Model } from '../../node/exact/model.ts'
import { evaluateLane, foldTerms, loopIndices, runProgramAll, startFold } from '../../node/exact/program/interpret.ts'
import type { Affine, EpilogueOp, FoldOp, OperandMap, ProgramOp } from '../../node/exact/program/program.ts'
import { firstSteps, type Step, stepAt } from '../../node/exact/program/steps.ts'
import { decodeInputs } from '../../node/prover/canonical-inputs.ts'
import type { Lie } from '../../node/prover/falsified-trace.ts'

/** One step of a trace in numbers that people can check by hand. */
export interface ExplainedStep {
  readonly step: number
  readonly steps: number
  /** Index of the op in the Program, and what it does. */
  readonly op: number
  readonly kind: string
  readonly lane: number
  /** The terms that the step adds: what it multiplies, lane by lane. Empty where it adds none. */
  readonly terms: readonly (readonly number[])[]
  /** The sum so far, before the step and after it; undefined where the step sums nothing. */
  readonly before: number | undefined
  readonly after: number | undefined
  /** What the op does to the sum before it writes the lane. */
  readonly epilogue: readonly string[]
  /** What the op writes to the lane, once it is done. */
  readonly trueLane: number
  /** What the liar wrote there. */
  readonly falseLane: number | undefined
}

/** Explains step `t` of an inference. Cost: the whole Program by the plain interpreter. */
export function explainStep(
  model: Model,
  input: Uint8Array,
  t: number,
  lie: Lie | undefined,
): ExplainedStep | undefined {
  const { program, manifest } = model
  const step = stepAt(program, firstSteps(program), t)
  if (step.kind === 'finish') return undefined
  const op = program.ops[step.op] as ProgramOp
  const values = runProgramAll(program, decodeInputs(manifest.inputs, input) as Tensor[])
  const lane = step.kind === 'run' ? step.lane : step.firstLane
  const truth = evaluateLane(op, values, lane)
  const isLie = lie !== undefined && lie.op === step.op && lie.lane === lane
  return {
    step: t,
    steps: manifest.counters.steps,
    op: step.op,
    kind: kindOf(op),
    lane,
    ...sumOf(op, step, values),
    epilogue: op.kind === 'fold' || op.kind === 'map' ? op.epilogue.map(epilogueText) : [],
    trueLane: truth,
    falseLane: isLie ? falseLane(model, lie, truth) : undefined,
  }
}

/** The op that writes what people see of a trace: the last sum of products, which every output follows from. */
export function lieInLastProduct({ program }: Model): Lie {
  const op = program.ops.findLastIndex((candidate) => candidate.kind === 'fold' && candidate.product)
  return { op: Math.max(op, 0), lane: 0 }
}

/** The falsified trace is off by one, downwards where the lane is at its upper bound. */
function falseLane({ checked, sources }: Model, lie: Lie, truth: number): number {
  const value = sources[lie.op]?.value
  const hi = value === undefined ? undefined : checked.values[value]?.hi
  return truth === hi ? truth - 1 : truth + 1
}

function epilogueText(op: EpilogueOp): string {
  if ('operand' in op) return op.fn.replace('-', ' ')
  if ('value' in op) return `${op.fn} ${op.value}`
  if (op.fn === 'isqrt') return 'square root'
  return 'bits' in op ? `${op.fn} ${op.bits}` : `clip to [${op.lo}, ${op.hi}]`
}

function kindOf(op: ProgramOp): string {
  if (op.kind !== 'fold') return op.kind
  return op.product ? `${op.reduction} of products` : op.reduction
}

function sumOf(
  op: ProgramOp,
  step: Step,
  values: readonly TensorData[],
): Pick<ExplainedStep, 'terms' | 'before' | 'after'> {
  if (op.kind !== 'fold' || step.kind !== 'run') return { terms: [], before: undefined, after: undefined }
  const out = loopIndices(op.outLoops, step.lane)
  const before = foldTerms(op, out, values, 0, step.firstTerm, startFold(op))
  const after = foldTerms(op, out, values, step.firstTerm, step.endTerm, before)
  const terms = Array.from({ length: step.endTerm - step.firstTerm }, (_, i) =>
    factorsOf(op, [...out, ...loopIndices(op.foldLoops, step.firstTerm + i)], values),
  )
  return { terms, before: step.firstTerm === 0 ? 0 : before.value, after: after.value }
}

/** What one term multiplies; nothing where an operand is out of range, so that the term is skipped. */
function factorsOf(op: FoldOp, index: readonly number[], values: readonly TensorData[]): number[] {
  const factors = op.operands.slice(0, op.product ? 2 : 1).map((map) => laneAt(map, index, values))
  return factors.every((factor) => factor !== undefined) ? factors : []
}

function laneAt(map: OperandMap, index: readonly number[], values: readonly TensorData[]): number | undefined {
  const inRange = map.checks.every((check) => {
    const at = evaluate(check, index)
    return at >= 0 && at < check.extent
  })
  return inRange ? values[map.value]?.[evaluate(map.address, index)] : undefined
}

function evaluate({ offset, strides }: Affine, index: readonly number[]): number {
  return strides.reduce((sum, stride, i) => sum + stride * (index[i] ?? 0), offset)
}

import type { CheckedGraph, Op, Tensor } from '../exact/graph.ts'
import { type Operands, ruleOf } from '../exact/ops.ts'
import { runReference } from '../exact/reference.ts'
import { shapeSize } from '../exact/tensor-data.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { TensorRunner } from './ort-session.ts'
import { INPUT_PATTERNS, patternInputs } from './test-inputs.ts'

/** Lanes and folded terms that the reference may compute in one session's self-test: about a tenth of a second, as gas pays for. */
export const SELF_TEST_WORK = 2 ** 22

/** Outcome of comparing a runner with the reference. */
export interface SelfTestResult {
  readonly testedInputs: number
  /** The first difference, for people; absent when there was none. */
  readonly difference?: string
}

/**
 * Compares a runner with the reference on the model's real shapes, on as many of the {@link INPUT_PATTERNS} as
 * {@link SELF_TEST_WORK} allows; where that is none, with a runner by other kernels on one. Stops at the first differing lane.
 * @param openOther opens the other runner, which is closed again.
 * @throws UnavailableError as {@link compare}.
 */
export async function selfTest(
  checked: CheckedGraph,
  runner: TensorRunner,
  openOther: () => Promise<TensorRunner>,
): Promise<SelfTestResult> {
  const affordable = Math.floor(SELF_TEST_WORK / referenceWork(checked))
  if (affordable === 0) return compareKernels(checked, runner, openOther)
  const patterns = INPUT_PATTERNS.slice(0, affordable)
  for (const [index, pattern] of patterns.entries()) {
    const inputs = patternInputs(checked.graph.inputs, pattern)
    const difference = await compare(checked, runner, inputs)
    if (difference !== undefined) return { testedInputs: index + 1, difference: `${pattern} input: ${difference}` }
  }
  return { testedInputs: patterns.length }
}

async function compareKernels(
  checked: CheckedGraph,
  runner: TensorRunner,
  openOther: () => Promise<TensorRunner>,
): Promise<SelfTestResult> {
  const [pattern] = INPUT_PATTERNS
  const inputs = patternInputs(checked.graph.inputs, pattern)
  const difference = await compareTo(runner, inputs, async () => {
    const other = await openOther()
    return other.run(inputs).finally(() => other.close())
  })
  return difference === undefined
    ? { testedInputs: 1 }
    : { testedInputs: 1, difference: `${pattern} input, by other kernels: ${difference}` }
}

/**
 * Where a runner and the reference differ first on these inputs; a runner that throws differs.
 * @throws UnavailableError where the runner does: what cannot be asked now has not answered wrongly.
 */
export function compare(
  checked: CheckedGraph,
  runner: TensorRunner,
  inputs: readonly Tensor[],
): Promise<string | undefined> {
  return compareTo(runner, inputs, async () => runReference(checked, inputs))
}

async function compareTo(
  runner: TensorRunner,
  inputs: readonly Tensor[],
  runOther: () => Promise<readonly Tensor[]>,
): Promise<string | undefined> {
  try {
    return firstDifference(await runner.run(inputs), await runOther())
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    return `it does not run: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Where two lists of tensors differ first, or undefined when every lane is equal. */
export function firstDifference(got: readonly Tensor[], expected: readonly Tensor[]): string | undefined {
  for (const [index, { data }] of expected.entries()) {
    const lanes = got[index]?.data
    if (lanes?.length !== data.length) return `output ${index} has ${lanes?.length} lanes, not ${data.length}`
    const lane = data.findIndex((value, i) => lanes[i] !== value)
    if (lane >= 0) return `output ${index}, lane ${lane}: ${lanes[lane]}, not ${data[lane]}`
  }
  return undefined
}

/** Lanes and folded terms of one run of the reference. */
function referenceWork({ graph, values }: CheckedGraph): number {
  const firstOp = graph.inputs.length + graph.constants.length
  return graph.ops.reduce((work, op, index) => {
    const operands = op.inputs.map((id) => ({ ...values[id], constant: undefined })) as unknown as Operands<Op>
    const fanIn = ruleOf(op).fanIn?.(op, operands) ?? 1
    return work + fanIn * shapeSize(values[firstOp + index]?.shape ?? [])
  }, 1)
}

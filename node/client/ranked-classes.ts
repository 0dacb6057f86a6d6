import type { Lanes } from '../protocol/tensor-encoding.ts'
import type { TensorDescription } from './model-description.ts'
import { axisLayout, laneAt } from './tensor-lanes.ts'

/** One class that a model saw. */
export interface RankedClass {
  readonly index: number
  /** Its name; its index where the model names none. */
  readonly label: string
  /** What the model gave it: the real value of its lane. Absent where the model gave only the class. */
  readonly score?: number
  /** Of logits (by softmax, or sigmoid) and probabilities. A float for people: contracts decide by lanes. */
  readonly probability?: number
}

/**
 * The classes that an output names, one list a row; undefined where it names none.
 * Among equal lanes the lower index comes first, as ArgMax has it.
 * @param values the real values of the lanes
 * @param top most classes of a row
 */
export function rankedClasses(
  tensor: TensorDescription,
  lanes: Lanes,
  values: readonly number[],
  top: number,
): readonly (readonly RankedClass[])[] | undefined {
  const { kind, labels, shape, axis } = tensor
  const labelAt = (index: number) => labels?.[index] ?? String(index)
  if (kind === 'class')
    return tensor.columns ? undefined : Array.from(lanes, (index) => [{ index, label: labelAt(index) }])
  if (kind === 'value' || axis === undefined) return undefined
  const layout = axisLayout(shape, axis)
  return Array.from({ length: layout.rows }, (_, row) => {
    const at = (index: number) => laneAt(layout, row, index)
    const order = Array.from({ length: layout.extent }, (_, index) => index)
    order.sort((a, b) => (lanes[at(b)] as number) - (lanes[at(a)] as number) || a - b)
    const scores = order.map((index) => values[at(index)] as number)
    const probabilities = probabilitiesOf(kind, scores)
    return order.slice(0, top).map((index, rank) => ({
      index,
      label: labelAt(index),
      score: scores[rank] as number,
      ...(probabilities === undefined ? {} : { probability: probabilities[rank] as number }),
    }))
  })
}

/** @param scores in descending order */
function probabilitiesOf(kind: TensorDescription['kind'], scores: readonly number[]): readonly number[] | undefined {
  if (kind === 'probabilities') return scores
  if (kind !== 'logits') return undefined
  const [best = 0] = scores
  if (scores.length === 1) return [1 / (1 + Math.exp(-best))]
  const powers = scores.map((score) => Math.exp(score - best))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

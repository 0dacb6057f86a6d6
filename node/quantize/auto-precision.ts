import type { FloatNode } from './float-graph.ts'
import { decibels, type Noise } from './measure.ts'
import { PRECISIONS, type Precision } from './precision.ts'
import { refuse } from './quantise-error.ts'

/** Measures the whole model when the named nodes are precise and the others fast: roughly by few samples, or surely by many. */
export type Judge = (precise: ReadonlySet<string>, samples: 'few' | 'many') => Promise<Noise>

/** Told what the search is doing, for people. */
export type Tell = (line: string) => void

/** The precision of `auto`: `fast`, but for the named nodes (by their first result). Streams are the wider ones throughout. */
export function mixedPrecision(precise: ReadonlySet<string>): (node: FloatNode | undefined) => Precision {
  const { streamBits } = PRECISIONS.precise
  return (node) => ({ ...PRECISIONS[precise.has(node?.outputs[0] ?? '') ? 'precise' : 'fast'], streamBits })
}

/**
 * Chooses the nodes that must be precise so that the model keeps a signal-to-noise ratio: judges what each adds to the noise when it
 * alone is fast, then makes the noisiest precise until the target holds. Cost: one judgement a node, and a few more.
 * @throws QuantiseError `QuantiseTarget` when the target does not hold even with all of them precise.
 */
export async function choosePreciseNodes(
  candidates: readonly FloatNode[],
  targetDecibels: number,
  judge: Judge,
  tell: Tell,
): Promise<ReadonlySet<string>> {
  const names = candidates.map((node) => node.outputs[0] as string)
  const fast = await judge(new Set(), 'many')
  if (decibels(fast) >= targetDecibels) return new Set()
  const best = await judge(new Set(names), 'many')
  if (decibels(best) < targetDecibels) {
    const reached = decibels(best).toFixed(1)
    refuse(
      'QuantiseTarget',
      `${targetDecibels} dB cannot be reached: with every layer precise it is ${reached} dB; lower --target-db`,
    )
  }
  const base = await judge(new Set(names), 'few')
  const added: { readonly name: string; readonly noise: number }[] = []
  for (const [done, name] of names.entries()) {
    const { noise } = await judge(new Set(names.filter((other) => other !== name)), 'few')
    added.push({ name, noise: Math.max(0, noise - base.noise) })
    tell(`judging layers: ${done + 1} of ${names.length}`)
  }
  const order = added.sort((a, b) => b.noise - a.noise).map(({ name }) => name)
  return leastPrefix(order, targetDecibels, judge, tell)
}

/** The least number of the first nodes that suffices, by bisection: noise falls as more are precise. */
async function leastPrefix(
  order: readonly string[],
  target: number,
  judge: Judge,
  tell: Tell,
): Promise<ReadonlySet<string>> {
  let [short, enough] = [0, order.length]
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2)
    const reached = decibels(await judge(new Set(order.slice(0, middle)), 'many'))
    tell(`${middle} of ${order.length} layers precise: ${reached.toFixed(1)} dB`)
    if (reached >= target) enough = middle
    else short = middle
  }
  return new Set(order.slice(0, enough))
}

import type { FloatGraph, FloatTensor } from '../float-graph.ts'
import type { FloatFeed, FloatSession } from '../float-session.ts'
import type { Interval } from '../formats.ts'
import type { FloatInput } from '../read-float-model.ts'
import { createStatistics } from './statistics.ts'

/** One sample: a tensor for each input of the model, in order. */
export type Sample = readonly FloatTensor[]

/** Told after each sample how many are done. */
export type Progress = (done: number, total: number) => void

/** A sample as a session takes it. */
export function feedsOf(inputs: readonly FloatInput[], sample: Sample): FloatFeed[] {
  return inputs.map(({ name, dataType }, index) => ({ name, dataType, tensor: sample[index] as FloatTensor }))
}

/** Float values that a run has to give: all of the graph but constants, or those whose ranges they have. */
export function measuredValues(graph: FloatGraph): string[] {
  const measured = [...graph.values].flatMap(([name, { kind, rangeOf }]) => {
    return kind === 'float' && !graph.constants.has(name) ? [rangeOf ?? name] : []
  })
  return [...new Set(measured)]
}

/**
 * Runs every sample and returns the range of each float value, constants included.
 * @param session of the file with the graph's values declared as outputs.
 */
export async function calibrate(
  graph: FloatGraph,
  session: FloatSession,
  inputs: readonly FloatInput[],
  samples: readonly Sample[],
  progress: Progress,
): Promise<Map<string, Interval>> {
  const statistics = createStatistics()
  const values = measuredValues(graph)
  const computed = values.filter((name) => !graph.inputs.includes(name))
  for (const [name, tensor] of graph.constants) if (tensor.kind === 'float') statistics.observe(name, tensor)
  for (const [done, sample] of samples.entries()) {
    const results = await session.run(feedsOf(inputs, sample), computed)
    for (const [name, tensor] of results) statistics.observe(name, tensor)
    for (const [index, { name }] of inputs.entries()) statistics.observe(name, sample[index] as FloatTensor)
    progress(done + 1, samples.length)
  }
  const ranges = statistics.ranges()
  for (const [name, { rangeOf = name }] of graph.values) {
    const range = ranges.get(rangeOf)
    if (range !== undefined) ranges.set(name, range)
  }
  return ranges
}

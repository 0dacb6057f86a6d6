import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { graphOf, inputOf } from '../../test/support/small-graph.ts'
import { canonicalInputs, referenceValues } from '../../test/support/trace-models.ts'
import type { Op, Tensor, TensorData } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { buildModel } from '../exact/model.ts'
import { runProgramAll } from '../exact/program/interpret.ts'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import { decodeInputs } from './canonical-inputs.ts'
import { createNativeValues, type RunValues } from './stored-values.ts'
import { createTraceProvider } from './trace-provider.ts'

const LANES = 100

/** Eight values of 100 bytes, one after the other: each the one before, backwards. */
const CHAIN = buildModel(
  encodeGraph(
    graphOf({
      inputs: [inputOf([LANES], -100, 100)],
      ops: Array.from({ length: 8 }, (_, i): Op => {
        return { kind: 'slice', inputs: [i], starts: [LANES - 1], sizes: [LANES], steps: [-1] }
      }),
      outputs: [{ value: 8, laneBytes: 1 }],
    }),
  ),
)
const CHAIN_INPUT: readonly Tensor[] = [{ shape: [LANES], data: Int8Array.from({ length: LANES }, (_, i) => i - 50) }]

function chainValues(limitBytes: number, runValues?: RunValues) {
  const runs: number[] = []
  const counted = referenceValues(CHAIN, (values) => runs.push(values.length))
  return { runs, stored: createNativeValues(CHAIN, CHAIN_INPUT, runValues ?? counted, limitBytes) }
}

describe('native values as a Program stores them', () => {
  it('are those that the Program computes lane by lane', async () => {
    await fc.assert(
      fc.asyncProperty(graphCases(), fc.nat(3), async ({ graph, inputSets }, set) => {
        const model = buildModel(encodeGraph(graph))
        const bytes = canonicalInputs(model, inputSets[set % inputSets.length] as readonly Tensor[])
        const inputs = decodeInputs(model.manifest.inputs, bytes)
        const stored = createNativeValues(model, inputs, referenceValues(model), 2 ** 24)
        const ids = model.program.values.map((_, id) => id)
        expect(await stored.load(ids)).toEqual(runProgramAll(model.program, inputs))
      }),
      { numRuns: numRuns(100) },
    )
  })

  it('cost one inference in all where they fit', async () => {
    const { stored, runs } = chainValues(10_000)
    for (let id = 0; id <= 8; id++) await stored.load([id])
    await stored.load([8, 0, 3])
    expect(runs).toEqual([8])
  })

  it('cost an inference for each stretch that fits, and never more memory than that', async () => {
    const { stored, runs } = chainValues(250)
    for (let id = 1; id <= 8; id++) await stored.load([id])
    expect(runs).toEqual([2, 2, 2, 2])
    expect(Math.max(...runs) * LANES).toBeLessThanOrEqual(250)
  })

  it('are all there when more is asked for at once than fits', async () => {
    const { stored, runs } = chainValues(50)
    const found = await stored.load([1, 2, 3])
    expect(found.map((lanes) => lanes[0])).toEqual([49, -50, 49])
    expect(runs).toEqual([3])
  })
})

describe('a native engine that fails', () => {
  const failures: readonly (readonly [string, RunValues, string])[] = [
    ['throws', () => Promise.reject(new Error('out of memory')), 'NativeRunFailed'],
    ['refuses the input', () => Promise.reject(new InvalidError('InputOutOfRange', 'lane 3')), 'NativeRunFailed'],
    ['is unavailable', () => Promise.reject(new UnavailableError('WorkerCrashed', 'gone')), 'WorkerCrashed'],
    ['gives too few values', async () => [], 'NativeResultWrong'],
    ['gives too few lanes', engine(() => new Int8Array(1)), 'NativeResultWrong'],
    ['leaves the proven bounds', engine(() => new Int8Array(LANES).fill(101)), 'NativeResultWrong'],
    ['gives fractions', engine(() => new Float64Array(LANES).fill(0.5)), 'NativeResultWrong'],
    ['gives no numbers', engine(() => new Float64Array(LANES).fill(Number.NaN)), 'NativeResultWrong'],
  ]

  it.each(failures)('and %s is unavailable, which is no verdict', async (_, runValues, code) => {
    await expect(chainValues(1000, runValues).stored.load([1])).rejects.toMatchObject({ kind: 'Unavailable', code })
  })

  it('leaves a trace that answers once it works again', async () => {
    let works = false
    const native = referenceValues(CHAIN)
    const runValues: RunValues = (inputs, values) =>
      works ? native(inputs, values) : Promise.reject(new UnavailableError('WorkerCrashed', 'gone'))
    const inputs = canonicalInputs(CHAIN, CHAIN_INPUT)
    const provider = createTraceProvider({ model: CHAIN, inputs, runValues })
    await expect(provider.stateAt(9)).rejects.toMatchObject({ kind: 'Unavailable' })
    await expect(provider.witnessAt(9)).rejects.toMatchObject({ kind: 'Unavailable' })
    works = true
    const always = createTraceProvider({ model: CHAIN, inputs, runValues: native })
    expect(await provider.stateAt(9)).toEqual(await always.stateAt(9))
  })
})

function engine(lanes: () => TensorData): RunValues {
  return async (_, values) => values.map(lanes)
}

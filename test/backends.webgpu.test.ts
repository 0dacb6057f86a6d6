import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { checkGraph } from '../node/exact/check.ts'
import type { CheckedGraph, ExactGraph, OpKind, Tensor } from '../node/exact/graph.ts'
import { importOnnx } from '../node/exact/import/import-onnx.ts'
import { runReference } from '../node/exact/reference.ts'
import { type Backend, createBackend } from '../node/inference/backend.ts'
import { firstDifference } from '../node/inference/self-test.ts'
import { INPUT_PATTERNS, patternInputs } from '../node/inference/test-inputs.ts'
import type { Provider } from '../node/inference/worker-protocol.ts'
import { graphCases, numRuns } from './support/random-graph.ts'
import { GROW } from './support/random-ops.ts'
import { constantOf, graphOf, inputOf } from './support/small-graph.ts'
import { useSwiftShader } from './support/swiftshader.ts'

useSwiftShader()

/** Ways to run a model: a provider, on some threads. CUDA's kernels run on the CPU here. */
const RUNS: readonly {
  readonly provider: Exclude<Provider, 'reference' | 'oip' | 'cuda'>
  readonly threads: number
}[] = [
  { provider: 'cpu', threads: 1 },
  { provider: 'cpu', threads: 3 },
  { provider: 'cpu-float', threads: 2 },
  { provider: 'webgpu', threads: 1 },
]
const backends = new Map(
  RUNS.map(({ provider }) => {
    const settings = { provider, fallsBack: false, threads: 1, sessionCacheBytes: 0 }
    return [provider, createBackend(settings) as Backend]
  }),
)

/** Where any provider differs from the reference on these inputs. */
async function differences(checked: CheckedGraph, inputSets: readonly (readonly Tensor[])[]): Promise<string[]> {
  const expected = inputSets.map((inputs) => runReference(checked, inputs))
  const found: string[] = []
  for (const { provider, threads } of RUNS) {
    const { emit, open } = backends.get(provider) as Backend
    const runner = await open(emit(checked), threads)
    for (const [i, inputs] of inputSets.entries()) {
      const difference = firstDifference(await runner.run(inputs), expected[i] ?? [])
      if (difference !== undefined) found.push(`${provider} on ${threads} threads, inputs ${i}: ${difference}`)
    }
    await runner.close()
  }
  return found
}

const MODELS = new URL('../models/', import.meta.url)
const exactFiles = readdirSync(MODELS, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.exact.onnx'),
)

describe('every provider gives the reference’s lanes', () => {
  const covered = new Set<OpKind>()

  it.each(Object.keys(GROW) as OpKind[])('on graphs with %s', async (kind) => {
    await fc.assert(
      fc.asyncProperty(graphCases({ kinds: [kind], maxOps: 2 }), async ({ graph, checked, inputSets }) => {
        for (const op of graph.ops) covered.add(op.kind)
        expect(await differences(checked, inputSets)).toEqual([])
      }),
      { numRuns: numRuns(4) },
    )
  })

  afterAll(() => expect([...covered]).toEqual(expect.arrayContaining(Object.keys(GROW))))

  it.each([1, 2, 5, 16])('on a small network in batches of %i, whatever else is in the batch', async (batch) => {
    const checked = checkGraph(network(batch))
    const inputSets = INPUT_PATTERNS.map((pattern) => patternInputs(checked.graph.inputs, pattern))
    expect(await differences(checked, inputSets)).toEqual([])
    const alone = checkGraph(network(1))
    for (const [input] of inputSets) {
      const [together] = runReference(checked, [input as Tensor])
      const first = { shape: [1, 3, 12, 12], data: (input as Tensor).data.slice(0, 3 * 144) }
      expect(runReference(alone, [first])[0]?.data).toEqual(together?.data.slice(0, 10))
    }
  })

  it.each(exactFiles.sort())('on models/%s', async (path) => {
    const checked = checkGraph(importOnnx(readFileSync(new URL(path, MODELS))))
    const inputSets = (['random', 'alternating'] as const).map((pattern) =>
      patternInputs(checked.graph.inputs, pattern),
    )
    expect(await differences(checked, inputSets)).toEqual([])
  })
})

/** Images through a convolution, requantisation, pooling, a product of two activations and a dense layer. */
function network(batch: number): ExactGraph {
  const weights = (count: number, top: number) =>
    Array.from({ length: count }, (_, i) => ((i * 37) % (2 * top + 1)) - top)
  const window = { strides: [2, 2], dilations: [1, 1], pads: [1, 1, 1, 1] }
  return graphOf({
    inputs: [inputOf([batch, 3, 12, 12], 0, 255)],
    constants: [
      constantOf([8, 3, 3, 3], weights(216, 60)),
      constantOf([8, 1, 1], weights(8, 500)),
      constantOf([72, 10], weights(720, 63)),
    ],
    ops: [
      { kind: 'conv', inputs: [0, 1], groups: 1, ...window },
      { kind: 'add', inputs: [4, 2] },
      { kind: 'shift-right', inputs: [5], bits: 9, rounding: 'half-even' },
      { kind: 'clip', inputs: [6], lo: 0, hi: 127 },
      { kind: 'max-pool', inputs: [7], kernel: [3, 3], ...window },
      { kind: 'reshape', inputs: [8], shape: [batch, 8, 9] },
      { kind: 'transpose', inputs: [9], permutation: [0, 2, 1] },
      { kind: 'matmul', inputs: [9, 10] },
      { kind: 'shift-right', inputs: [11], bits: 8, rounding: 'floor' },
      { kind: 'matmul', inputs: [12, 9] },
      { kind: 'reshape', inputs: [13], shape: [batch, 72] },
      { kind: 'matmul', inputs: [14, 3] },
    ],
  })
}

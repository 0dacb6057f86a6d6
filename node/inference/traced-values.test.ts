import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { constantOf, graphOf, inputOf } from '../../test/support/small-graph.ts'
import { emitCpu } from '../exact/emit/emit-cpu.ts'
import type { Tensor } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { buildModel } from '../exact/model.ts'
import { withOutputs } from '../exact/observed-graph.ts'
import { runReferenceAll } from '../exact/reference.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { tracedValues } from '../prover/stored-values.ts'
import { createInference } from './inference-service.ts'
import { openOrtSession } from './ort-session.ts'

describe('the values that a trace is made of, from ONNX Runtime', () => {
  it('are those of the reference, on random graphs, all of them or a few', async () => {
    await fc.assert(
      fc.asyncProperty(graphCases(), fc.nat(3), fc.nat(99), async ({ graph, inputSets }, set, few) => {
        const model = buildModel(encodeGraph(graph))
        const inputs = inputSets[set % inputSets.length] as readonly Tensor[]
        const values = tracedValues(model)
        if (values.length === 0) return
        const expected = runReferenceAll(model.checked, inputs)
        const runner = await openOrtSession(emitCpu(withOutputs(model.checked, values)), 1)
        const lanesOf = (tensors: readonly Tensor[]) => tensors.map(({ data }) => Array.from(data))
        const all = await runner.run(inputs)
        expect(lanesOf(all)).toEqual(lanesOf(values.map((id) => expected[id] as Tensor)))
        const position = few % values.length
        const [one] = await runner.run(inputs, [position])
        expect(one?.data).toEqual(all[position]?.data)
        await runner.close()
      }),
      { numRuns: numRuns(60) },
    )
  })
})

describe('a value runner', () => {
  const graph = graphOf({
    inputs: [inputOf([4], -100, 100)],
    constants: [constantOf([4], [3, 3, 3, 3])],
    ops: [
      { kind: 'mul', inputs: [0, 1] },
      { kind: 'transpose', inputs: [2], permutation: [0] },
      { kind: 'add', inputs: [3, 2] },
    ],
    outputs: [{ value: 4, laneBytes: 2 }],
  })
  const graphBytes = encodeGraph(graph)
  const model = buildModel(graphBytes)
  const content = new MemoryContent()
  content.put(keccak256(graphBytes), graphBytes)
  const inference = createInference({ content })
  const inputs = [{ shape: [4], data: Int8Array.of(1, 2, 3, -100) }]

  afterAll(() => inference.close())

  it('yields values on the way to the outputs, in the order asked for, from the worker', async () => {
    const runValues = inference.valueRunner(model.manifest, tracedValues(model))
    const [sum, product] = await runValues(inputs, [4, 2])
    expect(Array.from(sum ?? [])).toEqual([6, 12, 18, -600])
    expect(Array.from(product ?? [])).toEqual([3, 6, 9, -300])
  })

  it('leaves plain inference of the same model alone', async () => {
    const output = await inference.infer(model.manifest, Uint8Array.of(1, 2, 3, 156))
    expect(output).toEqual(Uint8Array.of(0, 6, 0, 12, 0, 18, 0xfd, 0xa8))
  })

  it('is unavailable where the graph is not there', async () => {
    const other = createInference({ content: new MemoryContent() })
    const run = other.valueRunner(model.manifest, tracedValues(model))(inputs, [4])
    await expect(run).rejects.toMatchObject({ kind: 'Unavailable', code: 'ModelUnavailable' })
    await other.close()
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { layerCases } from '../../test/support/random-layers.ts'
import { requantisedGraphs } from '../../test/support/random-requantisation.ts'
import { checkGraph } from '../exact/check.ts'
import type { KernelSet } from '../exact/emit/emit-context.ts'
import { emitCpu } from '../exact/emit/emit-cpu.ts'
import { KERNEL_NAMES } from '../exact/emit/kernel-names.ts'
import type { CheckedGraph, ExactGraph, Tensor } from '../exact/graph.ts'
import { InvalidError } from '../protocol/errors.ts'
import { openOrtSession } from './ort-session.ts'
import { compare } from './self-test.ts'
import { startVectors } from './start-test.ts'
import { INPUT_PATTERNS, patternInputs } from './test-inputs.ts'

/** Where ONNX Runtime and the reference differ, on one thread and on two. */
async function differences(
  checked: CheckedGraph,
  inputSets: readonly (readonly Tensor[])[],
  kernelSet: KernelSet = 'fast',
): Promise<string[]> {
  const found: string[] = []
  for (const threads of [1, 2]) {
    const runner = await openOrtSession(emitCpu(checked, kernelSet), threads)
    for (const inputs of inputSets)
      found.push(...[await compare(checked, runner, inputs)].filter((one) => one !== undefined))
    await runner.close()
  }
  return found
}

function tryCheck(graph: ExactGraph): CheckedGraph | undefined {
  try {
    return checkGraph(graph)
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}

describe('the CPU provider gives the reference’s lanes', () => {
  it('on random graphs over every op', async () => {
    await fc.assert(
      fc.asyncProperty(graphCases(), async ({ checked, inputSets }) => {
        expect(await differences(checked, inputSets)).toEqual([])
      }),
      { numRuns: numRuns(250) },
    )
  })

  it.each([
    ['float', /^q|integer|uint8/],
    ['matmul', /^q|integer|uint8|^conv|^depthwise/],
  ] as const)(
    'by %s kernels alone, on random graphs and contractions with requantisation',
    async (kernelSet, others) => {
      const requantised = requantisedGraphs().map((graph) => {
        const inputSets = INPUT_PATTERNS.map((pattern) => patternInputs(graph.inputs, pattern))
        return { checked: tryCheck(graph), inputSets }
      })
      await fc.assert(
        fc.asyncProperty(fc.oneof(requantised, graphCases()), async ({ checked, inputSets }) => {
          fc.pre(checked !== undefined)
          const kernels = emitCpu(checked, kernelSet).kernels.map(({ kernel }) => kernel)
          expect(kernels.filter((kernel) => others.test(kernel))).toEqual([])
          expect(await differences(checked, inputSets, kernelSet)).toEqual([])
        }),
        { numRuns: numRuns(80) },
      )
    },
  )

  it('on random layers of quantised models', async () => {
    const chosen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(layerCases(), async ({ checked, inputSets }) => {
        for (const { kernel } of emitCpu(checked).kernels) chosen.add(kernel)
        expect(await differences(checked, inputSets)).toEqual([])
      }),
      { numRuns: numRuns(200) },
    )
    const fused = ['quantize-uint8', 'clip-uint8', 'offset-uint8', 'scaled-product-float32', 'gather-elements']
    expect([...chosen]).toEqual(expect.arrayContaining(fused))
  })

  it('on contractions with requantisation', async () => {
    const chosen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(requantisedGraphs(), async (graph) => {
        const checked = tryCheck(graph)
        fc.pre(checked !== undefined)
        for (const { kernel } of emitCpu(checked).kernels) chosen.add(kernel)
        const inputSets = INPUT_PATTERNS.map((pattern) => patternInputs(graph.inputs, pattern))
        expect(await differences(checked, inputSets)).toEqual([])
      }),
      { numRuns: numRuns(250) },
    )
    expect([...chosen]).toEqual(expect.arrayContaining(['qlinear-conv-u8s8', 'qgemm-u8s8']))
  })

  it.each(startVectors().map((vector) => [vector.kernel, vector.name, vector] as const))(
    '%s: %s',
    async (_, __, vector) => {
      const checked = checkGraph(vector.graph)
      expect(emitCpu(checked).kernels.map(({ kernel }) => kernel)).toContain(vector.kernel)
      expect(await differences(checked, [vector.inputs])).toEqual([])
    },
  )
})

it.each(['float', 'matmul'] as const)(
  '%s kernels give the reference’s lanes on every start-up vector',
  async (kernelSet) => {
    for (const { name, graph, inputs } of startVectors()) {
      expect([name, ...(await differences(checkGraph(graph), [inputs], kernelSet))]).toEqual([name])
    }
  },
)

it('holds every kernel of the closed list to a start-up vector', () => {
  const ofMatmul = startVectors().flatMap(({ graph }) => emitCpu(checkGraph(graph), 'matmul').kernels)
  const kernels = [...startVectors(), ...ofMatmul].map(({ kernel }) => kernel)
  expect(new Set(kernels)).toEqual(new Set(KERNEL_NAMES))
})

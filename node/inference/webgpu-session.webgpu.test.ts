import fc from 'fast-check'
import { InferenceSession } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { requantisedGraphs } from '../../test/support/random-requantisation.ts'
import { graphOf } from '../../test/support/small-graph.ts'
import { useSwiftShader } from '../../test/support/swiftshader.ts'
import { checkGraph } from '../exact/check.ts'
import { emitWebGpu } from '../exact/emit/emit-webgpu.ts'
import type { CheckedGraph, ExactGraph, Op, Tensor } from '../exact/graph.ts'
import { InvalidError } from '../protocol/errors.ts'
import { createEngine } from './engine.ts'
import { compare } from './self-test.ts'
import { INPUT_PATTERNS, patternInputs } from './test-inputs.ts'
import { createWebGpuOpener, webGpuOptions } from './webgpu-session.ts'

useSwiftShader()
const open = createWebGpuOpener()

async function differences(checked: CheckedGraph, inputSets: readonly (readonly Tensor[])[]): Promise<string[]> {
  const runner = await open(emitWebGpu(checked), 1)
  const found: (string | undefined)[] = []
  for (const inputs of inputSets) found.push(await compare(checked, runner, inputs))
  await runner.close()
  return found.filter((one) => one !== undefined)
}

function tryCheck(graph: ExactGraph): CheckedGraph | undefined {
  try {
    return checkGraph(graph)
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}

describe('the WebGPU provider gives the reference’s lanes', () => {
  it('on every start-up vector, as an engine tests it', async () => {
    const engine = createEngine({ provider: 'webgpu', fallsBack: false, threads: 1, sessionCacheBytes: 2 ** 20 })
    expect(await engine.start()).toEqual({ provider: 'webgpu', refusals: [] })
  })

  it('on random graphs over every op', async () => {
    await fc.assert(
      fc.asyncProperty(graphCases(), async ({ checked, inputSets }) => {
        expect(await differences(checked, inputSets)).toEqual([])
      }),
      { numRuns: numRuns(40) },
    )
  })

  it('on contractions with requantisation', async () => {
    await fc.assert(
      fc.asyncProperty(requantisedGraphs(), async (graph) => {
        const checked = tryCheck(graph)
        fc.pre(checked !== undefined)
        expect(
          await differences(
            checked,
            INPUT_PATTERNS.map((pattern) => patternInputs(graph.inputs, pattern)),
          ),
        ).toEqual([])
      }),
      { numRuns: numRuns(20) },
    )
  })
})

describe('the partition of an emitted model', () => {
  /** Whether ONNX Runtime can place every node on the GPU. */
  async function isAllGpu(graph: ExactGraph): Promise<boolean> {
    const emitted = emitWebGpu(checkGraph(graph))
    const created = InferenceSession.create(emitted.onnx, {
      executionProviders: [webGpuOptions(emitted)],
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
      extra: { session: { disable_cpu_ep_fallback: '1' } },
    })
    const session = await created.catch((error: Error) => error)
    if (session instanceof Error) {
      expect(session.message).toContain('fallback to CPU EP has been explicitly disabled')
      return false
    }
    await session.release()
    return true
  }

  /** An op on squares. */
  const graph = (op: Op): ExactGraph =>
    graphOf({
      inputs: [{ shape: [8], lo: -100, hi: 100, laneBytes: 4 }],
      ops: [{ kind: 'mul', inputs: [0, 0] }, op],
      outputs: [{ value: 2, laneBytes: 4 }],
    })

  it('runs on the GPU what is exact there, and nothing else', async () => {
    expect(await isAllGpu(graph({ kind: 'shift-right', inputs: [1], bits: 3, rounding: 'floor' }))).toBe(true)
    expect(await isAllGpu(graph({ kind: 'shift-right', inputs: [1], bits: 3, rounding: 'half-even' }))).toBe(false)
    expect(await isAllGpu(graph({ kind: 'add', inputs: [1, 0] }))).toBe(true)
  })
})

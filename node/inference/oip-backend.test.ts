import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { type OipFault, type OipServer, startOipServer } from '../../test/support/oip-server.ts'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { graphOf } from '../../test/support/small-graph.ts'
import type { ExactGraph } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { buildModel } from '../exact/model.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { createEngine, type Engine } from './engine.ts'
import { createInference } from './inference-service.ts'
import { createOipBackend } from './oip-backend.ts'
import { createOipClient } from './oip-client.ts'
import { compare } from './self-test.ts'
import type { EngineSettings, InferenceServer } from './worker-protocol.ts'

/** Squares of four lanes, and a scalar that is added to them. */
const GRAPH: ExactGraph = graphOf({
  inputs: [
    { shape: [4], lo: -9, hi: 9, laneBytes: 1 },
    { shape: [], lo: -1000, hi: 1000, laneBytes: 2 },
  ],
  ops: [
    { kind: 'mul', inputs: [0, 0] },
    { kind: 'add', inputs: [2, 1] },
    { kind: 'reduce-sum', inputs: [3], axes: [0], keepDims: false },
  ],
  outputs: [
    { value: 3, laneBytes: 4 },
    { value: 4, laneBytes: 2 },
  ],
})
const INPUTS = [Int8Array.of(1, -2, 3, 4), Int16Array.of(100)]
const OUTPUTS = [Int32Array.of(101, 104, 109, 116), Int16Array.of(430)]

/** More than a server on a busy machine takes. */
const TIMEOUT_MS = 60_000

function settingsOf(server: InferenceServer): EngineSettings {
  return { provider: 'oip', server, fallsBack: false, threads: 1, sessionCacheBytes: 2 ** 20 }
}

describe('a server that models are sent to', () => {
  let server: OipServer
  let engine: Engine

  beforeAll(async () => {
    server = await startOipServer()
    engine = createEngine(settingsOf({ endpoint: server.endpoint, timeoutMs: TIMEOUT_MS }))
  })
  afterEach(() => {
    server.fault = undefined
  })
  afterAll(() => server.close())

  it('passes the start-up self-test, and keeps none of its models', async () => {
    expect(await engine.start()).toEqual({ provider: 'oip', refusals: [] })
    expect(server.models).toEqual([])
  })

  it('runs a model for all outputs or some, unoptimised', async () => {
    const report = await engine.open('m', encodeGraph(GRAPH))
    expect(report).toMatchObject({ provider: 'oip', testedInputs: 5 })
    expect(await engine.run('m', INPUTS)).toEqual(OUTPUTS)
    expect(await engine.run('m', INPUTS, [1])).toEqual([OUTPUTS[1]])
    expect(server.configs.at(-1)?.optimization.graph.level).toBe(2)
  })

  it('is asked again while it is busy', async () => {
    server.fault = 'busy'
    expect(await engine.run('m', INPUTS)).toEqual(OUTPUTS)
  })

  it.each<[OipFault, RegExp]>([
    ['truncated', /ends in the middle of output out1/],
    ['oversized', /answers with more than \d+ bytes/],
    ['json-tensors', /are tensors sent as JSON/],
    ['other-shape', /output out0 is INT32 \[4,1\] in 16 bytes, not INT32 \[4\]/],
    ['failing', /answers 500: .*out of memory/],
  ])('leaves inference unavailable when it is %s', async (fault, message) => {
    server.fault = fault
    const run = engine.run('m', INPUTS)
    await expect(run).rejects.toMatchObject({ kind: 'Unavailable', code: 'InferenceFailed' })
    await expect(run).rejects.toThrow(message)
  })

  it('is not waited for longer than is stated', async () => {
    server.fault = 'silent'
    const [name = ''] = server.models
    const run = createOipClient(server.endpoint, 300).infer(name, { infos: [], tensors: [] }, [])
    await expect(run).rejects.toMatchObject({ kind: 'Unavailable', code: 'ServerTimeout' })
  })

  it('is refused for a model on one wrong bit, and at the start', async () => {
    server.fault = 'wrong-bit'
    await expect(engine.open('other', encodeGraph(GRAPH))).rejects.toMatchObject({ code: 'ModelRefused' })
    const another = createEngine(settingsOf({ endpoint: server.endpoint, timeoutMs: TIMEOUT_MS }))
    await expect(another.start()).rejects.toMatchObject({ code: 'ProviderRefused' })
  })

  it('is no verdict on a model while it fails', async () => {
    server.fault = 'failing'
    await expect(engine.open('other', encodeGraph(GRAPH))).rejects.toMatchObject({ code: 'ServerFailed' })
    server.fault = undefined
    expect(await engine.open('other', encodeGraph(GRAPH))).toMatchObject({ provider: 'oip' })
  })

  it('gives the reference’s lanes on random graphs over every op', async () => {
    const backend = createOipBackend({ endpoint: server.endpoint, timeoutMs: TIMEOUT_MS })
    await fc.assert(
      fc.asyncProperty(graphCases(), async ({ checked, inputSets }) => {
        const runner = await backend.open(backend.emit(checked), 1)
        for (const inputs of inputSets) expect(await compare(checked, runner, inputs)).toBeUndefined()
        await runner.close()
      }),
      { numRuns: numRuns(40) },
    )
  })

  it('serves a whole inference service, and is left empty by it', async () => {
    await engine.close()
    const bytes = encodeGraph(GRAPH)
    const content = new MemoryContent()
    content.put(keccak256(bytes), bytes)
    const inference = createInference({
      content,
      provider: 'oip',
      server: { endpoint: server.endpoint },
      timeoutMs: TIMEOUT_MS,
    })
    const input = Uint8Array.from([1, 254, 3, 4, 0, 100])
    const output = [0, 0, 0, 101, 0, 0, 0, 104, 0, 0, 0, 109, 0, 0, 0, 116, 1, 174]
    expect(await inference.infer(buildModel(bytes).manifest, input)).toEqual(Uint8Array.from(output))
    expect(server.models).toHaveLength(1)
    await inference.close()
    expect(server.models).toEqual([])
  })
})

describe('a server that reads models from a folder', () => {
  let folder: string
  let server: OipServer

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'assay-models-'))
    server = await startOipServer(folder)
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  it('is given models there, without float64 where it is OpenVINO', async () => {
    const engine = createEngine(settingsOf({ endpoint: server.endpoint, folder, timeoutMs: TIMEOUT_MS }))
    expect(await engine.start()).toEqual({ provider: 'oip', refusals: [] })
    await engine.open('m', encodeGraph(GRAPH))
    expect(await engine.run('m', INPUTS)).toEqual(OUTPUTS)
    const { model_config_list: list } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
    expect(list).toMatchObject([{ config: { plugin_config: { INFERENCE_PRECISION_HINT: 'f32' } } }])

    const input = { shape: [2], lo: -(2 ** 40), hi: 2 ** 40, laneBytes: 8 } as const
    const wide = graphOf({ inputs: [input], ops: [{ kind: 'add', inputs: [0, 0] }] })
    const refusal = { code: 'KernelMissing', message: expect.stringContaining('float64') }
    await expect(engine.open('wide', encodeGraph(wide))).rejects.toMatchObject(refusal)
    await engine.close()
    expect(readdirSync(folder)).toEqual(['config.json'])
  })
})

it('is unavailable where no server listens', async () => {
  const engine = createEngine(settingsOf({ endpoint: 'http://127.0.0.1:1', timeoutMs: TIMEOUT_MS }))
  await expect(engine.start()).rejects.toMatchObject({ kind: 'Unavailable', code: 'ServerUnreachable' })
})

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MemoryContent } from '../../test/support/memory-content.ts'
import type { ExactGraph, Tensor } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { buildModel } from '../exact/model.ts'
import { keccak256 } from '../protocol/keccak.ts'
import type { ModelManifest } from '../protocol/model-manifest.ts'
import { createInference, type InferenceService } from './inference-service.ts'

/** Two inputs of 2 and 8 bytes a lane; outputs their sum and the greater, in 8 and 4 bytes. */
const GRAPH: ExactGraph = {
  profile: 1,
  inputs: [
    { shape: [2], lo: -300, hi: 300, laneBytes: 2 },
    { shape: [2], lo: -(2 ** 40), hi: 2 ** 40, laneBytes: 8 },
  ],
  constants: [{ shape: [], data: Int8Array.of(9) }],
  ops: [
    { kind: 'add', inputs: [0, 1] },
    { kind: 'max', inputs: [0, 2] },
  ],
  outputs: [
    { value: 3, laneBytes: 8 },
    { value: 4, laneBytes: 4 },
  ],
}
/** Lanes 256, −1 and −1, 2^32. */
const INPUT = Uint8Array.from([1, 0, 255, 255, ...new Array(8).fill(255), 0, 0, 0, 1, 0, 0, 0, 0])
/** Lanes 255, 2^32 − 1 and 256, 9. */
const OUTPUT = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 1, 0, 0, 0, 0, 9])

/** 2^27 products: seconds of work for the reference. */
const SLOW: ExactGraph = {
  profile: 1,
  inputs: [{ shape: [512, 512], lo: -9, hi: 9, laneBytes: 1 }],
  constants: [],
  ops: [{ kind: 'matmul', inputs: [0, 0] }],
  outputs: [{ value: 1, laneBytes: 4 }],
}
const SLOW_INPUT: Tensor = { shape: [512, 512], data: new Int8Array(512 * 512).fill(3) }

function stored(graph: ExactGraph): { content: MemoryContent; manifest: ModelManifest } {
  const bytes = encodeGraph(graph)
  const content = new MemoryContent()
  content.put(keccak256(bytes), bytes)
  return { content, manifest: buildModel(bytes).manifest }
}

/** Runs {@link GRAPH} once more, to show that inference works. */
async function expectWorks(inference: InferenceService, manifest: ModelManifest): Promise<void> {
  expect(await inference.infer(manifest, INPUT)).toEqual(OUTPUT)
}

describe('inference on the CPU provider', () => {
  const { content, manifest } = stored(GRAPH)
  let inference: InferenceService

  beforeAll(() => {
    inference = createInference({ content, threads: 2 })
  })
  afterAll(() => inference.close())

  it('passes its start-up self-test', async () => {
    expect(await inference.start()).toEqual({ provider: 'cpu', refusals: [] })
  })

  it('turns canonical input bytes into canonical output bytes', async () => {
    await expectWorks(inference, manifest)
    await expectWorks(inference, manifest)
  })

  it('reports how a model is run', async () => {
    const report = await inference.prepare(manifest)
    expect(report).toMatchObject({ provider: 'cpu', testedInputs: 5 })
    expect(report.kernels.map(({ kernel }) => kernel)).toEqual(['add-float64', 'max-float64'])
  })

  it('runs a checked graph on tensors', async () => {
    const inputs = [
      { shape: [2], data: Int16Array.of(256, -1) },
      { shape: [2], data: Float64Array.of(-1, 2 ** 32) },
    ]
    const outputs = await inference.runTensors(buildModel(encodeGraph(GRAPH)), inputs)
    expect(outputs).toEqual([
      { shape: [2], data: Float64Array.of(255, 2 ** 32 - 1) },
      { shape: [2], data: Int32Array.of(256, 9) },
    ])
  })

  it('refuses input of another length or out of range', async () => {
    await expect(inference.infer(manifest, INPUT.subarray(1))).rejects.toMatchObject({ code: 'InputLength' })
    const outside = Uint8Array.from(INPUT)
    outside[0] = 2
    await expect(inference.infer(manifest, outside)).rejects.toMatchObject({ kind: 'Invalid', code: 'InputOutOfRange' })
  })

  it('is unavailable, not wrong, where the content store lacks the graph', async () => {
    const other = createInference({ content: new MemoryContent() })
    await expect(other.infer(manifest, INPUT)).rejects.toMatchObject({ kind: 'Unavailable', code: 'ModelUnavailable' })
    await other.close()
  })
})

describe('inference that fails', () => {
  const { content, manifest } = stored(GRAPH)
  const slow = buildModel(encodeGraph(SLOW))
  let inference: InferenceService

  afterEach(() => inference.close())

  /** Sends a signal to the first worker. */
  const signal = (name: NodeJS.Signals) => process.kill(inference.workerPids[0] as number, name)

  it('gives up on a worker that hangs, and works again', async () => {
    inference = createInference({ content, provider: 'reference', timeoutMs: 3_000 })
    await inference.start()
    const before = inference.workerPids
    signal('SIGSTOP')
    const run = inference.infer(manifest, INPUT)
    await expect(run).rejects.toMatchObject({ kind: 'Unavailable', code: 'InferenceTimeout' })
    expect(inference.workerPids).toEqual([])
    await expectWorks(inference, manifest)
    expect(inference.workerPids).not.toEqual(before)
  })

  it('answers all the same when its worker crashes once', async () => {
    inference = createInference({ content, provider: 'reference' })
    await inference.start()
    signal('SIGSTOP')
    const run = inference.infer(manifest, INPUT)
    signal('SIGKILL')
    expect(await run).toEqual(OUTPUT)
  })

  it('leaves the event loop free while a model runs', async () => {
    inference = createInference({ content, provider: 'reference' })
    await inference.start()
    let ticks = 0
    const ticking = setInterval(() => ticks++, 10)
    const run = inference.runTensors(slow, [SLOW_INPUT])
    setTimeout(() => void inference.close(), 500)
    await run.catch(() => {})
    clearInterval(ticking)
    expect(ticks).toBeGreaterThan(5)
  })

  it('answers by another worker while one is busy', async () => {
    inference = createInference({ content, provider: 'reference', workers: 2 })
    await inference.start()
    signal('SIGSTOP')
    const held = inference.runTensors(slow, [SLOW_INPUT])
    await expectWorks(inference, manifest)
    expect(inference.workerPids).toHaveLength(2)
    const closed = expect(held).rejects.toMatchObject({ code: 'WorkerClosed' })
    await inference.close()
    await closed
  })

  it('ends calls under way and later ones when closed', async () => {
    inference = createInference({ content, provider: 'reference' })
    await inference.start()
    const run = inference.runTensors(slow, [SLOW_INPUT])
    const waiting = inference.infer(manifest, INPUT)
    setTimeout(() => void inference.close(), 100)
    await expect(run).rejects.toMatchObject({ kind: 'Unavailable', code: 'WorkerClosed' })
    await expect(waiting).rejects.toMatchObject({ code: 'WorkerClosed' })
    await expect(inference.infer(manifest, INPUT)).rejects.toMatchObject({ code: 'WorkerClosed' })
  })
})

it('computes by a provider that is asked for by name, or says that it is not there', async () => {
  const { content, manifest } = stored(GRAPH)
  const inference = createInference({ content, provider: 'cuda' })
  const missing = { kind: 'Unavailable', code: 'ProviderMissing', message: expect.stringContaining('install.js') }
  const outcome = await inference.infer(manifest, INPUT).catch((error: unknown) => error)
  expect([OUTPUT, expect.objectContaining(missing)]).toContainEqual(outcome)
  await inference.close()
})

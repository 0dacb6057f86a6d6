import { describe, expect, it } from 'vitest'
import type { ExactGraph, TensorData } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { type Backend, createBackend } from './backend.ts'
import { createEngine, type Engine } from './engine.ts'
import { type OpenSession, openOrtSession } from './ort-session.ts'
import type { EngineSettings } from './worker-protocol.ts'

const CPU: EngineSettings = { provider: 'cpu', fallsBack: true, threads: 1, sessionCacheBytes: 2 ** 20 }
const STRICT: EngineSettings = { ...CPU, fallsBack: false }

/** out = (in · 3) over 4 lanes of [−9, 9]. */
const TRIPLE: ExactGraph = {
  profile: 1,
  inputs: [{ shape: [4], lo: -9, hi: 9, laneBytes: 1 }],
  constants: [{ shape: [], data: Int8Array.of(3) }],
  ops: [{ kind: 'mul', inputs: [0, 1] }],
  outputs: [{ value: 2, laneBytes: 4 }],
}
const LANES = Int8Array.of(-9, 0, 1, 9)
const TRIPLED = Int32Array.of(-27, 0, 3, 27)

/** ONNX Runtime with the lowest bit of one lane flipped in the results of models that `isFaulty` picks. */
function faulty(isFaulty: (onnxBytes: number) => boolean): OpenSession {
  return async (emitted, threads) => {
    const runner = await openOrtSession(emitted, threads)
    if (!isFaulty(emitted.onnx.length)) return runner
    return {
      close: runner.close,
      async run(inputs) {
        const outputs = await runner.run(inputs)
        const data = outputs[0]?.data as TensorData
        data[data.length - 1] = (data[data.length - 1] ?? 0) + 1
        return outputs
      },
    }
  }
}

function cpuWith(open: OpenSession): Backend {
  return { ...(createBackend(CPU) as Backend), open }
}

async function startedEngine(open: OpenSession = openOrtSession, settings = CPU): Promise<Engine> {
  const engine = createEngine(settings, cpuWith(open))
  await engine.start()
  return engine
}

describe('createEngine', () => {
  it('passes its start-up self-test, then loads, tests and runs a model', async () => {
    const engine = createEngine({ ...CPU, threads: 2 })
    expect(await engine.start()).toEqual({ provider: 'cpu', refusals: [] })
    const report = await engine.open('triple', encodeGraph(TRIPLE))
    expect(report).toMatchObject({ provider: 'cpu', testedInputs: 5, kernels: [{ op: 0, kernel: 'mul-float32' }] })
    expect(await engine.run('triple', [LANES])).toEqual([TRIPLED])
  })

  it('does not test again what it is told was tested', async () => {
    const engine = await startedEngine()
    const report = await engine.open('triple', encodeGraph(TRIPLE), { isTested: true })
    expect(report).toMatchObject({ provider: 'cpu', testedInputs: 0 })
    expect(await engine.run('triple', [LANES])).toEqual([TRIPLED])
  })

  it('computes by float kernels where it is told to', async () => {
    const engine = createEngine({ ...CPU, provider: 'cpu-float' })
    expect(await engine.start()).toEqual({ provider: 'cpu-float', refusals: [] })
    expect(await engine.open('triple', encodeGraph(TRIPLE))).toMatchObject({ provider: 'cpu-float' })
    expect(await engine.run('triple', [LANES])).toEqual([TRIPLED])
  })

  it('refuses the provider for all models when one bit of one vector differs', async () => {
    let sessions = 0
    const engine = createEngine(CPU, cpuWith(faulty(() => sessions++ === 7)))
    const { provider, refusals } = await engine.start()
    expect(provider).toBe('reference')
    expect(refusals).toHaveLength(1)
    expect((await engine.open('triple', encodeGraph(TRIPLE))).provider).toBe('reference')
    expect(await engine.run('triple', [LANES])).toEqual([Int8Array.from(TRIPLED)])
  })

  it('is unavailable, naming the vector, when the provider is refused and the reference may not stand in', async () => {
    let sessions = 0
    const engine = createEngine(STRICT, cpuWith(faulty(() => sessions++ === 7)))
    const message = /cpu provider is refused by its self-test: .+ \(.+, 1 threads\): output 0, lane \d+: .+, not .+/
    await expect(engine.start()).rejects.toMatchObject({
      kind: 'Unavailable',
      code: 'ProviderRefused',
      message: expect.stringMatching(message),
    })
  })

  it('is unavailable for one model when the provider differs there and the reference may not stand in', async () => {
    let started = false
    const engine = await startedEngine(
      faulty(() => started),
      STRICT,
    )
    started = true
    const opened = engine.open('triple', encodeGraph(TRIPLE))
    await expect(opened).rejects.toMatchObject({
      code: 'ModelRefused',
      message: expect.stringContaining('lane 3: 28, not 27'),
    })
  })

  it('tells a provider that is not there from one that is wrong', async () => {
    const missing: OpenSession = async () => {
      throw new UnavailableError('ProviderMissing', 'no such device')
    }
    await expect(createEngine(STRICT, cpuWith(missing)).start()).rejects.toMatchObject({ code: 'ProviderMissing' })
    const report = await createEngine(CPU, cpuWith(missing)).start()
    expect(report).toEqual({ provider: 'reference', refusals: ['no such device'] })
  })

  it('refuses the provider for one model when it differs there, and computes that one by the reference', async () => {
    let started = false
    const engine = await startedEngine(faulty(() => started))
    started = true
    const report = await engine.open('triple', encodeGraph(TRIPLE))
    expect(report).toMatchObject({
      provider: 'reference',
      kernels: [],
      refusal: 'random input: output 0, lane 3: 28, not 27',
    })
    expect(await engine.run('triple', [LANES])).toEqual([Int8Array.from(TRIPLED)])
  })

  it('computes by the reference what does not load', async () => {
    let started = false
    const engine = await startedEngine(async (emitted, threads) => {
      if (started) throw new Error('no kernel')
      return openOrtSession(emitted, threads)
    })
    started = true
    const report = await engine.open('triple', encodeGraph(TRIPLE))
    expect(report).toMatchObject({ provider: 'reference', refusal: 'the emitted model does not load: no kernel' })
  })

  it('refuses inputs of the wrong count, length or range', async () => {
    const engine = await startedEngine()
    await engine.open('triple', encodeGraph(TRIPLE))
    await expect(engine.run('triple', [])).rejects.toMatchObject({ code: 'InputCount' })
    await expect(engine.run('triple', [Int8Array.of(1)])).rejects.toMatchObject({ code: 'InputLength' })
    await expect(engine.run('triple', [Int8Array.of(1, 2, 3, 10)])).rejects.toMatchObject({ code: 'InputOutOfRange' })
    const fraction = Float64Array.of(1, 2, 3, 0.5)
    await expect(engine.run('triple', [fraction])).rejects.toMatchObject({ kind: 'Invalid', code: 'InputOutOfRange' })
  })

  it('closes the least recently used session beyond the session cache', async () => {
    const engine = await startedEngine(openOrtSession, { ...CPU, sessionCacheBytes: 1 })
    await engine.open('a', encodeGraph(TRIPLE))
    await engine.open('b', encodeGraph(TRIPLE))
    await expect(engine.run('a', [LANES])).rejects.toMatchObject({ kind: 'Unavailable', code: 'SessionMissing' })
    expect(await engine.run('b', [LANES])).toEqual([TRIPLED])
  })

  it('refuses bytes that are not a valid graph', async () => {
    const engine = await startedEngine()
    await expect(engine.open('x', Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ kind: 'Invalid' })
  })
})

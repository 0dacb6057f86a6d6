import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeGraph } from '../exact/graph-codec.ts'
import type { CallLimits } from './call-limits.ts'
import { createWorkerClient, type WorkerClient } from './worker-client.ts'
import type { EngineSettings, StartReport } from './worker-protocol.ts'

const AMPLE: CallLimits = { timeoutMs: 60_000, memoryBytes: 2 ** 40 }
const REFERENCE: EngineSettings = { provider: 'reference', fallsBack: false, threads: 1, sessionCacheBytes: 2 ** 20 }
/** 2^27 products: seconds of work for the reference. */
const SLOW = encodeGraph({
  profile: 1,
  inputs: [{ shape: [512, 512], lo: -9, hi: 9, laneBytes: 1 }],
  constants: [],
  ops: [{ kind: 'matmul', inputs: [0, 0] }],
  outputs: [{ value: 1, laneBytes: 4 }],
})

describe('a worker client', () => {
  const reports: StartReport[] = []
  let client: WorkerClient

  afterEach(() => client.close())

  function create(engine: EngineSettings, startLimits: CallLimits): WorkerClient {
    client = createWorkerClient({ engine, startLimits, onStart: (report) => reports.push(report), onCrash: () => {} })
    return client
  }

  it('stops a worker that holds more memory than it may', async () => {
    create(REFERENCE, AMPLE)
    await client.call('open', { key: 'slow', graph: SLOW }, AMPLE)
    const run = client.call(
      'run',
      { key: 'slow', inputs: [new Int8Array(512 * 512)] },
      { ...AMPLE, memoryBytes: 2 ** 20 },
    )
    await expect(run).rejects.toMatchObject({ kind: 'Unavailable', code: 'InferenceMemory' })
    expect(client.pid).toBeUndefined()
  })

  it('refuses a provider whose self-test stops the worker', async () => {
    create({ ...REFERENCE, provider: 'cpu' }, { ...AMPLE, timeoutMs: 1 })
    await expect(client.start()).rejects.toMatchObject({ code: 'ProviderRefused' })
  })

  it('falls back to the reference where the self-test stops the worker and it may', async () => {
    create({ ...REFERENCE, provider: 'cpu', fallsBack: true }, AMPLE)
    const started = client.start()
    await vi.waitUntil(() => client.pid !== undefined)
    process.kill(client.pid as number, 'SIGKILL')
    const refusal = expect.stringContaining('its self-test stopped the worker')
    expect(await started).toEqual({ provider: 'reference', refusals: [refusal] })
  })

  it('counts the calls that wait', async () => {
    create(REFERENCE, AMPLE)
    const calls = [client.start(), client.start()]
    expect(client.waiting).toBe(2)
    await Promise.all(calls)
    expect(client.waiting).toBe(0)
  })
})

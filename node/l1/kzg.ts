import { Worker } from 'node:worker_threads'
import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { KzgResponse, KzgResult, KzgTask } from './kzg-worker.ts'

/** KZG over blobs of 131,072 bytes, off the main thread. Rejects with UnavailableError `KzgFailed` when the thread fails. */
export interface Kzg {
  /** The versioned hash that commits to a blob. Cost: 40 ms for a small payload, over a second for a full blob. */
  versionedHash(blob: Uint8Array): Promise<Hex>
  /** Commitment and one blob proof (EIP-4844). Cost: one to three seconds. */
  blobProof(blob: Uint8Array): Promise<KzgResult>
  /** Commitment and 128 cell proofs (EIP-7594). Cost: three seconds, and some 15 more at first use. */
  cellProofs(blob: Uint8Array): Promise<KzgResult>
  close(): Promise<void>
}

interface Pending {
  resolve(result: KzgResult): void
  reject(error: Error): void
}

/** Creates the service; its thread starts at first use, works on one blob at a time and is started again when it fails. */
export function createKzg(): Kzg {
  const pending = new Map<number, Pending>()
  let worker: Worker | undefined
  let lastId = 0

  const fail = (cause: unknown) => {
    worker = undefined
    for (const { reject } of pending.values())
      reject(new UnavailableError('KzgFailed', 'the KZG thread failed', { cause }))
    pending.clear()
  }
  const start = () => {
    const started = new Worker(new URL('./kzg-worker-main.mjs', import.meta.url))
    started.on('error', fail)
    started.on('message', (response: KzgResponse) => {
      const task = pending.get(response.id)
      pending.delete(response.id)
      if (pending.size === 0) started.unref()
      if ('result' in response) task?.resolve(response.result)
      else task?.reject(new UnavailableError('KzgFailed', `KZG: ${response.failure}`))
    })
    return started
  }
  const run = (task: KzgTask, blob: Uint8Array) =>
    new Promise<KzgResult>((resolve, reject) => {
      worker ??= start()
      const id = ++lastId
      pending.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, task, blob })
    })
  return {
    versionedHash: async (blob) => (await run('versioned-hash', blob)).versionedHash,
    blobProof: (blob) => run('blob-proof', blob),
    cellProofs: (blob) => run('cell-proofs', blob),
    close: async () => {
      const closing = worker
      fail(new Error('closed'))
      await closing?.terminate()
    },
  }
}

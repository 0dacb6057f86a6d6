import { Worker } from 'node:worker_threads'
import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { KzgResponse, KzgResult, KzgTask } from './kzg-worker.ts'

/** KZG over blobs of 131,072 bytes, off the main thread. Rejects with UnavailableError `KzgFailed` when the thread fails. */
export interface Kzg {
  /** The versioned hash that commits to a blob (EIP-4844). Cost: some 70 ms. */
  versionedHash(blob: Uint8Array): Promise<Hex>
  /** Commitment and one blob proof (EIP-4844). Cost: some 140 ms. */
  blobProof(blob: Uint8Array): Promise<KzgResult>
  /** Commitment and 128 cell proofs (EIP-7594). Cost: some 400 ms. */
  cellProofs(blob: Uint8Array): Promise<KzgResult>
  close(): Promise<void>
}

interface Pending {
  resolve(result: KzgResult): void
  reject(error: Error): void
}

/**
 * Creates the service, one for a process. Its thread starts at once, since loading the trusted setup takes it some seconds,
 * and is started again when it fails.
 */
export function createKzg(): Kzg {
  const pending = new Map<number, Pending>()
  let lastId = 0
  let isClosed = false

  const fail = (cause: unknown) => {
    worker = undefined
    const failure = new UnavailableError('KzgFailed', 'the KZG thread ended', { cause })
    for (const { reject } of pending.values()) reject(failure)
    pending.clear()
  }
  const start = () => {
    const started = new Worker(new URL('./kzg-worker-main.mjs', import.meta.url))
    started.unref()
    started.on('error', fail)
    started.on('exit', fail)
    started.on('message', (response: KzgResponse) => {
      const task = pending.get(response.id)
      pending.delete(response.id)
      if (pending.size === 0) started.unref()
      if ('result' in response) task?.resolve(response.result)
      else task?.reject(new UnavailableError('KzgFailed', `KZG: ${response.failure}`))
    })
    return started
  }
  let worker: Worker | undefined = start()

  const run = (task: KzgTask, blob: Uint8Array) =>
    new Promise<KzgResult>((resolve, reject) => {
      if (isClosed) throw new UnavailableError('KzgFailed', 'the KZG service is closed')
      worker ??= start()
      const id = ++lastId
      pending.set(id, { resolve, reject })
      // Only a task under way keeps the process alive.
      worker.ref()
      worker.postMessage({ id, task, blob })
    })
  return {
    versionedHash: async (blob) => (await run('versioned-hash', blob)).versionedHash,
    blobProof: (blob) => run('blob-proof', blob),
    cellProofs: (blob) => run('cell-proofs', blob),
    close: async () => {
      isClosed = true
      await worker?.terminate()
    },
  }
}

import { parentPort } from 'node:worker_threads'
import { loadKZG } from 'kzg-wasm'
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'
import { createKzgCommitter, versionedHash } from './kzg-commitment.ts'

/** What the worker can compute for a blob. */
export type KzgTask = 'versioned-hash' | 'blob-proof' | 'cell-proofs'

/** One task for the worker. */
export interface KzgRequest {
  readonly id: number
  readonly task: KzgTask
  readonly blob: Uint8Array
}

/** The commitment's versioned hash, the commitment and, as asked for, one blob proof or 128 cell proofs. */
export interface KzgResult {
  readonly versionedHash: `0x${string}`
  readonly commitment: Uint8Array
  readonly proofs: readonly Uint8Array[]
}

/** The worker's answer to one request. */
export type KzgResponse =
  | { readonly id: number; readonly result: KzgResult }
  | { readonly id: number; readonly failure: string }

/** Serves requests in the thread that this is called in. Cell proofs load kzg-wasm at first use, which takes many seconds. */
export function serveKzg(): void {
  const port = parentPort
  if (port === null) throw new BugError('the KZG worker runs in a worker thread only')
  const compute = createCompute()
  port.on('message', ({ id, task, blob }: KzgRequest) => {
    compute(task, blob).then(
      (result) => port.postMessage({ id, result } satisfies KzgResponse),
      (error) => port.postMessage({ id, failure: String(error) } satisfies KzgResponse),
    )
  })
}

function createCompute(): (task: KzgTask, blob: Uint8Array) => Promise<KzgResult> {
  const committer = createKzgCommitter()
  let wasm: ReturnType<typeof loadKZG> | undefined
  return async (task, blob) => {
    if (task === 'blob-proof') {
      const { commitment, proof } = committer.prove(blob)
      return { versionedHash: versionedHash(commitment), commitment, proofs: [proof] }
    }
    const commitment = committer.commit(blob)
    if (task === 'versioned-hash') return { versionedHash: versionedHash(commitment), commitment, proofs: [] }
    wasm ??= loadKZG()
    const { proofs } = (await wasm).computeCellsAndKZGProofs(bytesToHex(blob))
    return { versionedHash: versionedHash(commitment), commitment, proofs: proofs.map(hexToBytes) }
  }
}

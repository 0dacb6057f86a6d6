import { parentPort } from 'node:worker_threads'
import { DasContextJs } from '@crate-crypto/node-eth-kzg'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { BugError } from '../protocol/errors.ts'

/** What the worker can compute for a blob. */
export type KzgTask = 'versioned-hash' | 'blob-proof' | 'cell-proofs'

/** One task for the worker. */
export interface KzgRequest {
  readonly id: number
  readonly task: KzgTask
  readonly blob: Uint8Array
}

/** The commitment's versioned hash, the commitment and, as asked for, one blob proof or 128 cell proofs; 48 bytes each. */
export interface KzgResult {
  readonly versionedHash: Hex
  readonly commitment: Uint8Array
  readonly proofs: readonly Uint8Array[]
}

/** The worker's answer to one request. */
export type KzgResponse =
  | { readonly id: number; readonly result: KzgResult }
  | { readonly id: number; readonly failure: string }

/** Serves requests in the thread that this is called in. Loading the trusted setup takes some seconds first. */
export function serveKzg(): void {
  const port = parentPort
  if (port === null) throw new BugError('the KZG worker runs in a worker thread only')
  const context = DasContextJs.create({ usePrecomp: false })
  port.on('message', ({ id, task, blob }: KzgRequest) => {
    compute(context, task, blob).then(
      (result) => port.postMessage({ id, result } satisfies KzgResponse),
      (error) => port.postMessage({ id, failure: String(error) } satisfies KzgResponse),
    )
  })
}

async function compute(context: DasContextJs, task: KzgTask, blob: Uint8Array): Promise<KzgResult> {
  const commitment = await context.asyncBlobToKzgCommitment(blob)
  const proofs = await prove(context, task, blob, commitment)
  return { versionedHash: versionedHash(commitment), commitment, proofs }
}

async function prove(
  context: DasContextJs,
  task: KzgTask,
  blob: Uint8Array,
  commitment: Uint8Array,
): Promise<Uint8Array[]> {
  if (task === 'versioned-hash') return []
  if (task === 'blob-proof') return [await context.asyncComputeBlobKzgProof(blob, commitment)]
  return (await context.asyncComputeCellsAndKzgProofs(blob)).proofs
}

/** 0x01 ‖ sha256(commitment)[1:] (EIP-4844 kzg_to_versioned_hash). */
function versionedHash(commitment: Uint8Array): Hex {
  const hash = sha256(commitment)
  hash[0] = 0x01
  return bytesToHex(hash)
}

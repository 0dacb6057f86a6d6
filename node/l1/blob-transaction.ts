import { fromRlp, keccak256, type TransactionSerializableEIP4844, toRlp } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import type { Kzg } from './kzg.ts'
import type { KzgResult } from './kzg-worker.ts'

/** Which proofs travel with a blob: one per blob (EIP-4844), or those of its 128 cells (EIP-7594, since Osaka). */
export type BlobProofKind = 'blob' | 'cells'

/** A blob with what its transaction needs. */
export interface ProvenBlob extends KzgResult {
  readonly blob: Uint8Array
}

/** The fields of a transaction that do not come from its blobs. */
export interface TransactionFields {
  readonly chainId: number
  readonly nonce: number
  readonly to: Hex
  readonly value: bigint
  readonly data: Hex
  readonly gas: bigint
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** Computes commitments and proofs, one blob after the other. */
export async function proveBlobs(kzg: Kzg, kind: BlobProofKind, blobs: readonly Uint8Array[]): Promise<ProvenBlob[]> {
  const proven: ProvenBlob[] = []
  for (const blob of blobs) {
    const result = kind === 'cells' ? await kzg.cellProofs(blob) : await kzg.blobProof(blob)
    proven.push({ ...result, blob })
  }
  return proven
}

/** A transaction as L1 takes it. */
export interface SignedTransaction {
  readonly hash: Hex
  /** With the blobs, if any. */
  readonly raw: Hex
}

/** Signs a blob transaction and wraps it with its blobs for the network (EIP-4844, or EIP-7594 wrapper version 1). */
export async function signBlobTransaction(
  account: PrivateKeyAccount,
  fields: TransactionFields,
  maxFeePerBlobGas: bigint,
  kind: BlobProofKind,
  blobs: readonly ProvenBlob[],
): Promise<SignedTransaction> {
  const transaction: TransactionSerializableEIP4844 = {
    ...fields,
    type: 'eip4844',
    maxFeePerBlobGas,
    blobVersionedHashes: blobs.map(({ versionedHash }) => versionedHash),
    sidecars: false,
  }
  const signed = await account.signTransaction(transaction)
  const body = fromRlp(`0x${signed.slice(4)}`, 'hex')
  const commitments = blobs.map(({ commitment }) => bytesToHex(commitment))
  const proofs = blobs.flatMap(({ proofs: list }) => list.map(bytesToHex))
  const bytes = blobs.map(({ blob }) => bytesToHex(blob))
  const version: Hex[] = kind === 'cells' ? ['0x01'] : []
  const raw: Hex = `0x03${toRlp([body, ...version, bytes, commitments, proofs]).slice(2)}`
  return { hash: keccak256(signed), raw }
}

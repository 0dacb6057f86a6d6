import { BaseError, keccak256, RpcRequestError } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import {
  type BlobProofKind,
  type ProvenBlob,
  proveBlobs,
  type SignedTransaction,
  signBlobTransaction,
} from './blob-transaction.ts'
import { bumpFees, type Fees, suggestFees } from './fees.ts'
import type { Kzg } from './kzg.ts'
import type { L1Client } from './l1-client.ts'
import { type RetrySettings, sleep, withRetries } from './retry.ts'

/** How transactions are brought into L1. */
export interface TransactionSettings {
  readonly chainId: number
  /** Key of the sender; no one else may use it. */
  readonly privateKey: Hex
  readonly blobProofs: BlobProofKind
  /** Blocks that must hold the transaction, from 1: its own. */
  readonly confirmations: number
  /** Pause between two looks at L1, in milliseconds. */
  readonly pollMs: number
  /** After this long without being mined a transaction is replaced by one with higher fees, in milliseconds. */
  readonly resubmitMs: number
  /** Fees go up to this many times what L1 asks for. */
  readonly feeLimit: bigint
}

/** What to send: call data, or blobs of 131,072 bytes. */
export interface TransactionCandidate {
  readonly to: Hex
  readonly data?: Uint8Array
  readonly blobs?: readonly Uint8Array[]
  /** Default 0. */
  readonly valueWei?: bigint
  /** Gas limit. Default: what a call to an address without code takes. */
  readonly gasLimit?: bigint
}

/** A transaction that L1 has taken. */
export interface SentTransaction {
  readonly hash: Hex
  readonly nonce: number
  readonly l1Block: { readonly hash: Hex; readonly number: number }
  /** False where it was mined and reverted. */
  readonly succeeded: boolean
  readonly gasUsed: bigint
}

/** Sends the transactions of one key, one after the other. */
export interface TransactionManager {
  readonly address: Hex
  /**
   * Resolves once L1 has the transaction as deep as the settings ask. All versions of it, with rising fees, share one nonce, so
   * at most one is mined. Rejects with UnavailableError: `NonceTaken` when a transaction that this call did not sign took the
   * nonce (of an earlier run, say), `NonceGap` when a reorganisation of L1 took earlier ones back, `L1Funds`, `TransactionRejected`, `L1Unavailable`, `Aborted`.
   * Whether the transaction will be mined after a rejection is unknown.
   */
  send(candidate: TransactionCandidate, signal: AbortSignal): Promise<SentTransaction>
}

/** One candidate on its way. */
interface Flight {
  readonly candidate: TransactionCandidate
  readonly blobs: readonly ProvenBlob[]
  readonly nonce: number
  /** Hashes of all versions that were offered, and whether L1's pool took them. */
  readonly versions: Map<Hex, boolean>
}

const BLOB_GAS_PER_BLOB = 131_072n
const BASE_GAS = 21_000n
/** Most gas of a byte of call data (EIP-7623 floor). */
const GAS_PER_DATA_BYTE = 40n
/** Refusals in a row after which a candidate is given up. */
const MAX_REFUSALS = 8
const RETRIES: RetrySettings = { attempts: 5, delayMs: 200 }

/**
 * Creates a transaction manager. It keeps no state besides the transaction in flight: the nonce comes from L1's latest
 * block each time, so that a transaction left pending by an earlier run is replaced rather than queued behind.
 */
export function createTransactionManager(
  settings: TransactionSettings,
  deps: { readonly client: L1Client; readonly kzg: Kzg },
): TransactionManager {
  const sender = createSender(settings, deps)
  let last: Promise<unknown> = Promise.resolve()
  return {
    address: sender.address,
    send(candidate, signal) {
      const sent = last.then(() => sender.bring(candidate, signal))
      last = sent.catch(() => undefined)
      return sent
    },
  }
}

interface Sender {
  readonly address: Hex
  bring(candidate: TransactionCandidate, signal: AbortSignal): Promise<SentTransaction>
}

function createSender(
  settings: TransactionSettings,
  { client, kzg }: { readonly client: L1Client; readonly kzg: Kzg },
): Sender {
  const account = privateKeyToAccount(settings.privateKey)
  const retry = <T>(what: string, action: () => Promise<T>) => withRetries(what, RETRIES, action)
  const minedNonce = () =>
    retry('the nonce', () => client.getTransactionCount({ address: account.address, blockTag: 'latest' }))

  /** Signs a version of the candidate with the given fees. */
  const sign = async ({ candidate, blobs, nonce }: Flight, fees: Fees): Promise<SignedTransaction> => {
    const data = candidate.data ?? new Uint8Array()
    const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas } = fees
    const { chainId } = settings
    const { to, valueWei: value = 0n } = candidate
    const gas = gasOf(candidate)
    const fields = { chainId, nonce, to, value, data: bytesToHex(data), gas, maxFeePerGas, maxPriorityFeePerGas }
    if (blobs.length > 0) return signBlobTransaction(account, fields, maxFeePerBlobGas, settings.blobProofs, blobs)
    const raw = await account.signTransaction({ ...fields, type: 'eip1559' })
    return { raw, hash: keccak256(raw) }
  }

  /** Offers a version to L1; false when its pool refuses it (its fees are too low for a replacement, say). */
  const publish = async (flight: Flight, fees: Fees): Promise<boolean> => {
    const { versions } = flight
    const { raw, hash } = await sign(flight, fees)
    // Noted before it is sent: an answer that is lost does not tell whether L1 has it.
    const wasTaken = versions.get(hash) ?? false
    versions.set(hash, wasTaken)
    try {
      await client.sendRawTransaction({ serializedTransaction: raw })
      versions.set(hash, true)
      return true
    } catch (error) {
      const isRefusal = error instanceof BaseError && error.walk((e) => e instanceof RpcRequestError) !== null
      if (!isRefusal) throw error
      return wasTaken
    }
  }

  /** The block that holds one of the versions, when it is deep enough. */
  const mined = async (flight: Flight): Promise<SentTransaction | undefined> => {
    for (const hash of flight.versions.keys()) {
      const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
      if (receipt === null) continue
      const number = Number(receipt.blockNumber)
      const depth = Number(await client.getBlockNumber()) - number + 1
      if (depth < settings.confirmations) return undefined
      return {
        hash,
        nonce: flight.nonce,
        l1Block: { hash: receipt.blockHash, number },
        succeeded: receipt.status === '0x1',
        gasUsed: BigInt(receipt.gasUsed),
      }
    }
    return undefined
  }

  /** Waits until a version is deep enough in L1; undefined when it is time for a new one. */
  const wait = async (flight: Flight, signal: AbortSignal): Promise<SentTransaction | undefined> => {
    const deadline = performance.now() + settings.resubmitMs
    while (performance.now() < deadline) {
      const sent = await retry('a receipt', () => mined(flight))
      if (sent !== undefined) return sent
      if (signal.aborted) throw new UnavailableError('Aborted', `stopped waiting for L1 transaction ${flight.nonce}`)
      await sleep(settings.pollMs, signal)
    }
    return undefined
  }

  /**
   * Throws when a foreign transaction took the nonce, or when L1 dropped transactions before it, without which it is never
   * mined. A version that L1 holds, however shallow, took the nonce rightly.
   */
  const requireNonce = async (flight: Flight) => {
    const next = await minedNonce()
    if (next < flight.nonce && flight.versions.size > 0) {
      const message = `L1 dropped transactions of ${account.address}: it waits for nonce ${next}, not ${flight.nonce}`
      throw new UnavailableError('NonceGap', message)
    }
    if (next <= flight.nonce) return true
    for (const hash of flight.versions.keys()) {
      const receipt = await retry('a receipt', () =>
        client.request({ method: 'eth_getTransactionReceipt', params: [hash] }),
      )
      if (receipt !== null) return false
    }
    throw new UnavailableError('NonceTaken', `another transaction took nonce ${flight.nonce} of ${account.address}`)
  }

  const requireFunds = async ({ candidate, blobs }: Flight, fees: Fees) => {
    const { address } = account
    const blobGas = BLOB_GAS_PER_BLOB * BigInt(blobs.length)
    const gasWei = gasOf(candidate) * fees.maxFeePerGas + blobGas * fees.maxFeePerBlobGas
    const neededWei = gasWei + (candidate.valueWei ?? 0n)
    const balanceWei = await retry('a balance', () => client.getBalance({ address }))
    if (balanceWei >= neededWei) return
    const message = `${address} holds ${balanceWei} wei on L1 and may need ${neededWei}: send ether to it`
    const meta = { address, balanceWei: String(balanceWei), neededWei: String(neededWei) }
    throw new UnavailableError('L1Funds', message, { meta })
  }

  const bring = async (candidate: TransactionCandidate, signal: AbortSignal): Promise<SentTransaction> => {
    const blobs = await proveBlobs(kzg, settings.blobProofs, candidate.blobs ?? [])
    const flight: Flight = { candidate, blobs, nonce: await minedNonce(), versions: new Map() }
    let fees = await retry('its fees', () => suggestFees(client))
    for (let refusals = 0; refusals < MAX_REFUSALS; ) {
      const offer = fees
      const mayOffer = await requireNonce(flight)
      if (mayOffer) await requireFunds(flight, offer)
      const isTaken = !mayOffer || (await retry('a new transaction', () => publish(flight, offer)))
      if (isTaken) {
        const sent = await wait(flight, signal)
        if (sent !== undefined) return sent
        refusals = 0
      } else {
        refusals++
        await sleep(settings.pollMs, signal)
      }
      if (signal.aborted) throw new UnavailableError('Aborted', `stopped sending L1 transaction ${flight.nonce}`)
      fees = bumpFees(offer, await retry('its fees', () => suggestFees(client)), settings.feeLimit)
    }
    throw new UnavailableError('TransactionRejected', `L1 refuses transaction ${flight.nonce} of ${account.address}`)
  }
  return { address: account.address, bring }
}

/** Gas limit: without one, that of the inbox, which holds no code, so that this much is never short. */
function gasOf({ data, gasLimit }: TransactionCandidate): bigint {
  return gasLimit ?? BASE_GAS + GAS_PER_DATA_BYTE * BigInt(data?.length ?? 0)
}

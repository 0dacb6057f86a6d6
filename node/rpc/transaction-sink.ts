import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { RpcError } from './rpc-error.ts'

const FORWARD_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024

/** Where raw transactions go: the pool of this node, or another node. Resolves to the transaction's hash. */
export type TransactionSink = (raw: Uint8Array) => Promise<Hex>

/**
 * Forwards raw transactions to the sequencer's RPC and passes its answer on, refusals included.
 * The sink rejects with UnavailableError `SequencerUnreachable` when there is no proper answer.
 */
export function forwardTo(sequencerUrl: string): TransactionSink {
  return async (raw) => {
    const call = { jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params: [bytesToHex(raw)] }
    const answer = await post(sequencerUrl, JSON.stringify(call))
    const { result, error } = answer
    if (typeof result === 'string' && /^0x[0-9a-f]{64}$/.test(result)) return result as Hex
    if (isErrorBody(error)) throw new RpcError(error.code, error.message, error.data)
    throw unreachable('it answered neither a hash nor an error')
  }
}

async function post(url: string, body: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const signal = AbortSignal.timeout(FORWARD_TIMEOUT_MS)
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal })
    const text = await response.text()
    if (text.length > MAX_ANSWER_BYTES) throw unreachable(`its answer has ${text.length} bytes`)
    const answer: unknown = JSON.parse(text)
    return typeof answer === 'object' && answer !== null ? (answer as Readonly<Record<string, unknown>>) : {}
  } catch (cause) {
    throw unreachable(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function isErrorBody(error: unknown): error is { code: number; message: string; data?: unknown } {
  if (typeof error !== 'object' || error === null) return false
  const { code, message } = error as { code?: unknown; message?: unknown }
  return typeof code === 'number' && typeof message === 'string'
}

function unreachable(why: string, cause?: unknown): UnavailableError<'SequencerUnreachable'> {
  return new UnavailableError('SequencerUnreachable', `the sequencer cannot be reached: ${why}`, { cause })
}

import { createPublicClient, http, type PublicClient } from 'viem'
import { boundedFetch } from './bounded-fetch.ts'

/** A JSON-RPC client of the L1 node. */
export type L1Client = PublicClient

/** Most bytes of one JSON-RPC response: a block with all its transactions, blobs included on nodes that return them. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024
const TIMEOUT_MS = 10_000

/** Creates a client that tries each request once: the adapters above it retry, since they know what they ask for. */
export function createL1Client(rpcUrl: string): L1Client {
  const transport = http(rpcUrl, {
    retryCount: 0,
    timeout: TIMEOUT_MS,
    fetchFn: (input, init) => boundedFetch(MAX_RESPONSE_BYTES, input, init),
  })
  return createPublicClient({ transport, cacheTime: 0 })
}

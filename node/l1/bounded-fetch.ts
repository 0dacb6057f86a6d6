import { UnavailableError } from '../protocol/errors.ts'

/**
 * Fetches, and reads at most `limitBytes` of the body: a server cannot fill this process's memory.
 * Rejects with UnavailableError `ResponseTooLarge` beyond the limit, and with what fetch rejects with.
 */
export async function boundedFetch(
  limitBytes: number,
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Response> {
  const response = await fetch(input, init)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    // Leaving the loop cancels the body.
    if (size > limitBytes) throw new UnavailableError('ResponseTooLarge', `a response exceeds ${limitBytes} bytes`)
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers })
}

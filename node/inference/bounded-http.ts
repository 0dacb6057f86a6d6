import { setTimeout as sleep } from 'node:timers/promises'
import { concatBytes } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'

/** One request to a server that may be slow, busy or wrong. */
export interface BoundedRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Time for each attempt, until the whole answer is here. */
  readonly timeoutMs: number
  /** A longer answer is refused. */
  readonly maxAnswerBytes: number
}

/** An answer, whatever its status. */
export interface BoundedAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** A server that cannot be reached, or says that it cannot answer now, is asked again after these pauses, in milliseconds. */
const RETRY_DELAYS_MS = [100, 400]
const BUSY_STATUS = [429, 502, 503, 504]

/**
 * Sends a request that may be sent twice, and reads its answer. One that took too long is not repeated.
 * @returns rejects with UnavailableError `ServerUnreachable`, `ServerTimeout`, or `ServerFailed` when the answer is too long.
 */
export async function requestBounded(request: BoundedRequest): Promise<BoundedAnswer> {
  for (const delayMs of RETRY_DELAYS_MS) {
    const answer = await attempt(request).catch((error: unknown) => {
      if (error instanceof UnavailableError && error.code === 'ServerUnreachable') return undefined
      throw error
    })
    if (answer !== undefined && !BUSY_STATUS.includes(answer.status)) return answer
    await sleep(delayMs)
  }
  return attempt(request)
}

async function attempt({
  method,
  url,
  headers,
  body,
  timeoutMs,
  maxAnswerBytes,
}: BoundedRequest): Promise<BoundedAnswer> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await fetch(url, {
      method,
      signal,
      redirect: 'error',
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    })
    return { status: answer.status, headers: answer.headers, body: await readBounded(answer, maxAnswerBytes) }
  } catch (cause) {
    if (cause instanceof UnavailableError) throw cause
    if (signal.aborted) throw new UnavailableError('ServerTimeout', `${url} took more than ${timeoutMs} ms`, { cause })
    throw new UnavailableError('ServerUnreachable', `${url} cannot be reached, or broke off: is the server running?`, {
      cause,
    })
  }
}

async function readBounded(answer: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > maxBytes) {
      throw new UnavailableError('ServerFailed', `${answer.url} answers with more than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return concatBytes(...chunks)
}

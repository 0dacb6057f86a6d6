import type { Log } from '../telemetry/logger.ts'
import type { RpcMetrics } from '../telemetry/rpc-metrics.ts'
import type { RpcMethod } from './method.ts'
import { errorBody, invalidParams, isInternal, RPC_CODES, RpcError, type RpcErrorBody } from './rpc-error.ts'

/** Bounds on what one HTTP request may ask for. */
export interface DispatchLimits {
  readonly maxBatchCalls: number
  /** Time for all calls of a request, in milliseconds. */
  readonly timeoutMs: number
  readonly maxResponseBytes: number
}

/** What answers calls. */
export interface DispatchDeps {
  readonly methods: ReadonlyMap<string, RpcMethod>
  readonly limits: DispatchLimits
  readonly log: Log
  readonly metrics?: RpcMetrics
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

type Id = string | number | null

interface Call {
  readonly id: Id
  /** No id: a notification, which is run and not answered. */
  readonly isNotification: boolean
  readonly method: string
  readonly params: readonly unknown[]
}

/** Answers the body of one HTTP request: a call or a batch. Returns JSON text, or undefined when there is nothing to answer. */
export async function dispatch(body: string, deps: DispatchDeps): Promise<string | undefined> {
  const deadlineMs = deps.nowMs() + deps.limits.timeoutMs
  let request: unknown
  try {
    request = JSON.parse(body)
  } catch {
    return errorResponse(null, { code: RPC_CODES.parseError, message: 'parse error: the body is not JSON' })
  }
  if (!Array.isArray(request)) return answer(request, deps, deadlineMs, deps.limits.maxResponseBytes)
  if (request.length === 0) return errorResponse(null, { code: RPC_CODES.invalidRequest, message: 'empty batch' })
  if (request.length > deps.limits.maxBatchCalls) {
    const message = `batch too large: ${request.length} calls, limit ${deps.limits.maxBatchCalls}`
    return errorResponse(null, { code: RPC_CODES.limitExceeded, message })
  }
  return answerBatch(request, deps, deadlineMs)
}

/** Calls of a batch run in order, one at a time: a batch gets no more of the node than a single call does. */
async function answerBatch(
  calls: readonly unknown[],
  deps: DispatchDeps,
  deadlineMs: number,
): Promise<string | undefined> {
  const responses: string[] = []
  let roomBytes = deps.limits.maxResponseBytes
  for (const call of calls) {
    const response = await answer(call, deps, deadlineMs, roomBytes)
    if (response === undefined) continue
    roomBytes -= response.length
    responses.push(response)
  }
  return responses.length === 0 ? undefined : `[${responses.join(',')}]`
}

async function answer(
  request: unknown,
  deps: DispatchDeps,
  deadlineMs: number,
  roomBytes: number,
): Promise<string | undefined> {
  let call: Call
  try {
    call = readCall(request)
  } catch (error) {
    return errorResponse(readId(request), errorBody(error))
  }
  const startedMs = deps.nowMs()
  const known = deps.methods.get(call.method)
  let outcome = 'ok'
  let response: string
  try {
    response = await run(call, known, deadlineMs - startedMs, roomBytes)
  } catch (error) {
    const failure = errorBody(error)
    outcome = String(failure.code)
    if (isInternal(error)) deps.log.error({ err: error, method: call.method }, 'a call failed inside the node')
    response = errorResponse(call.id, failure)
  }
  deps.metrics?.observeCall(known?.name ?? 'unknown', outcome, (deps.nowMs() - startedMs) / 1000)
  return call.isNotification ? undefined : response
}

async function run(call: Call, known: RpcMethod | undefined, leftMs: number, roomBytes: number): Promise<string> {
  if (known === undefined) {
    const message = `the method ${call.method.slice(0, 80)} does not exist/is not available`
    throw new RpcError(RPC_CODES.methodNotFound, message)
  }
  if (leftMs <= 0 || roomBytes <= 0)
    throw new RpcError(RPC_CODES.limitExceeded, 'batch used up its time or response size')
  const args = readArguments(known, call.params)
  const result = (await withTimeout(Promise.resolve(known.call(args)), leftMs)) ?? null
  const response = `{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},"result":${JSON.stringify(result)}}`
  if (response.length > roomBytes) {
    throw new RpcError(
      RPC_CODES.responseTooLarge,
      `response too large: ${response.length} bytes; ask for less at a time`,
    )
  }
  return response
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RpcError(RPC_CODES.timeout, 'request timed out')), timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

function readCall(request: unknown): Call {
  const invalid = (message: string) => new RpcError(RPC_CODES.invalidRequest, `invalid request: ${message}`)
  if (typeof request !== 'object' || request === null || Array.isArray(request)) throw invalid('want an object')
  const { jsonrpc, method, params } = request as Readonly<Record<string, unknown>>
  if (jsonrpc !== '2.0') throw invalid('want "jsonrpc": "2.0"')
  if (typeof method !== 'string') throw invalid('want "method" to be a string')
  if (params !== undefined && params !== null && !Array.isArray(params))
    throw invalidParams('want "params" to be an array')
  if ('id' in request && !isId(request.id)) throw invalid('want "id" to be a string, a number or null')
  return { id: readId(request), isNotification: !('id' in request), method, params: params ?? [] }
}

function readId(request: unknown): Id {
  if (typeof request !== 'object' || request === null || !('id' in request)) return null
  return isId(request.id) ? request.id : null
}

function isId(id: unknown): id is Id {
  return typeof id === 'string' || typeof id === 'number' || id === null
}

function readArguments(method: RpcMethod, given: readonly unknown[]): unknown[] {
  if (given.length > method.params.length) {
    throw invalidParams(`too many arguments, want at most ${method.params.length}`)
  }
  return method.params.map((param, i) => {
    const value = given[i]
    if (param.required && value === undefined)
      throw invalidParams(`missing value for required argument ${i} (${param.name})`)
    return param.parse(value, `${i} (${param.name})`)
  })
}

function errorResponse(id: Id, error: RpcErrorBody): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error })
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UnavailableError } from '../protocol/errors.ts'
import type { TelemetryRoutes } from '../telemetry/telemetry-routes.ts'
import { type DispatchDeps, type DispatchLimits, dispatch } from './dispatch.ts'
import { createBodyReader } from './http-body.ts'
import { corsHeaders, type HttpGuardSettings, isHostAllowed } from './http-guard.ts'
import { RPC_CODES } from './rpc-error.ts'

/** Where the JSON-RPC server listens and what it takes. Sizes in bytes. */
export interface RpcServerSettings extends HttpGuardSettings, DispatchLimits {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly maxBodyBytes: number
  /** Bodies held at once, in all. */
  readonly maxHeldBodyBytes: number
  /** HTTP requests in progress; more are refused as busy. */
  readonly maxConcurrentRequests: number
}

/** Defaults for everything but host and port. */
export const DEFAULT_RPC_LIMITS: Omit<RpcServerSettings, 'host' | 'port'> = {
  corsOrigins: ['*'],
  allowedHosts: [],
  maxBatchCalls: 500,
  timeoutMs: 30_000,
  maxResponseBytes: 25 * 1024 * 1024,
  maxBodyBytes: 5 * 1024 * 1024,
  maxHeldBodyBytes: 64 * 1024 * 1024,
  maxConcurrentRequests: 256,
}

/** What the server needs besides its methods. */
export interface RpcServerDeps extends Omit<DispatchDeps, 'limits'> {
  /** Answers GET requests, e.g. `/healthz`. */
  readonly routes?: TelemetryRoutes
}

/** A running JSON-RPC server. */
export interface RpcServer {
  /** `http://host:port`. */
  readonly url: string
  /** Stops listening, lets requests in progress end within a second, then cuts them off. */
  close(): Promise<void>
}

/** Starts JSON-RPC 2.0 over HTTP. @throws UnavailableError `ListenFailed` when the address is taken. */
export async function startRpcServer(settings: RpcServerSettings, deps: RpcServerDeps): Promise<RpcServer> {
  const handle = createHandler(settings, deps)
  const server = createServer(
    { requestTimeout: 20_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 },
    (req, res) => {
      handle(req, res).catch((error: unknown) => {
        deps.log.error({ err: error }, 'an HTTP request failed inside the node')
        res.destroy()
      })
    },
  )
  server.maxConnections = 4 * settings.maxConcurrentRequests
  server.listen(settings.port, settings.host)
  await once(server, 'listening').catch((cause: unknown) => {
    throw new UnavailableError('ListenFailed', `cannot listen on ${settings.host}:${settings.port}`, { cause })
  })
  const { port } = server.address() as AddressInfo
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host
  return { url: `http://${host}:${port}`, close: () => closeServer(server) }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

function createHandler(settings: RpcServerSettings, deps: RpcServerDeps): Handler {
  const bodies = createBodyReader(settings.maxBodyBytes, settings.maxHeldBodyBytes)
  const dispatchDeps: DispatchDeps = { ...deps, limits: settings }
  let inFlight = 0
  const post: Handler = async (request, response) => {
    const type = request.headers['content-type'] ?? ''
    if (!/^application\/json\b/i.test(type)) return refuse(request, response, 415, 'want content-type application/json')
    if (inFlight >= settings.maxConcurrentRequests) return refuse(request, response, 503, 'server is busy: try again')
    inFlight++
    deps.metrics?.setInFlight(inFlight)
    try {
      const body = await bodies.read(request)
      if (body === undefined) return
      if ('status' in body) return refuse(request, response, body.status, body.reason)
      const answer = await dispatch(body.text, dispatchDeps).finally(body.release)
      reply(response, answer === undefined ? 204 : 200, 'application/json', answer ?? '')
    } finally {
      inFlight--
      deps.metrics?.setInFlight(inFlight)
    }
  }
  return async (request, response) => {
    response.on('finish', () => deps.metrics?.observeHttp(response.statusCode))
    if (!isHostAllowed(request, settings)) return refuse(request, response, 403, 'invalid host specified')
    for (const [name, value] of Object.entries(corsHeaders(request, settings))) response.setHeader(name, value)
    if (request.method === 'POST') return post(request, response)
    if (request.method === 'OPTIONS') return reply(response, 204, 'text/plain', '')
    if (request.method !== 'GET') return refuse(request, response, 405, 'want POST')
    const found = await deps.routes?.((request.url ?? '/').split('?', 1)[0] ?? '/')
    if (found === undefined) return refuse(request, response, 404, 'nothing here: JSON-RPC is POST /')
    reply(response, found.status, found.contentType, found.body)
  }
}

function reply(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType })
  response.end(body)
}

/** Refuses without keeping what is left of the body: the connection is closed behind the answer. */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, message: string): void {
  const code = status === 413 || status === 503 ? RPC_CODES.limitExceeded : RPC_CODES.invalidRequest
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } })
  response.setHeader('connection', 'close')
  if (status === 503) response.setHeader('retry-after', '1')
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.write(body)
  endAfterBody(request, response)
}

/** What a refused client may still send, and for how long, before it is cut off. */
const LINGER_MS = 2_000
const LINGER_BYTES = 64 * 1024 * 1024

/**
 * Ends a response once the client has sent its whole body, of which nothing is kept: a connection that is closed under a
 * client that still sends is reset, and the answer is lost with it.
 */
function endAfterBody(request: IncomingMessage, response: ServerResponse): void {
  let droppedBytes = 0
  const end = () => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, LINGER_MS)
  request.once('end', end).once('close', end).once('error', end)
  request.on('data', (chunk: Uint8Array) => {
    droppedBytes += chunk.length
    if (droppedBytes > LINGER_BYTES) end()
  })
}

const CLOSE_GRACE_MS = 1_000

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
  await closed
  clearTimeout(timer)
}

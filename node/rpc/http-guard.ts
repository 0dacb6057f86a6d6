import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** From where browsers may call the server. */
export interface HttpGuardSettings {
  /** Origins that CORS allows; `*` allows all. */
  readonly corsOrigins: readonly string[]
  /** Names that the Host header may carry besides IP addresses and `localhost` (guards against DNS rebinding); `*` allows all. */
  readonly allowedHosts: readonly string[]
}

/** Whether the Host header is one that this server goes by. */
export function isHostAllowed(request: IncomingMessage, settings: HttpGuardSettings): boolean {
  if (settings.allowedHosts.includes('*')) return true
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return host === 'localhost' || isIP(host) !== 0 || settings.allowedHosts.includes(host)
}

/** CORS headers for a request; none for an origin that is not allowed. */
export function corsHeaders(request: IncomingMessage, settings: HttpGuardSettings): Record<string, string> {
  const { origin } = request.headers
  if (origin === undefined) return {}
  const anyOrigin = settings.corsOrigins.includes('*')
  if (!anyOrigin && !settings.corsOrigins.includes(origin)) return {}
  return {
    'access-control-allow-origin': anyOrigin ? '*' : origin,
    'access-control-allow-methods': 'POST, GET, OPTIONS',
    'access-control-allow-headers': 'content-type',
    'access-control-max-age': '600',
    ...(anyOrigin ? {} : { vary: 'origin' }),
  }
}

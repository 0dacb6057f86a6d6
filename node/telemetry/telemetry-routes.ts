import type { Registry } from 'prom-client'
import type { Health } from './health.ts'

/** A complete small HTTP answer. */
export interface HttpReply {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Answers a GET of a telemetry path, or undefined for any other path. */
export type TelemetryRoutes = (path: string) => Promise<HttpReply | undefined>

/** What the telemetry routes tell about. */
export interface TelemetryRoutesDeps {
  readonly version: string
  readonly health: Health
  /** Without one there is no `/metrics`. */
  readonly registry?: Registry
}

/** `/healthz` (alive; the version), `/readyz` (200, or 503 with the reasons) and `/metrics` (Prometheus text). */
export function createTelemetryRoutes(deps: TelemetryRoutesDeps): TelemetryRoutes {
  return async (path) => {
    if (path === '/healthz') return jsonReply(200, { version: deps.version })
    if (path === '/readyz') {
      const failures = deps.health.failures()
      const ready = Object.keys(failures).length === 0
      return jsonReply(ready ? 200 : 503, { ready, failures })
    }
    if (path === '/metrics' && deps.registry !== undefined) {
      return { status: 200, contentType: deps.registry.contentType, body: await deps.registry.metrics() }
    }
    return undefined
  }
}

function jsonReply(status: number, value: unknown): HttpReply {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}

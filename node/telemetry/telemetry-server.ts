import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UnavailableError } from '../protocol/errors.ts'
import type { TelemetryRoutes } from './telemetry-routes.ts'

/** A running HTTP server for `/metrics`, `/healthz` and `/readyz` alone. */
export interface TelemetryServer {
  readonly url: string
  close(): Promise<void>
}

/** Where the telemetry server listens. Port 0 takes any free port. */
export interface TelemetryServerSettings {
  readonly host: string
  readonly port: number
}

/** Starts the telemetry server. @throws UnavailableError `ListenFailed` when the address is taken. */
export async function startTelemetryServer(
  settings: TelemetryServerSettings,
  routes: TelemetryRoutes,
): Promise<TelemetryServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    void routes((request.url ?? '/').split('?', 1)[0] ?? '/')
      .catch((error: unknown) => ({ status: 500, contentType: 'text/plain', body: String(error) }))
      .then((reply) => {
        const { status, contentType, body } = reply ?? { status: 404, contentType: 'text/plain', body: 'not found\n' }
        response.writeHead(status, { 'content-type': contentType }).end(body)
      })
  })
  server.listen(settings.port, settings.host)
  await once(server, 'listening').catch((cause: unknown) => {
    throw new UnavailableError('ListenFailed', `cannot listen on ${settings.host}:${settings.port}`, { cause })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${settings.host}:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createChainMetrics } from './chain-metrics.ts'
import { createHealth } from './health.ts'
import { createRegistry } from './metrics.ts'
import { createRpcMetrics } from './rpc-metrics.ts'
import { createSequencerMetrics } from './sequencer-metrics.ts'
import { createTelemetryRoutes } from './telemetry-routes.ts'
import { startTelemetryServer, type TelemetryServer } from './telemetry-server.ts'

const health = createHealth()
const registry = createRegistry('1.2.3')
let server: TelemetryServer

beforeAll(async () => {
  const routes = createTelemetryRoutes({ version: '1.2.3', health, registry })
  server = await startTelemetryServer({ host: '127.0.0.1', port: 0 }, routes)
})
afterAll(() => server.close())

test('/healthz answers with the version', async () => {
  const response = await fetch(`${server.url}/healthz`)
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ version: '1.2.3' })
})

test('/readyz is 503 with the reasons while a check fails', async () => {
  const remove = health.addCheck('l1', () => 'no block for 60 s')
  const failing = await fetch(`${server.url}/readyz`)
  expect(failing.status).toBe(503)
  expect(await failing.json()).toEqual({ ready: false, failures: { l1: 'no block for 60 s' } })
  remove()
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
})

test('a readiness check that throws counts as failing', () => {
  const remove = health.addCheck('broken', () => {
    throw new Error('boom')
  })
  expect(health.failures()).toEqual({ broken: 'boom' })
  remove()
})

test('/metrics carries every area', async () => {
  createRpcMetrics(registry).observeCall('eth_call', 'ok', 0.01)
  createChainMetrics(registry).setRef('l2_unsafe', 12, 1_700_000_000)
  createSequencerMetrics(registry).setPool({ pendingCount: 3, queuedCount: 1, sizeBytes: 400 })
  const text = await (await fetch(`${server.url}/metrics`)).text()
  expect(text).toContain('assay_info{version="1.2.3"} 1')
  expect(text).toContain('assay_rpc_requests_total{method="eth_call",outcome="ok"} 1')
  expect(text).toContain('assay_refs_number{layer="l2",type="l2_unsafe"} 12')
  expect(text).toContain('assay_txpool_transactions_count{status="pending"} 3')
})

test('other paths are 404', async () => {
  expect((await fetch(`${server.url}/nothing?x=1`)).status).toBe(404)
})

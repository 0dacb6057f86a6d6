import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { METRICS_PREFIX } from './metrics.ts'

/** What the JSON-RPC server counts. */
export interface RpcMetrics {
  /** One call ended. `outcome` is `ok` or the JSON-RPC error code. */
  observeCall(method: string, outcome: string, seconds: number): void
  /** One HTTP request was answered with `status`. */
  observeHttp(status: number): void
  /** HTTP requests in progress. */
  setInFlight(count: number): void
}

/** Registers the JSON-RPC metrics. Method names outside the table must be passed as `unknown`, so that labels stay bounded. */
export function createRpcMetrics(registry: Registry): RpcMetrics {
  const registers = [registry]
  const calls = new Counter({
    name: `${METRICS_PREFIX}rpc_requests_total`,
    help: 'JSON-RPC calls by method and outcome',
    labelNames: ['method', 'outcome'] as const,
    registers,
  })
  const durations = new Histogram({
    name: `${METRICS_PREFIX}rpc_request_duration_seconds`,
    help: 'Time to answer a JSON-RPC call',
    labelNames: ['method'] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  })
  const responses = new Counter({
    name: `${METRICS_PREFIX}rpc_http_responses_total`,
    help: 'HTTP responses by status',
    labelNames: ['status'] as const,
    registers,
  })
  const inFlight = new Gauge({
    name: `${METRICS_PREFIX}rpc_in_flight_count`,
    help: 'HTTP requests in progress',
    registers,
  })
  return {
    observeCall: (method, outcome, seconds) => {
      calls.inc({ method, outcome })
      durations.observe({ method }, seconds)
    },
    observeHttp: (status) => responses.inc({ status: String(status) }),
    setInFlight: (count) => inFlight.set(count),
  }
}

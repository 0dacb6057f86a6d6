import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** Prefix of every metric of ours; `process_*` and `nodejs_*` keep the standard names. */
export const METRICS_PREFIX = 'assay_'

/** Creates the process's metrics registry with the standard process metrics, `assay_up` and `assay_info{version}`. */
export function createRegistry(version: string): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  new Gauge({ name: `${METRICS_PREFIX}up`, help: 'Always 1 while the process runs', registers }).set(1)
  new Gauge({
    name: `${METRICS_PREFIX}info`,
    help: 'Always 1; the label carries the version',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1)
  return registry
}

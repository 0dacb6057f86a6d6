import type { InferenceOptions } from '../inference/inference-service.ts'
import { choice, integer, type SettingsOf } from './settings.ts'

const MIB = 2 ** 20

/** Settings of what runs the models of a node. */
export const inferenceSettings = {
  inferenceProvider: choice(
    'inference.provider',
    ['auto', 'cpu', 'webgpu', 'cuda', 'reference'],
    'auto',
    'What runs the models; auto is the CPU, and the reference interpreter where a self-test refuses that',
  ),
  inferenceThreads: integer('inference.threads', 'N', 1, [1, 256], 'Threads of one inference'),
  inferenceWorkers: integer(
    'inference.workers',
    'N',
    0,
    [0, 64],
    'Processes that run models; 0 is one for every four cores, from 1 to 4',
  ),
  inferenceTimeout: integer(
    'inference.timeout-ms',
    'MS',
    10_000,
    [100, 86_400_000],
    'Time in ms that every inference may take besides what its static cost grants',
  ),
  inferenceSessions: integer(
    'inference.session-cache-mib',
    'MIB',
    1_024,
    [1, 1_048_576],
    'Models kept loaded, in MiB of their size; the least recently used go first',
  ),
  inferenceResults: integer('inference.result-cache-mib', 'MIB', 64, [1, 1_048_576], 'Results kept, in MiB'),
}

/** How a node's models are run. */
export type NodeInference = Omit<InferenceOptions, 'content' | 'log'>

/** What the settings ask for. */
export function inferenceOptions(given: SettingsOf<typeof inferenceSettings>): NodeInference {
  return {
    provider: given.inferenceProvider,
    threads: given.inferenceThreads,
    ...(given.inferenceWorkers === 0 ? {} : { workers: given.inferenceWorkers }),
    timeoutMs: given.inferenceTimeout,
    sessionCacheBytes: given.inferenceSessions * MIB,
    resultCacheBytes: given.inferenceResults * MIB,
  }
}

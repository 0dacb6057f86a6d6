import { resolve } from 'node:path'
import type { InferenceOptions } from '../inference/inference-service.ts'
import { InvalidError } from '../protocol/errors.ts'
import { choice, integer, optionalText, type SettingsOf } from './settings.ts'

const MIB = 2 ** 20

/** Settings of what runs the models of a node. */
export const inferenceSettings = {
  inferenceProvider: choice(
    'inference.provider',
    ['auto', 'cpu', 'webgpu', 'cuda', 'oip', 'reference'],
    'auto',
    'What runs the models; auto is the CPU, and the reference interpreter where a self-test refuses that',
  ),
  inferenceEndpoint: optionalText(
    'inference.endpoint',
    'URL',
    'Server of provider oip (Open Inference Protocol over HTTP), e.g. http://127.0.0.1:8000',
  ),
  inferenceFolder: optionalText(
    'inference.folder',
    'DIR',
    'Folder in which that server looks for models; without it they are sent to it',
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

/** What the settings ask for. @throws InvalidError `SettingMissing`, `SettingMalformed` about the server of provider `oip`. */
export function inferenceOptions(given: SettingsOf<typeof inferenceSettings>): NodeInference {
  return {
    provider: given.inferenceProvider,
    threads: given.inferenceThreads,
    ...workersOf(given),
    ...serverOf(given),
    timeoutMs: given.inferenceTimeout,
    sessionCacheBytes: given.inferenceSessions * MIB,
    resultCacheBytes: given.inferenceResults * MIB,
  }
}

/** A folder of models belongs to one process. */
function workersOf({ inferenceWorkers, inferenceFolder }: SettingsOf<typeof inferenceSettings>): NodeInference {
  if (inferenceFolder !== null) return { workers: 1 }
  return inferenceWorkers === 0 ? {} : { workers: inferenceWorkers }
}

function serverOf(given: SettingsOf<typeof inferenceSettings>): NodeInference {
  const { inferenceProvider: provider, inferenceEndpoint: endpoint, inferenceFolder: folder } = given
  if (provider !== 'oip') return {}
  if (endpoint === null) throw new InvalidError('SettingMissing', 'provider oip needs --inference.endpoint URL')
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new InvalidError('SettingMalformed', `--inference.endpoint takes an http or https URL, not "${endpoint}"`)
  }
  return { server: folder === null ? { endpoint } : { endpoint, folder: resolve(folder) } }
}

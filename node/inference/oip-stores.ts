import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EmittedModel } from '../exact/emit/emit-cpu.ts'
import type { OnnxValueInfo } from '../exact/emit/onnx-writer.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { requestBounded } from './bounded-http.ts'
import type { OipClient } from './oip-client.ts'
import { OIP_DATATYPES } from './oip-messages.ts'

/** How a server gets the models that it is to run. */
export interface ModelStore {
  /** Has the server load a model under a new name. */
  add(name: string, emitted: EmittedModel): Promise<void>
  remove(name: string): Promise<void>
}

/** Sends models to the server: the model repository extension, as Triton has it (`--model-control-mode=explicit`). */
export function createSendingStore(client: OipClient): ModelStore {
  return {
    add: (name, { onnx, inputs, outputs }) => client.load(name, onnx, tritonConfig(name, inputs, outputs)),
    remove: (name) => client.unload(name),
  }
}

/** Triton's configuration of a model: no batching, nothing optimised (fusions change arithmetic), float32 in full on a GPU. */
function tritonConfig(name: string, inputs: readonly OnnxValueInfo[], outputs: readonly OnnxValueInfo[]): object {
  const tensors = (infos: readonly OnnxValueInfo[]): object[] =>
    infos.map(({ name, dtype, shape }) => ({ name, data_type: `TYPE_${OIP_DATATYPES[dtype]}`, dims: shape }))
  const cuda = { name: 'cuda', parameters: { use_tf32: '0' } }
  return {
    name,
    backend: 'onnxruntime',
    max_batch_size: 0,
    input: tensors(inputs),
    output: tensors(outputs),
    // Level 2 is Triton's word for no optimisation at all.
    optimization: { graph: { level: 2 }, execution_accelerators: { gpu_execution_accelerator: [cuda] } },
  }
}

/** How often the server is asked whether it has loaded a model, in milliseconds. */
const READY_POLL_MS = 100

/**
 * Writes models to a folder that the server reads, with a `config.json` that lists them, as OpenVINO Model Server has it
 * (`--config_path FOLDER/config.json`). The folder belongs to one process; what it held before is deleted with the first model.
 * @param timeoutMs time for the server to load one.
 */
export function createFolderStore(folder: string, endpoint: string, client: OipClient, timeoutMs: number): ModelStore {
  const names = new Set<string>()
  let emptied: Promise<void> | undefined

  async function writeConfig(): Promise<void> {
    const config = (name: string) => ({ name, base_path: name, plugin_config: { INFERENCE_PRECISION_HINT: 'f32' } })
    const document = { model_config_list: [...names].map((name) => ({ config: config(name) })) }
    // The server must never see half a file.
    await writeFile(join(folder, 'config.json.new'), JSON.stringify(document))
    await rename(join(folder, 'config.json.new'), join(folder, 'config.json'))
    // At once, rather than when the server next looks; one that does not know this request looks by itself.
    const url = `${endpoint.replace(/\/+$/, '')}/v1/config/reload`
    await requestBounded({ method: 'POST', url, timeoutMs, maxAnswerBytes: 2 ** 24 })
  }

  async function untilReady(name: string): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs
    while (!(await client.isReady(name))) {
      if (performance.now() > deadlineMs) {
        const mend = `does it read ${join(folder, 'config.json')}?`
        throw new UnavailableError('ServerTimeout', `the server has not loaded ${name} within ${timeoutMs} ms: ${mend}`)
      }
      await sleep(READY_POLL_MS)
    }
  }

  return {
    async add(name, { onnx }) {
      emptied ??= empty(folder)
      await emptied
      await mkdir(join(folder, name, '1'), { recursive: true })
      await writeFile(join(folder, name, '1', 'model.onnx'), onnx)
      names.add(name)
      await writeConfig()
      await untilReady(name)
    },
    async remove(name) {
      names.delete(name)
      await writeConfig()
      await rm(join(folder, name), { recursive: true, force: true })
    },
  }
}

/** Deletes the models that an earlier process left. */
async function empty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) {
    if (name.startsWith(MODEL_PREFIX)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** Names of our models on a server begin so. */
export const MODEL_PREFIX = 'assay-'

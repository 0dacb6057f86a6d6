import { randomBytes } from 'node:crypto'
import type { EmittedModel } from '../exact/emit/emit-cpu.ts'
import { emitOip } from '../exact/emit/emit-oip.ts'
import type { OnnxValueInfo } from '../exact/emit/onnx-writer.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { Backend } from './backend.ts'
import { createOipClient, type OipClient } from './oip-client.ts'
import { createFolderStore, createSendingStore, MODEL_PREFIX } from './oip-stores.ts'
import type { TensorRunner } from './ort-session.ts'
import type { InferenceServer } from './worker-protocol.ts'

/**
 * Runs emitted models on a server of the Open Inference Protocol. What it answers is held to the reference as any provider is; where
 * it cannot be reached, or answers badly, inference is unavailable.
 */
export function createOipBackend({ endpoint, folder, timeoutMs }: InferenceServer): Backend {
  const client = createOipClient(endpoint, timeoutMs)
  const store =
    folder === undefined ? createSendingStore(client) : createFolderStore(folder, endpoint, client, timeoutMs)
  // Several workers and nodes may share a server.
  const owner = randomBytes(4).toString('hex')
  let serial = 0
  let hasFloat64 = true

  return {
    async prepare() {
      // OpenVINO computes float64 in float32.
      hasFloat64 = !/openvino/i.test(await client.serverName())
    },
    emit(checked) {
      const emitted = emitOip(checked, hasFloat64)
      if (!('needsFloat64' in emitted)) return emitted
      throw new UnavailableError(
        'KernelMissing',
        'it needs float64, which this inference server computes in fewer bits',
      )
    },
    async open(emitted) {
      const name = `${MODEL_PREFIX}${owner}-${serial++}`
      await store.add(name, emitted)
      return runnerOf(client, name, emitted, () => store.remove(name))
    },
  }
}

function runnerOf(
  client: OipClient,
  name: string,
  { inputs: infos, outputs }: EmittedModel,
  close: () => Promise<void>,
): TensorRunner {
  return {
    run: (tensors, positions) => {
      const wanted = positions?.map((position) => outputs[position] as OnnxValueInfo) ?? outputs
      return client.infer(name, { infos, tensors }, wanted)
    },
    close,
  }
}

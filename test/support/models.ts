import { checkGraph } from '../../node/exact/check.ts'
import type { CheckedGraph, ExactGraph, Tensor } from '../../node/exact/graph.ts'
import { encodeGraph } from '../../node/exact/graph-codec.ts'
import { buildModel } from '../../node/exact/model.ts'
import { runReference } from '../../node/exact/reference.ts'
import { activitySlot } from '../../node/precompiles/model-activity.ts'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../../node/protocol/bytes.ts'
import type { GenesisAccount } from '../../node/protocol/chain-spec.ts'
import { MODEL_REGISTRY } from '../../node/protocol/constants.ts'
import type { ContentStore } from '../../node/protocol/content-store.ts'
import { UnavailableError } from '../../node/protocol/errors.ts'
import { specLanes } from '../../node/protocol/inference-roots.ts'
import { keccak256 } from '../../node/protocol/keccak.ts'
import type { Infer, ModelManifest } from '../../node/protocol/model-manifest.ts'
import { encodeManifest } from '../../node/protocol/model-manifest-codec.ts'
import { decodeTensor, encodeTensor } from '../../node/protocol/tensor-encoding.ts'
import { constantOf, graphOf, inputOf } from './small-graph.ts'

/** A model that a test chain may activate. */
export interface TestModel {
  readonly modelId: Hex
  readonly graphBytes: Uint8Array
  readonly manifest: ModelManifest
  readonly checked: CheckedGraph
}

/** A model from a graph. */
export function testModel(graph: ExactGraph): TestModel {
  const graphBytes = encodeGraph(graph)
  const { manifest } = buildModel(graphBytes)
  return { modelId: manifest.modelId, graphBytes, manifest, checked: checkGraph(graph) }
}

/** `y = 3·x + bias`, four int8 lanes within ±100; another `bias` is another model. */
export function affineModel(bias = 5): TestModel {
  return testModel(
    graphOf({
      inputs: [inputOf([4], -100, 100)],
      constants: [constantOf([4], [3, 3, 3, 3]), constantOf([4], [bias, bias, bias, bias])],
      ops: [
        { kind: 'mul', inputs: [0, 1] },
        { kind: 'add', inputs: [3, 2] },
      ],
      outputs: [{ value: 4, laneBytes: 2 }],
    }),
  )
}

/** Puts manifests and graphs where activation would have put them. */
export function putModels(content: ContentStore, models: readonly TestModel[]): void {
  for (const { modelId, manifest, graphBytes } of models) {
    content.put(hexToBytes(modelId), encodeManifest(manifest))
    content.put(keccak256(graphBytes), graphBytes)
  }
}

/** A registry account in which these models are active. */
export function registryWith(models: readonly TestModel[], code?: Hex): Record<Hex, GenesisAccount> {
  const one: Hex = `0x${'1'.padStart(64, '0')}`
  const storage = Object.fromEntries(models.map(({ modelId }) => [bytesToHex(activitySlot(hexToBytes(modelId))), one]))
  return { [MODEL_REGISTRY]: { nonce: 1, storage, ...(code === undefined ? {} : { code }) } }
}

/** Runs models by the reference interpreter. @param onRun is told of every run. */
export function referenceInfer(models: readonly TestModel[], onRun: (modelId: Hex) => void = () => {}): Infer {
  const byId = new Map(models.map((model) => [model.modelId, model]))
  return async (manifest, input) => {
    const model = byId.get(manifest.modelId)
    if (model === undefined) throw new UnavailableError('ModelMissing', `no test model ${manifest.modelId}`)
    onRun(manifest.modelId)
    return encodeOutputs(manifest, runReference(model.checked, decodeInputs(manifest, input)))
  }
}

function decodeInputs(manifest: ModelManifest, bytes: Uint8Array): Tensor[] {
  let at = 0
  return manifest.inputs.map((spec) => {
    const lanes = specLanes(spec)
    const end = at + lanes * spec.laneBytes
    const data = decodeTensor(bytes.subarray(at, end), spec.laneBytes, lanes)
    at = end
    return { shape: spec.shape, data }
  })
}

function encodeOutputs(manifest: ModelManifest, outputs: readonly Tensor[]): Uint8Array {
  return concatBytes(...outputs.map(({ data }, i) => encodeTensor(data, manifest.outputs[i]?.laneBytes ?? 8)))
}

/** Call data of the inference precompile. */
export function inferenceCall(model: TestModel, lanes: readonly number[]): Uint8Array {
  const laneBytes = model.manifest.inputs[0]?.laneBytes ?? 1
  return concatBytes(hexToBytes(model.modelId), encodeTensor(lanes, laneBytes))
}

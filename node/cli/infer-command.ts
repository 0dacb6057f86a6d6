import { encodeGraph } from '../exact/graph-codec.ts'
import { importOnnx } from '../exact/import/import-onnx.ts'
import { DEFAULT_DECODE_LIMITS, decodeOnnx } from '../exact/import/onnx-decoder.ts'
import { buildModel } from '../exact/model.ts'
import { createInference, type InferenceService } from '../inference/inference-service.ts'
import type { SessionReport } from '../inference/worker-protocol.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { inputRoot, outputRoot, specLanes } from '../protocol/inference-roots.ts'
import type { ModelManifest, TensorSpec } from '../protocol/model-manifest.ts'
import { decodeTensor } from '../protocol/tensor-encoding.ts'
import type { Command } from './command.ts'
import { inferencesOf, readBounded, readInputArrays } from './infer-inputs.ts'
import { inferenceOptions, inferenceSettings } from './inference-settings.ts'
import { text, toggle } from './settings.ts'

/** What `assay infer` prints. */
export interface InferReport {
  readonly modelId: Hex
  /** What computed the answers. */
  readonly provider: SessionReport['provider']
  /** Why the provider was refused for this model, where the reference stood in. */
  readonly refusal?: string
  readonly inferences: readonly AnsweredInference[]
}

/** One inference; its roots are those that a block's inference log records. */
export interface AnsweredInference {
  readonly inputRoot: Hex
  readonly outputRoot: Hex
  readonly outputs: readonly { readonly shape: readonly number[]; readonly lanes: readonly number[] }[]
}

const { inferenceProvider, ...otherInferenceSettings } = inferenceSettings

const SETTINGS = {
  input: text(
    'input',
    'PATH',
    '',
    'Inputs: a .npz, .npy or .pb file, or a folder of input_0.pb, input_1.pb…; integers',
  ),
  provider: { ...inferenceProvider, flag: 'provider' },
  json: toggle('json', 'Print one JSON document instead of text'),
  ...otherInferenceSettings,
}

/** `assay infer FILE.onnx --input PATH`: runs an exact ONNX file as a node would. */
export const inferCommand: Command<typeof SETTINGS> = {
  name: 'infer',
  summary: 'Run an exact ONNX file on inputs and print outputs and their roots',
  positionals: ['FILE.onnx'],
  settings: SETTINGS,
  run: async ({ input, provider, json, ...given }, [path = ''], { print }) => {
    if (input === '') throw new InvalidError('SettingMissing', 'which inputs? Pass --input PATH')
    const file = await readBounded(path, DEFAULT_DECODE_LIMITS.maxFileBytes)
    const graphBytes = encodeGraph(importOnnx(file))
    const { manifest } = buildModel(graphBytes)
    const inputs = inferencesOf(manifest.inputs, inputNames(file), await readInputArrays(input))
    const content = { get: async () => graphBytes }
    const inference = createInference({ content, ...inferenceOptions({ ...given, inferenceProvider: provider }) })
    try {
      const report = await answer(inference, manifest, inputs)
      print(json ? JSON.stringify(report, null, 2) : describeReport(path, report))
      return 0
    } finally {
      await inference.close()
    }
  },
}

/** Names of the inputs of an ONNX file, in order. Initializers may be listed among them. */
function inputNames(file: Uint8Array): string[] {
  const { graph } = decodeOnnx(file)
  const initializers = new Set(graph.initializers.map(({ name }) => name))
  return graph.inputs.map(({ name }) => name).filter((name) => !initializers.has(name))
}

async function answer(
  inference: InferenceService,
  manifest: ModelManifest,
  inputs: readonly Uint8Array[],
): Promise<InferReport> {
  const { provider, refusal } = await inference.prepare(manifest)
  const inferences: AnsweredInference[] = []
  for (const input of inputs) {
    const output = await inference.infer(manifest, input)
    inferences.push({
      inputRoot: bytesToHex(inputRoot(manifest.inputs, input)),
      outputRoot: bytesToHex(outputRoot(manifest.outputs, output)),
      outputs: decodeOutputs(manifest.outputs, output),
    })
  }
  return { modelId: manifest.modelId, provider, ...(refusal === undefined ? {} : { refusal }), inferences }
}

function decodeOutputs(specs: readonly TensorSpec[], bytes: Uint8Array): AnsweredInference['outputs'] {
  let at = 0
  return specs.map((spec) => {
    const count = specLanes(spec)
    const own = bytes.subarray(at, at + count * spec.laneBytes)
    at += own.length
    return { shape: spec.shape, lanes: Array.from(decodeTensor(own, spec.laneBytes, count)) }
  })
}

/** Lanes of one output that are shown as text. */
const SHOWN_LANES = 16

function describeReport(path: string, { modelId, provider, refusal, inferences }: InferReport): string {
  const rows = [`${path}: model ${modelId}, computed by ${provider}`]
  if (refusal !== undefined) rows.push(`  refused: ${refusal}`)
  inferences.forEach(({ inputRoot, outputRoot, outputs }, i) => {
    rows.push(`inference ${i}: input root ${inputRoot}, output root ${outputRoot}`)
    outputs.forEach(({ shape, lanes }, position) => {
      const more = lanes.length > SHOWN_LANES ? ` … ${lanes.length - SHOWN_LANES} more` : ''
      rows.push(`  output ${position} [${shape.join(', ')}]: ${lanes.slice(0, SHOWN_LANES).join(' ')}${more}`)
    })
  })
  return rows.join('\n')
}

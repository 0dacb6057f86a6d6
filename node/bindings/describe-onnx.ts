import { describeModel } from '../client/describe-model.ts'
import type { ModelDescription } from '../client/model-description.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { importOnnx } from '../exact/import/import-onnx.ts'
import { decodeOnnx } from '../exact/import/onnx-decoder.ts'
import { buildModel } from '../exact/model.ts'

/**
 * The description of an exact ONNX file: modelId, shapes, lanes and bounds as activation on chain would find them, and the file's labels.
 * Cost: that of activation, linear in the file.
 * @throws ImportError when the file is not exact, InvalidError `DescriptionInvalid` naming a label that is wrong.
 */
export function describeOnnx(file: Uint8Array): ModelDescription {
  const { manifest } = buildModel(encodeGraph(importOnnx(file)))
  const { graph, metadata } = decodeOnnx(file)
  const initialized = new Set(graph.initializers.map(({ name }) => name))
  const names = {
    inputs: graph.inputs.map(({ name }) => name).filter((name) => !initialized.has(name)),
    outputs: graph.outputs.map(({ name }) => name),
  }
  return describeModel(manifest, names, metadata)
}

import { readFileSync } from 'node:fs'
import { encodeGraph } from '../node/exact/graph-codec.ts'
import { importOnnx } from '../node/exact/import/import-onnx.ts'
import { buildModel } from '../node/exact/model.ts'
import type { PublishableModel } from './publish-models.ts'

/** Names of the models that the devnet registers; each is `models/NAME/NAME.exact.onnx`. */
export const MODEL_NAMES = ['digits', 'risk'] as const

/** Name of a shipped model. */
export type ModelName = (typeof MODEL_NAMES)[number]

/** Reads and builds a shipped model as `assay check` does. @throws InvalidError when the file is not exact. */
export function loadModel(name: ModelName): PublishableModel {
  const file = readFileSync(modelFile(name, `${name}.exact.onnx`))
  const graphBytes = encodeGraph(importOnnx(file))
  const { manifest } = buildModel(graphBytes)
  return { name, graphBytes, manifest, metadataUri: `data:application/json,${JSON.stringify({ name })}` }
}

/** Reads a shipped model's `sample.json`. */
export function loadSamples<Samples>(name: ModelName): Samples {
  return JSON.parse(readFileSync(modelFile(name, 'sample.json'), 'utf8')) as Samples
}

function modelFile(name: ModelName, file: string): URL {
  return new URL(`../models/${name}/${file}`, import.meta.url)
}

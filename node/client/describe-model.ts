import { InvalidError } from '../protocol/errors.ts'
import type { ModelManifest, TensorSpec } from '../protocol/model-manifest.ts'
import { isObject, type JsonObject, objectAt, refuseField } from './json-fields.ts'
import type { ModelDescription } from './model-description.ts'
import { LABEL_KEYS, parseDescription } from './parse-description.ts'

/** The parts of a manifest that a description repeats. */
type DescribedManifest = Pick<ModelManifest, 'modelId' | 'inputs' | 'outputs'>

/** Names of a model's inputs and outputs, in the order of its manifest. */
export interface TensorNames {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

const PREFIX = 'assay.label.'

/**
 * Joins what a modelId binds with the labels of an exact ONNX file (`assay.label.…` in its metadata; models/README.md says what they
 * may hold). Without labels, lanes are plain integers.
 * @throws InvalidError `DescriptionInvalid` naming the label that is wrong.
 */
export function describeModel(
  { modelId, inputs, outputs }: DescribedManifest,
  names: TensorNames,
  metadata: ReadonlyMap<string, string>,
): ModelDescription {
  requireKnownLabels(names, metadata)
  const title = labelOf(metadata, 'title')
  const described = (kind: 'input' | 'output', specs: readonly TensorSpec[], of: readonly string[]) =>
    specs.map(({ shape, laneBytes, lo, hi }, i) => {
      const name = of[i] ?? `${kind}${i}`
      return { ...tensorLabel(metadata, `${kind}.${name}`), name, shape, laneBytes, lo, hi }
    })
  return parseDescription({
    modelId,
    ...(title === undefined ? {} : { title }),
    inputs: described('input', inputs, names.inputs),
    outputs: described('output', outputs, names.outputs),
  })
}

function tensorLabel(metadata: ReadonlyMap<string, string>, key: string): JsonObject {
  const label = labelOf(metadata, key)
  if (label === undefined) return {}
  if (typeof label === 'string') return { about: label }
  if (Array.isArray(label)) return { columns: label }
  return isObject(label)
    ? objectAt(PREFIX + key, label, LABEL_KEYS)
    : refuseField(PREFIX + key, 'is no text, list or object')
}

function labelOf(metadata: ReadonlyMap<string, string>, key: string): unknown {
  const json = metadata.get(PREFIX + key)
  if (json === undefined) return undefined
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new InvalidError('DescriptionInvalid', `${PREFIX}${key} is not JSON`, { cause })
  }
}

/** A misspelt name must not go unnoticed. */
function requireKnownLabels({ inputs, outputs }: TensorNames, metadata: ReadonlyMap<string, string>): void {
  const known = [...inputs.map((name) => `${PREFIX}input.${name}`), ...outputs.map((name) => `${PREFIX}output.${name}`)]
  for (const key of metadata.keys()) {
    const names = key.startsWith(`${PREFIX}input.`) || key.startsWith(`${PREFIX}output.`)
    if (names && !known.includes(key))
      refuseField(key, `names no input or output: known are ${known.slice(0, 16).join(', ')}`)
  }
}

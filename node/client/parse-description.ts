import type { Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { TensorSpec } from '../protocol/model-manifest.ts'
import { MAX_IO_TENSORS, MAX_RANK, MAX_TENSOR_LANES } from '../protocol/model-manifest-codec.ts'
import { type LaneWidth, laneRange } from '../protocol/tensor-encoding.ts'
import {
  integerAt,
  type JsonObject,
  listAt,
  objectAt,
  realAt,
  refuseField,
  requireDistinct,
  textAt,
  wordAt,
} from './json-fields.ts'
import type {
  ColumnDescription,
  LaneKind,
  LaneMeaning,
  ModelDescription,
  TensorDescription,
} from './model-description.ts'
import { parseReal } from './real.ts'

/** Most columns of a tensor, and most labels of a list. */
export const MAX_NAMES: number = 2 ** 17

const MEANING_KEYS = ['about', 'unit', 'step', 'offset', 'min', 'max', 'range', 'labels', 'kind'] as const
/** Keys of a label that describes a whole tensor. */
export const LABEL_KEYS: readonly string[] = [...MEANING_KEYS, 'axis', 'columns']
const COLUMN_KEYS = ['name', ...MEANING_KEYS]
const TENSOR_KEYS = ['name', 'shape', 'laneBytes', 'lo', 'hi', ...LABEL_KEYS]
const INPUT_KINDS = ['value', 'class'] as const
const OUTPUT_KINDS = ['value', 'class', 'scores', 'logits', 'probabilities'] as const

/**
 * Reads a description from JSON text, of any origin. What is left out takes the defaults that models/README.md states.
 * @throws InvalidError `DescriptionInvalid` naming what is wrong and where.
 */
export function readDescription(json: string): ModelDescription {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw new InvalidError('DescriptionInvalid', 'the description is not JSON', { cause })
  }
  return parseDescription(value)
}

/** As {@link readDescription}, of a JSON value. @throws InvalidError `DescriptionInvalid`. */
export function parseDescription(value: unknown): ModelDescription {
  const fields = objectAt('description', value, ['modelId', 'title', 'inputs', 'outputs'])
  const { modelId } = fields
  if (typeof modelId !== 'string' || !/^0x[0-9a-f]{64}$/.test(modelId)) {
    refuseField('modelId', 'is no 32 bytes of lower-case hex')
  }
  const tensors = (key: 'inputs' | 'outputs', kinds: readonly LaneKind[]) => {
    const list = listAt(key, fields[key], MAX_IO_TENSORS).map((entry, i) => tensorAt(`${key}[${i}]`, entry, kinds))
    const names = list.map(({ name }) => name)
    requireDistinct(key, names)
    return list
  }
  return {
    modelId: modelId as Hex,
    ...optionalText('description', fields, 'title'),
    inputs: tensors('inputs', INPUT_KINDS),
    outputs: tensors('outputs', OUTPUT_KINDS),
  }
}

/** A tensor's description. @param where how errors name it @throws InvalidError `DescriptionInvalid`. */
export function tensorAt(where: string, value: unknown, kinds: readonly LaneKind[]): TensorDescription {
  const fields = objectAt(where, value, TENSOR_KEYS)
  const name = textAt(`${where}.name`, fields.name)
  const spec = specAt(where, fields)
  const meaning = meaningAt(where, fields, DEFAULT_MEANING)
  const kind = kindAt(where, fields, meaning, kinds, meaning.labels === undefined ? 'value' : 'class')
  const columns = fields.columns === undefined ? undefined : listAt(`${where}.columns`, fields.columns, MAX_NAMES)
  const perClass = kind !== 'value' && kind !== 'class'
  if (columns !== undefined && perClass) refuseField(where, `has columns, so it cannot be ${kind}`)
  if (columns === undefined && !perClass) {
    if (fields.axis !== undefined) refuseField(`${where}.axis`, 'has neither columns nor one lane a class')
    return { name, ...spec, ...meaning, kind }
  }
  const axis = axisAt(where, fields.axis, spec.shape)
  const extent = spec.shape[axis] as number
  if (columns === undefined) {
    if (meaning.labels && meaning.labels.length !== extent) {
      refuseField(`${where}.labels`, `${meaning.labels.length} names for ${extent} lanes along axis ${axis}`)
    }
    return { name, ...spec, ...meaning, kind, axis }
  }
  if (columns.length !== extent) {
    refuseField(`${where}.columns`, `${columns.length} columns for ${extent} lanes along axis ${axis}`)
  }
  return { name, ...spec, ...meaning, kind, axis, columns: columnsAt(`${where}.columns`, columns, meaning, kind) }
}

function columnsAt(
  where: string,
  list: readonly unknown[],
  { about: _, ...inherited }: LaneMeaning,
  tensorKind: LaneKind,
): readonly ColumnDescription[] {
  const columns = list.map((entry, i): ColumnDescription => {
    const at = `${where}[${i}]`
    const fields = objectAt(at, entry, COLUMN_KEYS)
    const meaning = meaningAt(at, fields, inherited)
    const usual = meaning.labels !== undefined || tensorKind === 'class' ? 'class' : 'value'
    const kind = kindAt(at, fields, meaning, INPUT_KINDS, usual)
    return { name: textAt(`${at}.name`, fields.name), ...meaning, kind }
  })
  requireDistinct(
    where,
    columns.map(({ name }) => name),
  )
  return columns
}

const DEFAULT_MEANING: LaneMeaning = { step: '1', offset: '0' }

function meaningAt(where: string, fields: JsonObject, inherited: LaneMeaning): LaneMeaning {
  const real = (key: 'step' | 'offset' | 'min' | 'max') =>
    fields[key] === undefined ? inherited[key] : realAt(`${where}.${key}`, fields[key])
  const [step = '1', offset = '0', min, max] = [real('step'), real('offset'), real('min'), real('max')]
  if (parseReal(step).numerator <= 0n) refuseField(`${where}.step`, `${step} is not positive`)
  if (min !== undefined && max !== undefined && isLess(max, min)) refuseField(where, `min ${min} is above max ${max}`)
  const range =
    fields.range === undefined ? inherited.range : wordAt(`${where}.range`, fields.range, ['clip', 'strict'])
  const labels = fields.labels === undefined ? inherited.labels : labelsAt(`${where}.labels`, fields.labels)
  return {
    ...inherited,
    ...optionalText(where, fields, 'about'),
    ...optionalText(where, fields, 'unit'),
    step,
    offset,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(range === undefined ? {} : { range }),
    ...(labels === undefined ? {} : { labels }),
  }
}

function kindAt<const Kind extends LaneKind>(
  where: string,
  fields: JsonObject,
  { labels, step, offset }: LaneMeaning,
  kinds: readonly Kind[],
  usual: 'value' | 'class',
): Kind | 'value' | 'class' {
  const kind = fields.kind === undefined ? usual : wordAt(`${where}.kind`, fields.kind, kinds)
  if (kind === 'value' && labels !== undefined) refuseField(where, 'has labels, so its kind is not value')
  if (kind === 'class' && (step !== '1' || offset !== '0')) {
    refuseField(where, 'holds indices of classes, which have no step or offset')
  }
  return kind
}

function labelsAt(where: string, value: unknown): readonly string[] {
  const labels = listAt(where, value, MAX_NAMES).map((label, i) => textAt(`${where}[${i}]`, label))
  if (labels.length === 0) refuseField(where, 'is empty')
  requireDistinct(where, labels)
  return labels
}

function axisAt(where: string, value: unknown, shape: readonly number[]): number {
  if (shape.length === 0) refuseField(where, 'is a scalar, which has no axis for columns or classes')
  const axis = value === undefined ? -1 : integerAt(`${where}.axis`, value, -shape.length, shape.length - 1)
  return axis < 0 ? axis + shape.length : axis
}

function specAt(where: string, fields: JsonObject): TensorSpec {
  const shape = listAt(`${where}.shape`, fields.shape, MAX_RANK).map((extent) =>
    integerAt(`${where}.shape`, extent, 1, MAX_TENSOR_LANES),
  )
  if (shape.reduce((lanes, extent) => lanes * extent, 1) > MAX_TENSOR_LANES) {
    refuseField(`${where}.shape`, `more than ${MAX_TENSOR_LANES} lanes`)
  }
  const laneBytes = integerAt(`${where}.laneBytes`, fields.laneBytes, 1, 8) as LaneWidth
  if (![1, 2, 4, 8].includes(laneBytes)) refuseField(`${where}.laneBytes`, `${laneBytes} is none of 1, 2, 4, 8`)
  const range = laneRange(laneBytes)
  const hi = integerAt(`${where}.hi`, fields.hi, range.lo, range.hi)
  return { shape, laneBytes, lo: integerAt(`${where}.lo`, fields.lo, range.lo, hi), hi }
}

function optionalText<const Key extends string>(
  where: string,
  fields: JsonObject,
  key: Key,
): { readonly [K in Key]?: string } {
  const value = fields[key]
  return (value === undefined ? {} : { [key]: textAt(`${where}.${key}`, value) }) as { readonly [K in Key]?: string }
}

function isLess(a: string, b: string): boolean {
  const [x, y] = [parseReal(a), parseReal(b)]
  return x.numerator * y.denominator < y.numerator * x.denominator
}

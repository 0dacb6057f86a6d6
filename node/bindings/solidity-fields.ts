import { admittedLanes, type LaneBounds, rangeText } from '../client/lane-encoder.ts'
import type { LaneKind, LaneMeaning, ModelDescription, TensorDescription } from '../client/model-description.ts'
import { specLanes } from '../protocol/inference-roots.ts'
import type { TensorSpec } from '../protocol/model-manifest.ts'
import type { NameScope } from './identifiers.ts'

/** A tensor of more columns becomes one array, without conversions by column. */
const MAX_COLUMN_FIELDS = 64
/** An output of more lanes stays encoded. */
const MAX_DECODED_LANES = 256

/**
 * How a field holds its lanes: one lane as an integer; an array of integers; an input's values 0 … 255 as bytes, one each; or an
 * output's lanes as the bytes they came in.
 */
export type FieldForm = 'lane' | 'array' | 'bytes' | 'encoded'

/** What some lanes of a field mean. */
export interface FieldPart {
  /** The field's name, and the column's within an array. */
  readonly name: string
  readonly meaning: LaneMeaning & { readonly kind: LaneKind }
  /** Lanes that the model takes, of inputs; of outputs, what it can give. */
  readonly bounds: LaneBounds
}

/** A field of the `Input` or `Output` struct. */
export interface SolidityField {
  readonly name: string
  readonly form: FieldForm
  /** Solidity's type of one lane. */
  readonly laneType: string
  readonly lanes: number
  /** First byte within the encoded inputs or outputs. */
  readonly offset: number
  /** Shape, lane width and bounds of the tensor that the field is of. */
  readonly spec: TensorSpec
  /** What the field is as a whole. */
  readonly meaning: FieldPart['meaning']
  /** The field itself or, within an array, its columns. */
  readonly parts: readonly FieldPart[]
}

/** The fields of the `Input` struct, in the order of their bytes. */
export function inputFields({ inputs }: ModelDescription, names: NameScope): readonly SolidityField[] {
  return fieldsOf(inputs, names, 'input')
}

/** The fields of the `Output` struct, in the order of their bytes. */
export function outputFields({ outputs }: ModelDescription, names: NameScope): readonly SolidityField[] {
  return fieldsOf(outputs, names, 'output')
}

/** Solidity's type of a field in a struct. */
export function fieldType({ form, laneType }: SolidityField): string {
  if (form === 'lane') return laneType
  return form === 'array' ? `${laneType}[]` : 'bytes'
}

/** What a field is, for NatSpec: one paragraph. */
export function fieldText(field: SolidityField): string {
  const { meaning, parts } = field
  const [only] = parts
  const whole = parts.length === 1 && only?.name === field.name
  const text = [
    meaning.about ?? '',
    ...(whole ? meaningTexts(only) : []),
    formText(field),
    ...(whole ? [] : parts.map(partText)),
  ]
  const joined = text.filter((phrase) => phrase !== '').join('; ')
  return `${joined[0]?.toUpperCase()}${joined.slice(1)}.`
}

function partText(part: FieldPart): string {
  const phrases = [part.meaning.about ?? '', ...meaningTexts(part)].filter((phrase) => phrase !== '')
  return `${part.name}: ${phrases.join(', ')}`
}

function meaningTexts({ meaning, bounds }: FieldPart): string[] {
  const { unit, kind, range, step, offset } = meaning
  return [
    unit ?? '',
    classText(meaning),
    kind === 'class' && tellingLabels(meaning).length > 0 ? '' : rangeText({ step, offset }, bounds),
    range === 'clip' ? 'the model clips what is beyond' : '',
  ]
}

/** The labels of classes; none where they only repeat the index. */
export function tellingLabels({ labels = [] }: LaneMeaning): readonly string[] {
  return labels.some((label, i) => label !== String(i)) ? labels : []
}

function classText(meaning: FieldPart['meaning']): string {
  const { kind } = meaning
  if (kind === 'value') return ''
  const labels = tellingLabels(meaning)
  const listed =
    labels.length > 0 && labels.length <= 16 ? `: ${labels.map((label, i) => `${i} ${label}`).join(', ')}` : ''
  return `${kind === 'class' ? 'index of a class' : `${kind} of classes`}${listed}`
}

function formText({ form, spec: { shape, laneBytes }, lanes }: SolidityField): string {
  if (form === 'lane') return ''
  const count = shape.length > 1 ? `${lanes} of [${shape.join(', ')}] in row-major order` : `${lanes}`
  if (form === 'array') return count
  return form === 'bytes' ? `${count}, a byte each` : `${count}, encoded in lanes of ${laneBytes} bytes`
}

function fieldsOf(
  tensors: readonly TensorDescription[],
  names: NameScope,
  role: 'input' | 'output',
): readonly SolidityField[] {
  let offset = 0
  return tensors.flatMap((tensor) => {
    const fields = tensorFields(tensor, names, role, offset)
    offset += specLanes(tensor) * tensor.laneBytes
    return fields
  })
}

function tensorFields(
  tensor: TensorDescription,
  names: NameScope,
  role: 'input' | 'output',
  offset: number,
): readonly SolidityField[] {
  const { shape, laneBytes, lo, hi, columns = [] } = tensor
  const spec = { shape, laneBytes, lo, hi }
  const lanes = specLanes(tensor)
  const partOf = (name: string, meaning: FieldPart['meaning']) => {
    return { name, meaning, bounds: admittedLanes(meaning, tensor) }
  }
  if (columns.length === lanes && lanes <= MAX_COLUMN_FIELDS) {
    return columns.map((column, i) => {
      const name = names.field(column.name)
      const type = laneType(column.kind, role, spec)
      const at = offset + i * laneBytes
      const parts = [partOf(name, column)]
      return { name, form: 'lane', laneType: type, lanes: 1, offset: at, spec, meaning: column, parts }
    })
  }
  const name = names.field(tensor.name)
  const named = columns.length > MAX_COLUMN_FIELDS ? [] : columns
  const parts = columns.length > 0 ? named.map((column) => partOf(column.name, column)) : [partOf(name, tensor)]
  const [form, type] = [formOf(spec, lanes, role), laneType(tensor.kind, role, spec)]
  return [{ name, form, laneType: type, lanes, offset, spec, meaning: tensor, parts }]
}

function formOf({ lo, hi, laneBytes }: TensorSpec, lanes: number, role: 'input' | 'output'): FieldForm {
  if (lanes === 1) return 'lane'
  if (role === 'output') return lanes > MAX_DECODED_LANES ? 'encoded' : 'array'
  return lo >= 0 && hi <= 255 && laneBytes <= 2 ? 'bytes' : 'array'
}

/** Lanes are signed; only the index of a class, which an output proves not to be negative, is better unsigned. */
function laneType(kind: LaneKind, role: 'input' | 'output', { laneBytes, lo, shape }: TensorSpec): string {
  const single = shape.every((extent) => extent === 1)
  return `${kind === 'class' && role === 'output' && lo >= 0 && single ? 'uint' : 'int'}${8 * laneBytes}`
}

import { admittedLanes, type LaneBounds, rangeText } from '../client/lane-encoder.ts'
import type { LaneKind, LaneMeaning, ModelDescription, TensorDescription } from '../client/model-description.ts'
import { specLanes } from '../protocol/inference-roots.ts'
import type { LaneWidth } from '../protocol/tensor-encoding.ts'
import type { NameScope } from './identifiers.ts'

/** A tensor of more columns becomes one array. */
const MAX_COLUMN_FIELDS = 64
/** An output of more lanes stays encoded. */
const MAX_DECODED_LANES = 256

/**
 * How a field holds its lanes: one lane as an integer; an array of integers; an input's values 0 … 255 as bytes, one each; or an
 * output's lanes as the bytes they came in.
 */
export type FieldForm = 'lane' | 'array' | 'bytes' | 'encoded'

/** A field of the `Input` or `Output` struct. */
export interface SolidityField {
  readonly name: string
  readonly form: FieldForm
  /** Solidity's type of one lane. */
  readonly laneType: string
  readonly laneBytes: LaneWidth
  readonly lanes: number
  /** First byte within the encoded inputs or outputs. */
  readonly offset: number
  readonly shape: readonly number[]
  readonly meaning: LaneMeaning & { readonly kind: LaneKind }
  /** Lanes that the model takes, for inputs; for outputs, what it can give. */
  readonly bounds: LaneBounds
  /** Bounds of the tensor: what a value is clipped to. */
  readonly hard: LaneBounds
  /** Names of columns within an array, in order. */
  readonly columns: readonly string[]
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
  const { meaning, bounds } = field
  const { about, unit, kind, range, step, offset } = meaning
  const parts = [
    about ?? '',
    unit ?? '',
    classText(meaning),
    kind === 'class' && tellingLabels(meaning).length > 0 ? '' : rangeText({ step, offset }, bounds),
    range === 'clip' ? 'the model clips what is beyond' : '',
    formText(field),
  ]
  const text = parts.filter((part) => part !== '').join('; ')
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`
}

/** The labels of classes; none where they only repeat the index. */
export function tellingLabels({ labels = [] }: LaneMeaning): readonly string[] {
  return labels.some((label, i) => label !== String(i)) ? labels : []
}

function classText(meaning: SolidityField['meaning']): string {
  const { kind } = meaning
  if (kind === 'value') return ''
  const labels = tellingLabels(meaning)
  const listed =
    labels.length > 0 && labels.length <= 16 ? `: ${labels.map((label, i) => `${i} ${label}`).join(', ')}` : ''
  return `${kind === 'class' ? 'index of a class' : `${kind} of classes`}${listed}`
}

function formText({ form, shape, lanes, laneBytes, columns }: SolidityField): string {
  if (form === 'lane') return ''
  const count = shape.length > 1 ? `${lanes} of [${shape.join(', ')}] in row-major order` : `${lanes}`
  const held = form === 'array' ? '' : form === 'bytes' ? ', a byte each' : `, encoded in lanes of ${laneBytes} bytes`
  const named = columns.slice(0, 32).join(', ')
  return `${count}${held}${columns.length === 0 ? '' : `; columns ${named}${columns.length > 32 ? ', …' : ''}`}`
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
  const { laneBytes, shape, lo, hi, columns = [] } = tensor
  const lanes = specLanes(tensor)
  const common = { laneBytes, shape, hard: { lo, hi }, columns: [] as readonly string[] }
  if (columns.length === lanes && lanes <= MAX_COLUMN_FIELDS) {
    return columns.map((column, i) => ({
      ...common,
      name: names.field(column.name),
      form: 'lane',
      laneType: laneType(column.kind, role, tensor),
      lanes: 1,
      offset: offset + i * laneBytes,
      meaning: column,
      bounds: admittedLanes(column, tensor),
    }))
  }
  const form = formOf(tensor, lanes, role)
  const field: SolidityField = {
    ...common,
    name: names.field(tensor.name),
    form,
    laneType: laneType(tensor.kind, role, tensor),
    lanes,
    offset,
    meaning: tensor,
    bounds: admittedLanes(tensor, tensor),
    columns: columns.map(({ name }) => name),
  }
  return [field]
}

function formOf({ lo, hi, laneBytes }: TensorDescription, lanes: number, role: 'input' | 'output'): FieldForm {
  if (lanes === 1) return 'lane'
  if (role === 'output') return lanes > MAX_DECODED_LANES ? 'encoded' : 'array'
  return lo >= 0 && hi <= 255 && laneBytes <= 2 ? 'bytes' : 'array'
}

/** Lanes are signed; only the index of a class, which an output proves not to be negative, is better unsigned. */
function laneType(kind: LaneKind, role: 'input' | 'output', { laneBytes, lo, shape }: TensorDescription): string {
  const single = shape.every((extent) => extent === 1)
  return `${kind === 'class' && role === 'output' && lo >= 0 && single ? 'uint' : 'int'}${8 * laneBytes}`
}

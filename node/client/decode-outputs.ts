import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { specLanes, valuesSizeBytes } from '../protocol/inference-roots.ts'
import { decodeTensor, type Lanes } from '../protocol/tensor-encoding.ts'
import { laneReader, laneScale, realOfLane } from './lane-scale.ts'
import type { LaneKind, LaneMeaning, ModelDescription, TensorDescription } from './model-description.ts'
import { type RankedClass, rankedClasses } from './ranked-classes.ts'
import { decimalOf } from './real.ts'
import { axisLayout, laneAt } from './tensor-lanes.ts'

/** One output, decoded. */
export interface DecodedOutput {
  readonly name: string
  readonly kind: LaneKind
  readonly about?: string
  readonly unit?: string
  readonly shape: readonly number[]
  /** The integers that the model gave, row-major. */
  readonly lanes: Lanes
  /** Their real values, each the number nearest to offset + step × lane; {@link laneDecimal} has them exactly. */
  readonly values: readonly number[]
  /** Where the output has columns: their values by name, one object a row. */
  readonly rows?: readonly Readonly<Record<string, number>>[]
  /**
   * Where the output names classes: one list a row, the best first. Indices of classes give lists of one; scores, logits
   * and probabilities as many as were asked for.
   */
  readonly classes?: readonly (readonly RankedClass[])[]
}

/** All outputs by name. */
export type OutputsOf<Description extends ModelDescription> = {
  readonly [Tensor in Description['outputs'][number] as Tensor['name']]: DecodedOutput
}

/** How outputs are decoded. */
export interface DecodeOptions {
  /** Most classes of each row. Default 5. */
  readonly top?: number
}

/**
 * Decodes what `Inference.run` or `ai_infer` gave.
 * @throws InvalidError `OutputInvalid` when the bytes are not the outputs that the description declares.
 */
export function decodeOutputs<const Description extends ModelDescription>(
  description: Description,
  output: Hex | Uint8Array,
  { top = 5 }: DecodeOptions = {},
): OutputsOf<Description> {
  const bytes = typeof output === 'string' ? hexToBytes(output) : output
  const expected = valuesSizeBytes(description.outputs)
  if (bytes.length !== expected) {
    const message = `the output has ${bytes.length} bytes, the description declares ${expected}: is it of another model?`
    throw new InvalidError('OutputInvalid', message)
  }
  let at = 0
  const decoded = description.outputs.map((tensor): [string, DecodedOutput] => {
    const count = specLanes(tensor)
    const end = at + count * tensor.laneBytes
    const lanes = decodeTensor(bytes.subarray(at, end), tensor.laneBytes, count)
    at = end
    return [tensor.name, decodeOutput(tensor, lanes, top)]
  })
  return Object.fromEntries(decoded) as OutputsOf<Description>
}

/** The exact real value of a lane as decimal text: 278 in steps of 0.0001 is `0.0278`. */
export function laneDecimal({ step, offset }: Pick<LaneMeaning, 'step' | 'offset'>, lane: number): string {
  return decimalOf(realOfLane(laneScale(step, offset), lane))
}

function decodeOutput(tensor: TensorDescription, lanes: Lanes, top: number): DecodedOutput {
  const { name, kind, shape, about, unit } = tensor
  const values = valuesOf(tensor, lanes)
  const rows = rowsOf(tensor, values)
  const classes = rankedClasses(tensor, lanes, values, top)
  return {
    name,
    kind,
    ...(about === undefined ? {} : { about }),
    ...(unit === undefined ? {} : { unit }),
    shape,
    lanes,
    values,
    ...(rows === undefined ? {} : { rows }),
    ...(classes === undefined ? {} : { classes }),
  }
}

function valuesOf({ columns, shape, axis = -1, step, offset }: TensorDescription, lanes: Lanes): readonly number[] {
  if (columns === undefined) return Array.from(lanes, laneReader(laneScale(step, offset)))
  const { extent, inner } = axisLayout(shape, axis)
  const readers = columns.map((column) => laneReader(laneScale(column.step, column.offset)))
  return Array.from(lanes, (lane, i) => readers[Math.floor(i / inner) % extent]?.(lane) ?? lane)
}

function rowsOf({ columns, shape, axis = -1 }: TensorDescription, values: readonly number[]): DecodedOutput['rows'] {
  if (columns === undefined) return undefined
  const layout = axisLayout(shape, axis)
  return Array.from({ length: layout.rows }, (_, row) =>
    Object.fromEntries(columns.map(({ name }, c) => [name, values[laneAt(layout, row, c)] as number])),
  )
}

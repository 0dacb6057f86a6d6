import { laneRange } from '../../protocol/tensor-encoding.ts'
import type { GraphInput, LaneBytes, Shape } from '../graph.ts'
import { laneBytesFor, shapeEquals, shapeText, within } from '../tensor-data.ts'
import { toIntegers } from './align.ts'
import { type Dtype, dtypeOf } from './dtypes.ts'
import { refuse } from './import-error.ts'
import { factsOf, type NodeContext, type Tracked } from './node-context.ts'
import type { OnnxModel, OnnxValueInfo } from './onnx-model.ts'

/*
 * What a caller sends and gets. The file declares it in metadata_props, as JSON:
 *   assay.input.NAME  = {"laneBytes": 1 | 2 | 4 | 8, "lo": integer, "hi": integer}
 *   assay.output.NAME = {"laneBytes": 1 | 2 | 4 | 8}
 * Every key may be left out: an input's bounds are then its type's range, and a lane is wide enough for the whole type (2
 * bytes for uint8, as lanes are signed). Float inputs must declare bounds, float outputs lanes; both hold integers.
 * Text for people goes to assay.label.*, which nobody reads here.
 */

const LANE_BYTES: readonly unknown[] = [1, 2, 4, 8]

/** Refuses declarations for names that the file does not have: a misspelt bound must not go unnoticed. @throws ImportError. */
export function requireKnownNames({ graph, metadata }: OnnxModel): void {
  const declarable = [
    ...graph.inputs.map(({ name }) => `assay.input.${name}`),
    ...graph.outputs.map(({ name }) => `assay.output.${name}`),
  ]
  const known = new Set(declarable)
  for (const key of metadata.keys()) {
    if (/^assay\.(input|output)\./.test(key) && !known.has(key)) {
      refuse(
        'OnnxGraphInvalid',
        `metadata ${key} names no input or output: known are ${declarable.slice(0, 16).join(', ')}`,
      )
    }
  }
}

/** Refuses inputs and outputs that are no tensors. @throws ImportError. */
export function requireTensors({ graph }: OnnxModel): void {
  for (const { name, isTensor } of [...graph.inputs, ...graph.outputs]) {
    if (!isTensor) refuse('OnnxUnsupported', `${name} is no plain tensor (sequence, map or sparse)`)
  }
}

/** The declared element type of a graph input or output. @throws ImportError `OnnxUnsupported`. */
export function declaredType(info: OnnxValueInfo): Dtype {
  if (info.dataType === undefined) refuse('OnnxMalformed', 'declares no element type')
  return (
    dtypeOf(info.dataType) ?? refuse('OnnxUnsupported', `has data type ${info.dataType}, which exact files may not use`)
  )
}

/** The declared extents, all of which must be numbers. @throws ImportError `OnnxShapeInvalid`. */
export function declaredShape(info: OnnxValueInfo): Shape {
  const dims = info.dims ?? refuse('OnnxShapeInvalid', 'declares no shape')
  return dims.map((extent) => {
    if (typeof extent === 'number' && extent >= 1) return extent
    return refuse('OnnxShapeInvalid', `has a dimension ${extent}: export with fixed extents and a batch of 1`)
  })
}

/** The ExactGraph input that a file's input stands for. @throws ImportError. */
export function readInput(info: OnnxValueInfo, metadata: ReadonlyMap<string, string>): GraphInput {
  const dtype = declaredType(info)
  const key = `assay.input.${info.name}`
  const spec = readSpec(key, metadata.get(key), ['laneBytes', 'lo', 'hi'])
  const lo = (spec.lo ?? dtype.range.lo) + 0
  const hi = (spec.hi ?? dtype.range.hi) + 0
  if (dtype.float && (spec.lo === undefined || spec.hi === undefined)) {
    refuse('OnnxInexact', `is ${dtype.name} without bounds: use an integer type, or declare lo and hi in ${key}`)
  }
  if (lo > hi || !within({ lo, hi }, dtype.range)) {
    refuse('OnnxInexact', `${key}: [${lo}, ${hi}] is no range within ${dtype.budget}`)
  }
  const laneBytes = (spec.laneBytes as LaneBytes | undefined) ?? dtype.laneBytes ?? laneBytesFor({ lo, hi })
  if (!within({ lo, hi }, laneRange(laneBytes))) {
    refuse(
      'OnnxInexact',
      `${key}: lanes of ${laneBytes} bytes do not hold [${lo}, ${hi}]: use ${laneBytesFor({ lo, hi })}`,
    )
  }
  return { shape: declaredShape(info), laneBytes, lo, hi }
}

/** Checks what a file says of an output against what was proven, and returns it as integers, with its lane. @throws ImportError. */
export function readOutput(
  context: NodeContext,
  info: OnnxValueInfo,
  tensor: Tracked,
  metadata: ReadonlyMap<string, string>,
): { readonly tensor: Tracked; readonly laneBytes: LaneBytes } {
  requireDeclared(context, info, tensor)
  const whole = toIntegers(context, tensor, 'outputs are integers: add Round, or Mul by a power of two')
  const key = `assay.output.${info.name}`
  const { laneBytes = whole.dtype.laneBytes } = readSpec(key, metadata.get(key), ['laneBytes'])
  if (laneBytes === undefined) refuse('OnnxInexact', `is ${whole.dtype.name}: cast it to an integer, or declare ${key}`)
  const { lo, hi } = factsOf(context, whole)
  if (!within({ lo, hi }, laneRange(laneBytes as LaneBytes))) {
    refuse(
      'OnnxInexact',
      `[${lo}, ${hi}] does not fit lanes of ${laneBytes} bytes: declare ${laneBytesFor({ lo, hi })}`,
    )
  }
  return { tensor: whole, laneBytes: laneBytes as LaneBytes }
}

/** Checks the declared type and extents of a value against what was inferred. @throws ImportError `OnnxShapeInvalid`. */
export function requireDeclared(context: NodeContext, info: OnnxValueInfo, tensor: Tracked): void {
  const { shape } = factsOf(context, tensor)
  if (info.dataType !== undefined && dtypeOf(info.dataType) !== tensor.dtype) {
    refuse('OnnxShapeInvalid', `${info.name} declares data type ${info.dataType}, but is ${tensor.dtype.name}`)
  }
  const declared = info.dims?.map((extent, axis) => (typeof extent === 'number' ? extent : (shape[axis] ?? 0)))
  if (declared && !shapeEquals(declared, shape)) {
    refuse('OnnxShapeInvalid', `${info.name} declares the shape ${shapeText(declared)}, but has ${shapeText(shape)}`)
  }
}

type Spec = { readonly [K in 'laneBytes' | 'lo' | 'hi']?: number }

function readSpec(key: string, json: string | undefined, known: readonly string[]): Spec {
  if (json === undefined) return {}
  const spec = parseObject(key, json)
  for (const [name, value] of Object.entries(spec)) {
    if (!known.includes(name)) refuse('OnnxMalformed', `${key}: unknown key ${name}, known are ${known.join(', ')}`)
    const valid = name === 'laneBytes' ? LANE_BYTES.includes(value) : Number.isSafeInteger(value)
    if (!valid) refuse('OnnxMalformed', `${key}: ${name} is ${JSON.stringify(value)}`)
  }
  return spec as Spec
}

function parseObject(key: string, json: string): object {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    refuse('OnnxMalformed', `${key} is not JSON`, cause)
  }
  return refuse('OnnxMalformed', `${key} is not a JSON object`)
}

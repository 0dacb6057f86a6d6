import type { Shape } from '../exact/graph.ts'
import { nodeLabel, resolveGraph } from '../exact/import/graph-order.ts'
import { decodeOnnx } from '../exact/import/onnx-decoder.ts'
import type { OnnxModel, OnnxNode, OnnxValueInfo } from '../exact/import/onnx-model.ts'
import { bindDimensions, type Dimensions } from './dimensions.ts'
import type { ElementKind } from './float-graph.ts'
import { refuse } from './quantise-error.ts'
import { kindOf } from './read-tensor.ts'

/** Operator sets of the default domain that float models may be of. */
export const FLOAT_OPSETS = { least: 11, most: 21 } as const

/** An input of a float model, with its axes bound. */
export interface FloatInput {
  readonly name: string
  /** TensorProto.DataType. */
  readonly dataType: number
  readonly kind: ElementKind
  readonly shape: Shape
}

/** A float model as its file describes it, with static inputs. Inner shapes are not known yet. */
export interface FloatModel {
  readonly bytes: Uint8Array
  readonly opset: number
  readonly onnx: OnnxModel
  /** Names that the file itself gives out as tensors. */
  readonly declaredOutputs: ReadonlySet<string>
  /** Inputs that callers give: those with no initializer. */
  readonly inputs: readonly FloatInput[]
  /** The nodes that an output depends on, each with its label. */
  readonly nodes: readonly { readonly node: OnnxNode; readonly label: string }[]
}

/**
 * Reads an ordinary float ONNX file. Cost: linear in the bytes.
 * @throws ImportError for bytes that are no model within the decoder's bounds; QuantiseError for its dimensions and types.
 */
export function readFloatModel(bytes: Uint8Array, dimensions: Dimensions): FloatModel {
  const decoded = decodeOnnx(bytes)
  const declaredOutputs = new Set(decoded.graph.outputs.flatMap(({ name, isTensor }) => (isTensor ? [name] : [])))
  const onnx = withoutMaps(decoded)
  // A model of the ai.onnx.ml domain alone names no default operator set.
  const opset = onnx.opsets.get('') ?? (onnx.opsets.has('ai.onnx.ml') ? FLOAT_OPSETS.least : 0)
  if (opset < FLOAT_OPSETS.least || opset > FLOAT_OPSETS.most) {
    refuse(
      'QuantiseUnsupported',
      `operator set ${opset}: export with one of ${FLOAT_OPSETS.least} to ${FLOAT_OPSETS.most}`,
    )
  }
  const live = resolveGraph(onnx.graph)
  const initialized = new Set(onnx.graph.initializers.map(({ name }) => name))
  const infos = onnx.graph.inputs.filter(({ name }) => !initialized.has(name))
  const shapes = bindDimensions(infos, dimensions)
  const inputs = infos.map(({ name, dataType = 0 }, index) => {
    const shape = shapes[index] as Shape
    return { name, dataType, kind: kindOf(dataType, `input ${name}`), shape }
  })
  const nodes = onnx.graph.nodes.flatMap((node, index) =>
    live[index] ? [{ node, label: nodeLabel(node, index) }] : [],
  )
  return { bytes, opset, onnx, declaredOutputs, inputs, nodes }
}

/**
 * A converted classifier often ends in a ZipMap, which turns scores into a sequence of maps: the model's output is then what the map was
 * made of. @throws QuantiseError for other inputs and outputs that are no tensors.
 */
function withoutMaps(onnx: OnnxModel): OnnxModel {
  const maps = new Map(
    onnx.graph.nodes
      .filter(({ opType, domain }) => opType === 'ZipMap' && domain === 'ai.onnx.ml')
      .map(({ inputs, outputs }) => [outputs[0] ?? '', inputs[0] ?? '']),
  )
  for (const { name, isTensor } of [...onnx.graph.inputs, ...onnx.graph.outputs]) {
    if (!isTensor && !maps.has(name)) refuse('QuantiseUnsupported', `${name} is no plain tensor: export a tensor`)
  }
  const outputs = onnx.graph.outputs.map((info): OnnxValueInfo => {
    const source = maps.get(info.name)
    return source === undefined ? info : { name: source, dataType: undefined, dims: undefined, isTensor: true }
  })
  return { ...onnx, graph: { ...onnx.graph, outputs } }
}

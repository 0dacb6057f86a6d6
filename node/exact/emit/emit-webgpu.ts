import type { CheckedGraph } from '../graph.ts'
import { type EmittedModel, emitModel } from './emit-cpu.ts'
import { encodeOnnxModel, type OnnxDtype, type OnnxModel, type OnnxNode } from './onnx-writer.ts'
import { tensorDtypes } from './tensor-dtypes.ts'

/** What is known of a model while its nodes are placed. */
interface Placing {
  dtypeOf(tensor: string | undefined): OnnxDtype | undefined
  /** Elements of a constant int64 vector. */
  int64sOf(tensor: string | undefined): readonly number[]
}

/** Which nodes of one op type a GPU computes exactly: those with results of these element types that fit as well. */
interface GpuRule {
  readonly dtypes: readonly OnnxDtype[]
  readonly fits?: (node: OnnxNode, placing: Placing) => boolean
}

const FLOAT32: readonly OnnxDtype[] = ['float32']
const WORDS: readonly OnnxDtype[] = ['float32', 'int32']

/**
 * The nodes for a GPU, by op type. WGSL rounds sums, products and Floor correctly, and integers within 2^24 need no rounding; its
 * Div and Sqrt may err, and it has neither float64 nor int64.
 */
const GPU_RULES: Readonly<Record<string, GpuRule>> = {
  MatMul: { dtypes: FLOAT32 },
  Conv: { dtypes: FLOAT32, fits: fitsConv },
  MaxPool: { dtypes: FLOAT32 },
  Add: { dtypes: WORDS },
  Sub: { dtypes: WORDS },
  Mul: { dtypes: WORDS },
  Min: { dtypes: FLOAT32 },
  Max: { dtypes: FLOAT32 },
  Clip: { dtypes: FLOAT32 },
  Floor: { dtypes: FLOAT32 },
  ReduceSum: { dtypes: FLOAT32 },
  ReduceMax: { dtypes: FLOAT32 },
  ReduceMin: { dtypes: FLOAT32 },
  Gather: { dtypes: WORDS },
  Reshape: { dtypes: WORDS },
  Transpose: { dtypes: WORDS },
  Slice: { dtypes: WORDS, fits: fitsSlice },
  Pad: { dtypes: FLOAT32 },
  Concat: { dtypes: WORDS },
  Expand: { dtypes: WORDS },
  Identity: { dtypes: WORDS },
  Cast: { dtypes: WORDS, fits: ({ inputs }, { dtypeOf }) => WORDS.includes(dtypeOf(inputs[0]) as OnnxDtype) },
}

/**
 * Emits a fresh ONNX model for ONNX Runtime's WebGPU provider: contractions in float32 within 2^24, and all nodes that a GPU
 * would not compute exactly (wide values, Div, Sqrt, Round, bytes) named in `cpuNodes`, to be computed by the CPU.
 */
export function emitWebGpu(checked: CheckedGraph): EmittedModel {
  const { model, kernels } = emitModel(checked, 'float')
  const { placed, cpuNodes } = partition(model)
  return { onnx: encodeOnnxModel(placed), inputs: model.inputs, outputs: model.outputs, kernels, cpuNodes }
}

/** Names every node that is not for a GPU. */
function partition(model: OnnxModel): { readonly placed: OnnxModel; readonly cpuNodes: readonly string[] } {
  const placing = placingOf(model)
  const cpuNodes: string[] = []
  const nodes = model.nodes.map((node) => {
    if (fitsGpu(node, placing)) return node
    const name = `cpu${cpuNodes.length}`
    cpuNodes.push(name)
    return { ...node, name }
  })
  return { placed: { ...model, nodes }, cpuNodes }
}

function placingOf(model: OnnxModel): Placing {
  const dtypes = tensorDtypes(model)
  const initializers = new Map(model.initializers.map((tensor) => [tensor.name, tensor]))
  return {
    dtypeOf: (tensor = '') => dtypes.get(tensor),
    int64sOf(tensor = '') {
      const { bytes = new Uint8Array() } = initializers.get(tensor) ?? {}
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      return Array.from({ length: bytes.length / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)))
    },
  }
}

function fitsGpu(node: OnnxNode, placing: Placing): boolean {
  const rule = GPU_RULES[node.opType]
  const dtype = placing.dtypeOf(node.outputs[0])
  return (
    rule !== undefined && dtype !== undefined && rule.dtypes.includes(dtype) && (rule.fits?.(node, placing) ?? true)
  )
}

/** ONNX Runtime's WebGPU provider lacks groups over three axes, and takes padding for symmetric in windows of one lane. */
function fitsConv({ attributes }: OnnxNode): boolean {
  const { group, kernel_shape: kernel, pads } = attributes as { group: number; kernel_shape: number[]; pads: number[] }
  const symmetric = kernel.every((_, axis) => pads[axis] === pads[axis + kernel.length])
  return symmetric && (group === 1 || kernel.length < 3)
}

/** ONNX Runtime's WebGPU provider starts backward slices at the wrong lane. */
function fitsSlice({ inputs }: OnnxNode, { int64sOf }: Placing): boolean {
  return int64sOf(inputs[4]).every((step) => step > 0)
}

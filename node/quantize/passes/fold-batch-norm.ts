import { attributeOf, countReaders, type FloatGraph, type FloatNode, type FloatTensor } from '../float-graph.ts'

/** `y = x · factor + offset`, one number a channel. */
interface ChannelAffine {
  readonly factor: Float64Array
  readonly offset: Float64Array
}

/**
 * Folds BatchNormalization into the weights and bias of the Conv before it, where nothing else reads that result. One that cannot be
 * folded stays, for its handler.
 */
export function foldBatchNorm(graph: FloatGraph): FloatGraph {
  const readers = countReaders(graph)
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const constants = new Map(graph.constants)
  const values = new Map(graph.values)
  const folded = new Map<FloatNode, FloatNode>()
  const dropped = new Set<FloatNode>()
  for (const node of graph.nodes) {
    if (node.opType !== 'BatchNormalization') continue
    const operand = node.inputs[0] ?? ''
    const maker = makers.get(operand)
    const affine = batchNormAffine(graph, node)
    if (maker?.opType !== 'Conv' || affine === undefined || readers.get(operand) !== 1) continue
    const [input = '', weights = '', bias = ''] = maker.inputs
    const [before, addend] = [constants.get(weights), constants.get(bias)]
    if (before === undefined || (bias !== '' && addend === undefined)) continue
    const names = [`${node.label}.weights`, `${node.label}.bias`] as const
    const after = [scaleChannels(before, affine.factor), foldBias(affine, addend)] as const
    names.forEach((name, i) => {
      const tensor = after[i] as FloatTensor
      constants.set(name, tensor)
      values.set(name, { kind: 'float', shape: tensor.shape })
    })
    folded.set(maker, { ...maker, inputs: [input, ...names], outputs: [node.outputs[0] as string] })
    dropped.add(node)
  }
  const nodes = graph.nodes.filter((node) => !dropped.has(node)).map((node) => folded.get(node) ?? node)
  return { ...graph, nodes, constants, values }
}

/** What a BatchNormalization with constant statistics computes; undefined where they are not constant. */
export function batchNormAffine(graph: FloatGraph, node: FloatNode): ChannelAffine | undefined {
  const tensors = node.inputs.slice(1, 5).map((name) => graph.constants.get(name)?.data)
  const [scale, bias, mean, variance] = tensors
  if (!scale || !bias || !mean || !variance) return undefined
  const epsilon = attributeOf(node, 'epsilon', 'float') ?? 1e-5
  const factor = Float64Array.from(scale, (s, i) => s / Math.sqrt((variance[i] as number) + epsilon))
  const offset = factor.map((f, i) => (bias[i] as number) - (mean[i] as number) * f)
  return { factor, offset }
}

/** Weights `[o, …]` times a factor for each o. */
function scaleChannels({ shape, data }: FloatTensor, factor: Float64Array): FloatTensor {
  const size = data.length / (shape[0] ?? 1)
  const scaled = Float32Array.from(data, (x, i) => x * (factor[Math.floor(i / size)] as number))
  return { kind: 'float', shape, data: scaled }
}

function foldBias({ factor, offset }: ChannelAffine, bias: FloatTensor | undefined): FloatTensor {
  const before = bias?.data
  const data = offset.map((o, i) => o + (before?.[i] ?? 0) * (factor[i] as number))
  return { kind: 'float', shape: [data.length], data }
}

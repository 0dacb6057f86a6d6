import type { FloatGraph, FloatNode, FloatTensor, FloatValue } from './float-graph.ts'
import type { FloatFeed, FloatSession } from './float-session.ts'
import { refuse } from './quantise-error.ts'
import type { FloatModel } from './read-float-model.ts'
import { tensorOf } from './read-tensor.ts'

/** Operators whose result follows from the operand's shape alone, or from nothing. */
export const STATIC_OPERATORS: ReadonlySet<string> = new Set(['Constant', 'Shape', 'Size'])
/** Operators that give other results at each run. */
export const RANDOM_OPERATORS: ReadonlySet<string> = new Set([
  'RandomNormal',
  'RandomUniform',
  'RandomNormalLike',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
])

/** Names of the values that a run must give so that {@link buildFloatGraph} knows every shape and folded constant. */
export function probedValues({ nodes }: FloatModel): string[] {
  return nodes.flatMap(({ node }) => node.outputs.filter((name) => name !== ''))
}

/**
 * The graph of a model: shapes are read off one run, and what depends on no lane of an input (shape arithmetic, masks made of
 * constants, transposed weights) becomes a constant. @param session of the file with {@link probedValues} declared as outputs.
 * @throws QuantiseError when the model does not run, or makes tensors without lanes or of a shape that depends on values.
 */
export async function buildFloatGraph(
  model: FloatModel,
  session: FloatSession,
  feeds: readonly FloatFeed[],
): Promise<FloatGraph> {
  const results = await session.run(feeds, probedValues(model))
  const constants = new Map<string, FloatTensor>()
  const values = new Map<string, FloatValue>()
  for (const tensor of model.onnx.graph.initializers) constants.set(tensor.name, tensorOf(tensor))
  for (const [name, { kind, shape }] of constants) values.set(name, { kind, shape })
  for (const { name, kind, shape } of model.inputs) values.set(name, { kind, shape })
  const nodes: FloatNode[] = []
  for (const { node, label } of model.nodes) {
    if (RANDOM_OPERATORS.has(node.opType)) refuse('QuantiseUnsupported', `${label}: operator ${node.opType} is random`)
    const folds = STATIC_OPERATORS.has(node.opType) || node.inputs.every((name) => name === '' || constants.has(name))
    for (const name of node.outputs.filter((output) => output !== '')) {
      const tensor = results.get(name) as FloatTensor
      values.set(name, { kind: tensor.kind, shape: tensor.shape })
      if (folds) constants.set(name, tensor)
    }
    if (!folds) nodes.push({ ...node, label })
  }
  const graph: FloatGraph = {
    opset: model.opset,
    inputs: model.inputs.map(({ name }) => name),
    outputs: model.onnx.graph.outputs.map(({ name }) => name),
    constants,
    nodes,
    values,
  }
  return graph
}

import { attributeOf, type FloatGraph, type FloatNode, type FloatTensor } from '../float-graph.ts'
import { refuse } from '../quantise-error.ts'

/** Recurrent operators and the gates that their weights hold, in order. */
export const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const

/** One direction of a recurrent layer. `hidden` is the width of its state. */
export interface Direction {
  readonly isReversed: boolean
  /** `[gates · hidden, columns]` and `[gates · hidden, hidden]`, row-major. */
  readonly inputWeights: Float64Array
  readonly stateWeights: Float64Array
  /** `[gates · hidden]` each: of the input's product and of the state's. */
  readonly inputBias: Float64Array
  readonly stateBias: Float64Array
}

/** A recurrent layer with constant weights, over whole sequences. */
export interface RecurrentLayer {
  readonly kind: keyof typeof GATES
  readonly hidden: number
  readonly columns: number
  readonly directions: readonly Direction[]
  /** GRU: whether the reset gate multiplies the state's product rather than the state. */
  readonly resetsProduct: boolean
}

const DEFAULT_ACTIVATIONS: Readonly<Record<keyof typeof GATES, readonly string[]>> = {
  RNN: ['Tanh'],
  GRU: ['Sigmoid', 'Tanh'],
  LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
}

/** Reads an `RNN`, `GRU` or `LSTM` node. @throws QuantiseError naming what is not supported. */
export function readRecurrent(node: FloatNode, graph: FloatGraph): RecurrentLayer {
  const kind = node.opType as keyof typeof GATES
  const hidden = attributeOf(node, 'hidden_size', 'int') ?? 0
  const direction = attributeOf(node, 'direction', 'string') ?? 'forward'
  const names = { forward: [false], reverse: [true], bidirectional: [false, true] }[direction]
  if (names === undefined || hidden < 1) refuse('QuantiseModel', `direction ${direction}, hidden_size ${hidden}`)
  for (const name of ['clip', 'input_forget', 'layout', 'activation_alpha', 'activation_beta']) {
    const value = node.attributes.get(name)
    if (value !== undefined && !(value.type === 'int' && value.value === 0)) {
      refuse('QuantiseUnsupported', `attribute ${name} is not supported`)
    }
  }
  const [inputWeights, stateWeights] = [constantOf(node, graph, 1), constantOf(node, graph, 2)]
  const bias = node.inputs[3]
    ? constantOf(node, graph, 3).data
    : new Float64Array(names.length * 2 * GATES[kind] * hidden)
  const columns = inputWeights.shape[2] as number
  const rows = GATES[kind] * hidden
  requireActivations(node, kind, names.length)
  const part = (data: ArrayLike<number>, size: number, index: number) =>
    Float64Array.from({ length: size }, (_, i) => data[index * size + i] as number)
  return {
    kind,
    hidden,
    columns,
    resetsProduct: (attributeOf(node, 'linear_before_reset', 'int') ?? 0) !== 0,
    directions: names.map((isReversed, i) => ({
      isReversed,
      inputWeights: part(inputWeights.data, rows * columns, i),
      stateWeights: part(stateWeights.data, rows * hidden, i),
      inputBias: part(bias, rows, 2 * i),
      stateBias: part(bias, rows, 2 * i + 1),
    })),
  }
}

/** Only the default functions have bounded states, which the fixed point of `recurrent-lanes.ts` rests on. */
function requireActivations(node: FloatNode, kind: keyof typeof GATES, directions: number): void {
  const expected = Array.from({ length: directions }, () => DEFAULT_ACTIVATIONS[kind]).flat()
  const given = attributeOf(node, 'activations', 'strings') ?? expected
  if (given.join() !== expected.join()) {
    refuse('QuantiseUnsupported', `activations ${given.join(', ')} are not supported: only ${expected.join(', ')}`)
  }
}

function constantOf(node: FloatNode, graph: FloatGraph, index: number): FloatTensor {
  const found = graph.constants.get(node.inputs[index] ?? '')
  return found ?? refuse('QuantiseUnsupported', `operand ${index} of ${node.opType} must be a constant`)
}

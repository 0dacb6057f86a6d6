import type { Quantised } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { refuse } from '../quantise-error.ts'
import { cellOf, type State } from '../recurrent/cells.ts'
import { type Direction, GATES, type RecurrentLayer, readRecurrent } from '../recurrent/read-recurrent.ts'
import { cellFormat, emit, product, stateFormat } from '../recurrent/recurrent-lanes.ts'

/** Operands: X, W, R, B, sequence lengths, initial states, initial cells, peepholes. */
const [SEQUENCE_LENGTHS, INITIAL_HIDDEN, INITIAL_CELL, PEEPHOLES] = [4, 5, 6, 7]

/**
 * A recurrent layer, unrolled over its sequence: one contraction of all inputs, then a cell a step. Sequences are whole, weights
 * constant. Cost: some 25 ops a step and direction.
 */
const recurrent: FloatOpHandler = {
  uses(node, index, graph) {
    if (index === 0) return 'operand'
    const isState = index === INITIAL_HIDDEN || (index === INITIAL_CELL && node.opType === 'LSTM')
    return isState && !graph.constants.has(node.inputs[index] ?? '') ? 'view' : 'exact'
  },
  run(context) {
    const layer = readRecurrent(context.node, context.graph)
    const input = context.quantised(0)
    const [length = 0, batch = 0] = input.shape
    requireWhole(context, length)
    if (context.has(PEEPHOLES)) refuse('QuantiseUnsupported', 'peepholes are not supported')
    const results = layer.directions.map((direction, i) => unroll(context, layer, direction, i, input))
    const size = [length, 1, batch, layer.hidden]
    const all = results.map(({ states }) =>
      join(
        context,
        states.map((state) => reshape(context, state, [1, ...size.slice(1)])),
        0,
      ),
    )
    if (context.node.outputs[0]) context.define(join(context, all, 1), 0)
    const last = (of: (result: Unrolled) => Quantised) =>
      join(
        context,
        results.map((result) => reshape(context, of(result), [1, batch, layer.hidden])),
        0,
      )
    if (context.node.outputs[1])
      context.define(
        last(({ end }) => end.hidden),
        1,
      )
    if (context.node.outputs[2])
      context.define(
        last(({ end }) => end.cell as Quantised),
        2,
      )
  },
}

interface Unrolled {
  /** State after each step, in the order of the sequence. */
  readonly states: readonly Quantised[]
  /** State after the last step taken. */
  readonly end: State
}

function unroll(
  context: NodeContext,
  layer: RecurrentLayer,
  direction: Direction,
  index: number,
  input: Quantised,
): Unrolled {
  const [length = 0, batch = 0] = input.shape
  const rows = GATES[layer.kind] * layer.hidden
  const inputs = product(context, input, direction.inputWeights, direction.inputBias)
  const cell = cellOf(layer, direction)
  const states: Quantised[] = []
  let state = initialState(context, layer, index, batch)
  for (let taken = 0; taken < length; taken++) {
    const at = direction.isReversed ? length - 1 - taken : taken
    const slice = {
      kind: 'slice',
      inputs: [inputs.id],
      starts: [at, 0, 0],
      sizes: [1, batch, rows],
      steps: [1, 1, 1],
    } as const
    state = cell(context, reshape(context, emit(context, slice, inputs.step), [batch, rows]), state)
    states[at] = state.hidden
  }
  return { states, end: state }
}

function initialState(context: NodeContext, layer: RecurrentLayer, index: number, batch: number): State {
  const hidden = initial(context, layer, INITIAL_HIDDEN, index, batch, stateFormat())
  return layer.kind === 'LSTM'
    ? { hidden, cell: initial(context, layer, INITIAL_CELL, index, batch, cellFormat()) }
    : { hidden }
}

/** `[batch, hidden]` of one direction: zeros where nothing is given. */
function initial(
  context: NodeContext,
  { hidden, directions }: RecurrentLayer,
  operand: number,
  index: number,
  batch: number,
  format: ReturnType<typeof stateFormat>,
): Quantised {
  const size = batch * hidden
  const constant = context.constant(operand)
  if (constant !== undefined || !context.has(operand)) {
    const stored = constant?.data
    const lanes = Float64Array.from({ length: size }, (_, i) => {
      const lane = Math.round((stored?.[index * size + i] ?? 0) / format.step)
      return Math.min(Math.max(lane, format.lo), format.hi)
    })
    return context.integers(context.constantLanes([batch, hidden], lanes), format.step)
  }
  const given = context.materialise(context.view(operand), format)
  if (directions.length === 1) return reshape(context, given, [batch, hidden])
  const slice = {
    kind: 'slice',
    inputs: [given.id],
    starts: [index, 0, 0],
    sizes: [1, batch, hidden],
    steps: [1, 1, 1],
  } as const
  return reshape(context, emit(context, slice, given.step), [batch, hidden])
}

/** Sequences that are shorter than the tensor need a length that is known. */
function requireWhole(context: NodeContext, length: number): void {
  if (!context.has(SEQUENCE_LENGTHS)) return
  const lengths = context.constant(SEQUENCE_LENGTHS)
  if (lengths === undefined || lengths.data.some((own) => own !== length)) {
    refuse('QuantiseUnsupported', 'sequence_lens is not supported: export without it, over whole sequences')
  }
}

function reshape(context: NodeContext, value: Quantised, shape: readonly number[]): Quantised {
  return emit(context, { kind: 'reshape', inputs: [value.id], shape }, value.step)
}

function join(context: NodeContext, parts: readonly Quantised[], axis: number): Quantised {
  const [first] = parts as readonly [Quantised]
  if (parts.length === 1) return first
  return emit(context, { kind: 'concat', inputs: parts.map(({ id }) => id), axis }, first.step)
}

/** Recurrent layers. */
export const RECURRENT_HANDLERS: HandlerTable = { GRU: recurrent, LSTM: recurrent, RNN: recurrent }

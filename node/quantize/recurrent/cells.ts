import type { Quantised } from '../formats.ts'
import type { NodeContext } from '../handler.ts'
import type { Direction, RecurrentLayer } from './read-recurrent.ts'
import {
  CELL_BITS,
  cellFormat,
  columnsOf,
  emit,
  functionOf,
  multiply,
  narrow,
  product,
  round,
  STATE_BITS,
  sigmoid,
  stateFormat,
  sum,
} from './recurrent-lanes.ts'

/** What a layer hands from one step of a sequence to the next; `cell` of an LSTM alone. All `[batch, hidden]`. */
export interface State {
  readonly hidden: Quantised
  readonly cell?: Quantised
}

/** One step: the input's product at this step (its bias added), and the state before, give the state after. */
export type Cell = (context: NodeContext, input: Quantised, state: State) => State

const UNIT = 2 ** -STATE_BITS

/** The cell of a layer's direction. */
export function cellOf(layer: RecurrentLayer, direction: Direction): Cell {
  switch (layer.kind) {
    case 'LSTM':
      return lstmCell(layer, direction)
    case 'GRU':
      return layer.resetsProduct ? gruCell(layer, direction) : gruCellOfState(layer, direction)
    case 'RNN':
      return plainCell(direction)
  }
}

/** Hochreiter and Schmidhuber 1997, with a forget gate; gates in ONNX's order: input, output, forget, cell. */
function lstmCell({ hidden }: RecurrentLayer, { stateWeights, stateBias }: Direction): Cell {
  return (context, input, state) => {
    const sums = sum(context, input, product(context, narrow(context, state.hidden), stateWeights, stateBias))
    const gates = functionOf(context, columnsOf(context, sums, 0, 3 * hidden), sigmoid, UNIT)
    const update = functionOf(context, columnsOf(context, sums, 3 * hidden, hidden), Math.tanh, 2 ** -CELL_BITS)
    const [entry, exit, keep] = [0, 1, 2].map((gate) => columnsOf(context, gates, gate * hidden, hidden)) as [
      Quantised,
      Quantised,
      Quantised,
    ]
    const kept = multiply(context, keep, state.cell as Quantised)
    const cell = round(context, sum(context, kept, multiply(context, entry, update)), cellFormat())
    const shown = multiply(context, exit, functionOf(context, cell, Math.tanh, UNIT))
    return { hidden: round(context, shown, stateFormat()), cell }
  }
}

/** Cho et al. 2014, the reset gate on the state's product (as PyTorch and cuDNN have it); gates: update, reset, hidden. */
function gruCell({ hidden }: RecurrentLayer, { stateWeights, stateBias }: Direction): Cell {
  return (context, input, state) => {
    const own = product(context, narrow(context, state.hidden), stateWeights, stateBias)
    const [update, reset] = gruGates(context, input, own, hidden)
    const proposed = columnsOf(context, own, 2 * hidden, hidden)
    const scaled = multiply(context, reset, proposed)
    const kept = round(context, scaled, { step: proposed.step, lo: proposed.lo, hi: proposed.hi })
    return blend(context, update, sum(context, columnsOf(context, input, 2 * hidden, hidden), kept), state)
  }
}

/** Cho et al. 2014 as written: the reset gate on the state itself. */
function gruCellOfState({ hidden }: RecurrentLayer, { stateWeights, stateBias }: Direction): Cell {
  const gatesEnd = 2 * hidden
  const [gateWeights, ownWeights] = [stateWeights.slice(0, gatesEnd * hidden), stateWeights.slice(gatesEnd * hidden)]
  return (context, input, state) => {
    const own = product(context, narrow(context, state.hidden), gateWeights, stateBias.slice(0, gatesEnd))
    const [update, reset] = gruGates(context, input, own, hidden)
    const kept = round(context, multiply(context, reset, state.hidden), stateFormat())
    const proposed = product(context, narrow(context, kept), ownWeights, stateBias.slice(gatesEnd))
    return blend(context, update, sum(context, columnsOf(context, input, gatesEnd, hidden), proposed), state)
  }
}

function gruGates(context: NodeContext, input: Quantised, own: Quantised, hidden: number): [Quantised, Quantised] {
  const sums = sum(context, columnsOf(context, input, 0, 2 * hidden), columnsOf(context, own, 0, 2 * hidden))
  const gates = functionOf(context, sums, sigmoid, UNIT)
  return [columnsOf(context, gates, 0, hidden), columnsOf(context, gates, hidden, hidden)]
}

/** `(1 − update) · tanh(proposed) + update · state`, as `tanh + update · (state − tanh)`. */
function blend(context: NodeContext, update: Quantised, proposed: Quantised, { hidden: state }: State): State {
  const fresh = functionOf(context, proposed, Math.tanh, UNIT)
  const change = emit(context, { kind: 'sub', inputs: [state.id, fresh.id] }, UNIT)
  const part = multiply(context, update, change)
  const moved = emit(context, { kind: 'shift-right', inputs: [part.id], bits: STATE_BITS, rounding: 'half-even' }, UNIT)
  return { hidden: round(context, sum(context, fresh, moved), stateFormat()) }
}

/** Elman 1990. */
function plainCell({ stateWeights, stateBias }: Direction): Cell {
  return (context, input, state) => {
    const own = product(context, narrow(context, state.hidden), stateWeights, stateBias)
    return { hidden: functionOf(context, sum(context, input, own), Math.tanh, UNIT) }
  }
}

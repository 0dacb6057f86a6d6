import type { FloatGraph, FloatNode } from '../float-graph.ts'
import type { Format, Interval } from '../formats.ts'
import type { FloatOpHandler, HandlerTable, NodeContext } from '../handler.ts'
import { refuse } from '../quantise-error.ts'
import { lookUp } from '../recipes/table.ts'
import { scalarFunction } from '../scalar-functions.ts'

/** Points at which a function is looked at to see where it is flat and how steep it gets. */
const GRID = 2048

const functionHandler: FloatOpHandler = {
  uses: () => 'view',
  run(context) {
    const name = context.node.inputs[0] as string
    const target = context.target()
    const f = clampedTo(target, compile(context.node, context.graph))
    const { lo, hi } = context.plan.range(name)
    const part = activePart(f, { lo: lo * MARGIN, hi: hi * MARGIN }, target.step)
    const x = context.rounded(0, context.plan.covering(name, part, indexBits(context, f, part, target.step)))
    context.define(lookUp(context, x, f, target.step))
  },
}

/** The function of one value that a node stands for. @throws QuantiseError `QuantiseUnsupported`. */
export function compile(node: FloatNode, graph: FloatGraph): (x: number) => number {
  const [source = ''] = node.inputs
  const result = node.outputs[0] as string
  const steps = (node.body ?? [node]).map((inner) => {
    const f = scalarFunction(inner) ?? refuse('QuantiseUnsupported', `${inner.opType} is no function of numbers`)
    return { f, inputs: inner.inputs, output: inner.outputs[0] as string }
  })
  const constants = new Map<string, number>([['', Number.NaN]])
  for (const name of steps.flatMap(({ inputs }) => inputs)) {
    const constant = graph.constants.get(name)
    if (constant !== undefined) constants.set(name, constant.data[0] as number)
  }
  return (x) => {
    const values = new Map(constants).set(source, x)
    for (const { f, inputs, output } of steps) values.set(output, f(inputs.map((name) => values.get(name) as number)))
    return values.get(result) as number
  }
}

/** Poles and undefined points take the nearest end of the result's range. */
function clampedTo({ step, lo, hi }: Format, f: (x: number) => number): (x: number) => number {
  return (x) => {
    const y = f(x)
    return Number.isNaN(y) ? 0 : Math.min(Math.max(y, lo * step), hi * step)
  }
}

/** The part of a range outside of which the function is flat, as far as the result's step can tell. */
export function activePart(f: (x: number) => number, range: Interval, step: number): Interval {
  const [lo, hi] = [Math.min(range.lo, 0), Math.max(range.hi, 0)]
  const at = (i: number) => lo + ((hi - lo) * i) / GRID
  let [first, last] = [0, GRID]
  while (first < GRID && Math.abs(f(at(first + 1)) - f(lo)) <= step / 8) first++
  while (last > first && Math.abs(f(at(last - 1)) - f(hi)) <= step / 8) last--
  return { lo: Math.min(at(first), 0), hi: Math.max(at(last), 0) }
}

/** Bits of index at which the steepest part of the function moves by half a step of the result from one entry to the next. */
function indexBits(context: NodeContext, f: (x: number) => number, { lo, hi }: Interval, step: number): number {
  const width = (hi - lo) / GRID
  let steepest = 0
  for (let i = 0; i < GRID; i++) steepest = Math.max(steepest, Math.abs(f(lo + width * (i + 1)) - f(lo + width * i)))
  const entries = (steepest / (step / 2)) * GRID
  return Math.min(Math.max(Math.ceil(Math.log2(entries + 1)), MIN_INDEX_BITS), context.precision.indexBits)
}

const MIN_INDEX_BITS = 4
/** A table reaches this many times the calibrated range, where the function still moves. */
const MARGIN = 1.5

/** Functions of one value, made by `passes/fuse-functions.ts`: one lookup table each. */
export const FUNCTION_HANDLERS: HandlerTable = { 'assay:Function': functionHandler }

import type { GatherElementsOp, LookupOp, TensorData } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import { storedBytes } from './byte-operands.ts'
import type { EmitContext, EmitTask } from './emit-context.ts'
import type { KernelName } from './kernel-names.ts'
import { type Layout, layoutShape, storedAxes } from './layouts.ts'
import { movedForm } from './moved-form.ts'
import type { Form } from './value-forms.ts'

/** Lookups are spread over threads by rows: at most so many, each with a copy of a table no greater than this, of so many lanes. */
const MOST_ROWS = 16
const MOST_COPIED_ENTRIES = 4096
const LEAST_ROW_LANES = 2048

/**
 * Lanes of a table at proven indices. A function of each lane (a table of one axis) is a clip where the table is one, else
 * GatherElements, which copies elements by their type (0.6 ns each, where Gather takes 3 for a block of bytes); other tables are gathered by rows. @returns the kernel's name.
 */
export function emitLookup(context: EmitContext, task: EmitTask<LookupOp>): KernelName {
  const { model, values } = context
  const { inputs, axis } = task.op
  const [indices, table] = inputs
  const { shape } = values.facts(table)
  if (shape.length === 1 && context.kernelSet === 'fast')
    return emitClipTable(context, task) ?? emitTable(context, task)
  // A picked axis stays where it is: the others may lie channels-last.
  const isPick = values.facts(indices).shape.length === 1
  const layout: Layout = isPick && values.isChannelsLast(table) ? 'channels-last' : 'plain'
  const form = movedForm(context, [table], task.out, layout)
  const index = values.operand(indices, { dtype: indexDtype(context, task), layout: 'plain' })
  const attributes = { axis: storedAxes(layout, shape.length).indexOf(axis) }
  values.define(task.out, form, model.node('Gather', [values.operand(table, form), index], { attributes }))
  return 'gather'
}

/** Lane by lane along an axis: GatherElements. @returns the kernel's name. */
export function emitGatherElements(context: EmitContext, task: EmitTask<GatherElementsOp>): KernelName {
  const { model, values } = context
  const { inputs, axis } = task.op
  const [indices, table] = inputs
  const form = movedForm(context, [table], task.out, 'plain')
  const index = values.operand(indices, { dtype: indexDtype(context, task), layout: 'plain' })
  values.define(
    task.out,
    form,
    model.node('GatherElements', [values.operand(table, form), index], { attributes: { axis } }),
  )
  return 'gather-elements'
}

function emitTable(context: EmitContext, task: EmitTask<LookupOp>): KernelName {
  const { model, values } = context
  const [indices, table] = task.op.inputs
  const facts = values.facts(indices)
  const layout: Layout = values.isChannelsLast(indices) ? 'channels-last' : 'plain'
  const form = tableForm(context, task, layout)
  const lanes = shapeSize(facts.shape)
  const rows = values.isConstant(table) ? rowsOf(lanes, shapeSize(values.facts(table).shape)) : 1
  const index = values.operand(indices, { dtype: indexDtype(context, task), layout })
  const tables = rowsOfTable(context, task, form, rows)
  const flat = model.reshape(index, rows === 1 ? [lanes] : [rows, lanes / rows])
  const found = model.node('GatherElements', [tables, flat], { attributes: { axis: rows === 1 ? 0 : 1 } })
  values.define(task.out, form, model.reshape(found, layoutShape(facts.shape, layout)))
  return 'gather-elements'
}

/** Bytes where the result is read as such, else whatever the table may be written in. */
function tableForm(context: EmitContext, { op, out }: EmitTask<LookupOp>, layout: Layout): Form {
  const facts = context.values.facts(out)
  const bytes = context.byteReaders.has(out) ? storedBytes(facts, facts) : undefined
  if (bytes !== undefined) return { dtype: 'uint8', layout, offset: bytes.offset }
  return { ...movedForm(context, [op.inputs[1]], out, 'plain'), layout }
}

function rowsOf(lanes: number, entries: number): number {
  if (entries > MOST_COPIED_ENTRIES) return 1
  for (let rows = MOST_ROWS; rows > 1; rows--) {
    if (lanes % rows === 0 && lanes / rows >= Math.max(LEAST_ROW_LANES, entries)) return rows
  }
  return 1
}

/** The table once a row. */
function rowsOfTable({ model, values }: EmitContext, { op }: EmitTask<LookupOp>, form: Form, rows: number): string {
  const [, table] = op.inputs
  const data = values.constant(table)?.data
  if (rows === 1 || data === undefined) return values.operand(table, { ...form, layout: 'plain' })
  const elements = Float64Array.from({ length: rows * data.length }, (_, i) => {
    return (data[i % data.length] as number) + (form.offset ?? 0)
  })
  return model.constant(form.dtype, [rows, data.length], elements)
}

function indexDtype({ values }: EmitContext, { op }: EmitTask<LookupOp | GatherElementsOp>): 'int32' | 'int64' {
  return values.cheapest([op.inputs[0]], ['int32', 'int64'] as const)
}

/** A table that only shifts and clips, of indices held in bytes: a clip of those. Undefined where it is none. */
function emitClipTable(context: EmitContext, task: EmitTask<LookupOp>): KernelName | undefined {
  const { model, values } = context
  const [indices, table] = task.op.inputs
  const data = values.constant(table)?.data
  const bytes = values.heldBytes(indices)
  if (data === undefined || bytes === undefined) return undefined
  const addend = clipAddend(data, values.facts(indices).lo, values.facts(indices).hi)
  if (addend === undefined) return undefined
  const offset = (bytes.offset ?? 0) - addend
  const { lo, hi } = clipRange(data, values.facts(indices).lo, values.facts(indices).hi)
  const range = [model.scalar('uint8', lo + offset), model.scalar('uint8', hi + offset)]
  values.define(task.out, { ...bytes, offset }, model.node('Clip', [values.operand(indices, bytes), ...range]))
  return 'clip-uint8'
}

/** The c for which the table is `clip(i + c, …)` at every index from `lo` to `hi`. */
function clipAddend(table: TensorData, lo: number, hi: number): number | undefined {
  const { lo: least, hi: most } = clipRange(table, lo, hi)
  const entries = Array.from(table.subarray(lo, hi + 1), (value, i) => ({ value, index: lo + i }))
  const inside = entries.find(({ value }) => value > least && value < most)
  if (inside === undefined) return undefined
  const addend = inside.value - inside.index
  const isClip = entries.every(({ value, index }) => value === Math.min(Math.max(index + addend, least), most))
  return isClip ? addend : undefined
}

/** Least and greatest entry from index `lo` to `hi`. */
function clipRange(table: TensorData, lo: number, hi: number): { lo: number; hi: number } {
  const used = Array.from(table.subarray(lo, hi + 1))
  return { lo: Math.min(...used), hi: Math.max(...used) }
}

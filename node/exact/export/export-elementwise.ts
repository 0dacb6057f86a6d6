import { dtypeHolds, magnitude } from '../emit/dtypes.ts'
import type { OnnxDtype } from '../emit/onnx-writer.ts'
import type {
  BinaryOp,
  ClipOp,
  CompareOp,
  FloordivOp,
  IsqrtOp,
  SelectOp,
  ShiftLeftOp,
  ShiftRightOp,
  ValueId,
} from '../graph.ts'
import { boundsOf } from '../tensor-data.ts'
import {
  type ExportContext,
  type ExportTask,
  exactDtypes,
  exactFloats,
  exactInteger,
  type WorkDtype,
} from './export-context.ts'

const BINARY = { add: 'Add', sub: 'Sub', mul: 'Mul', min: 'Min', max: 'Max' } as const
const COMPARE = { less: 'Less', equal: 'Equal' } as const

/**
 * add, sub, mul, min and max. Runtimes fuse sums and products with the contraction before them, and then pass through sums of both: in
 * floats these must fit, or else the node takes integers, which nothing is fused with.
 */
export function exportBinary({ model, values }: ExportContext, task: ExportTask<BinaryOp>): void {
  const { kind, inputs } = task.op
  const [a, b] = [values.reach(inputs[0]), values.reach(inputs[1])]
  const reach = Math.max(...[...inputs, task.out].map((id) => magnitude(values.facts(id))))
  const isFused = (a.fused || b.fused) && kind !== 'min' && kind !== 'max'
  const fusedReach = kind === 'mul' ? a.most * b.most : a.most + b.most
  const dtypes = exactDtypes(reach, isFused ? Math.max(reach, fusedReach) : reach)
  if (kind !== 'min' && kind !== 'max') dtypes.push('int64')
  // In floats, a product with a power of two reads as a shift.
  const scales = kind === 'mul' && inputs.some((id) => isPowerOfTwo(values.constant(id)))
  const dtype = values.cheapest(inputs, scales ? dtypes.filter((one) => one.startsWith('int')) : dtypes)
  const tensor = model.node(
    BINARY[kind],
    inputs.map((id) => values.operand(id, dtype)),
  )
  values.define(task.out, dtype, tensor, isFused && dtype.startsWith('float') ? fusedReach : undefined)
}

function isPowerOfTwo(constant: { readonly data: ArrayLike<number> } | undefined): boolean {
  if (constant === undefined) return false
  const { lo, hi } = boundsOf(constant.data)
  return lo === hi && lo >= 1 && 2 ** Math.round(Math.log2(lo)) === lo
}

/** clip, in a type that holds its ends too. */
export function exportClip({ model, values }: ExportContext, task: ExportTask<ClipOp>): void {
  const { inputs, lo, hi } = task.op
  const reach = Math.max(magnitude({ lo, hi }), magnitude(values.facts(inputs[0])))
  const dtype = values.cheapest(inputs, exactDtypes(reach))
  const operands = [values.operand(inputs[0], dtype), model.scalar(dtype, lo), model.scalar(dtype, hi)]
  values.define(task.out, dtype, model.node('Clip', operands))
}

/** shift-left: a product in floats that is cast to integers, which is what tells it from a move of the binary point. */
export function exportShiftLeft({ model, values }: ExportContext, task: ExportTask<ShiftLeftOp>): void {
  const { inputs, bits } = task.op
  const out = values.facts(task.out)
  const dtype = values.cheapest(inputs, exactFloats(Math.max(magnitude(out), magnitude(values.facts(inputs[0])))))
  const product = model.node('Mul', [values.operand(inputs[0], dtype), model.scalar(dtype, 2 ** bits)])
  const whole = exactInteger(magnitude(out))
  values.define(task.out, whole, model.cast(product, whole))
}

/** shift-right: a product with a power of two, then Floor or Round. */
export function exportShiftRight({ model, values }: ExportContext, task: ExportTask<ShiftRightOp>): void {
  const { inputs, bits, rounding } = task.op
  const dtype = values.cheapest(inputs, exactFloats(magnitude(values.facts(inputs[0]))))
  const product = model.node('Mul', [values.operand(inputs[0], dtype), model.scalar(dtype, 2 ** -bits)])
  values.define(task.out, dtype, model.node(rounding === 'floor' ? 'Floor' : 'Round', [product]))
}

/** floordiv: Floor of a quotient of floats. Why that is exact is told in `emit/emit-division.ts`. */
export function exportFloordiv({ model, values }: ExportContext, task: ExportTask<FloordivOp>): void {
  const { inputs } = task.op
  const dtype = values.cheapest(inputs, exactFloats(Math.max(...inputs.map((id) => magnitude(values.facts(id))))))
  const quotient = model.node(
    'Div',
    inputs.map((id) => values.operand(id, dtype)),
  )
  values.define(task.out, dtype, model.node('Floor', [quotient]))
}

/** isqrt: Floor of a root of floats. */
export function exportIsqrt({ model, values }: ExportContext, task: ExportTask<IsqrtOp>): void {
  const { inputs } = task.op
  const dtype = values.cheapest(inputs, exactFloats(values.facts(inputs[0]).hi))
  const root = model.node('Sqrt', [values.operand(inputs[0], dtype)])
  values.define(task.out, dtype, model.node('Floor', [root]))
}

/** less and equal, as booleans. */
export function exportCompare({ model, values }: ExportContext, task: ExportTask<CompareOp>): void {
  const { kind, inputs } = task.op
  const dtype = commonDtype({ values }, inputs)
  const tensor = model.node(
    COMPARE[kind],
    inputs.map((id) => values.operand(id, dtype)),
  )
  values.define(task.out, 'bool', tensor)
}

/** select: Where. */
export function exportSelect({ model, values }: ExportContext, task: ExportTask<SelectOp>): void {
  const [condition, ...choices] = task.op.inputs
  const bytes: readonly OnnxDtype[] = choices.every((id) => dtypeHolds('uint8', values.facts(id))) ? ['uint8'] : []
  const reach = Math.max(...choices.map((id) => magnitude(values.facts(id))))
  const dtype = values.cheapest<OnnxDtype>(choices, [...exactDtypes(reach), ...bytes])
  const operands = [values.operand(condition, 'bool'), ...choices.map((id) => values.operand(id, dtype))]
  values.define(task.out, dtype, model.node('Where', operands))
}

/** The cheapest type that holds every one of `ids`. */
export function commonDtype({ values }: Pick<ExportContext, 'values'>, ids: readonly ValueId[]): WorkDtype {
  return values.cheapest(ids, exactDtypes(Math.max(...ids.map((id) => magnitude(values.facts(id))))))
}

import type { CheckedGraph, GraphConstant, Shape, ValueFacts, ValueId } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import { type ArithmeticDtype, arithmeticDtypes, ELEMENT_BYTES, magnitude } from './dtypes.ts'
import { alignShape, type Layout, layoutShape, permuteData, permuteShape, toChannelsLast, toPlain } from './layouts.ts'
import type { ModelBuilder } from './model-builder.ts'
import type { OnnxDtype } from './onnx-writer.ts'

/**
 * How a value is stored in the emitted model: each element is the value plus `offset` (a zero point; default 0), or in a float
 * type the value · 2^−scaleBits (default 0), which is as exact: so a shift need not multiply a large tensor.
 */
export interface Form {
  readonly dtype: OnnxDtype
  readonly layout: Layout
  readonly offset?: number
  readonly scaleBits?: number
}

/**
 * The tensors that hold each value of the graph. A value is computed in one form; others are derived when first asked for
 * (Cast, Transpose, QuantizeLinear and DequantizeLinear, Add of an offset) and shared from then on. Constants are written straight in the form asked for.
 */
export interface ValueForms {
  facts(id: ValueId): ValueFacts
  isConstant(id: ValueId): boolean
  /** Lanes of a constant, or undefined for a computed value. */
  constant(id: ValueId): GraphConstant | undefined
  /** Records the tensor in which a value was computed. */
  define(id: ValueId, form: Form, tensor: string): void
  /** Whether the value already exists in this form (constants exist in every form). */
  has(id: ValueId, form: Form): boolean
  /** How the value is held as bytes, if it is: as u8, with whatever offset. */
  heldBytes(id: ValueId): Form | undefined
  /** Whether the value exists in channels-last layout in any element type. A constant does not prefer it. */
  isChannelsLast(id: ValueId): boolean
  /** The tensor that holds the value in `form`; a constant of lower rank is aligned to `rank` (default: its own). */
  operand(id: ValueId, form: Form, rank?: number): string
  /** A weight: the value's axes permuted, then reshaped, plus an offset. Constants are laid out at emission. */
  weight(id: ValueId, dtype: OnnxDtype, layout: WeightLayout): string
  /** Of `dtypes`, the first that needs the fewest lanes of `ids` cast. */
  cheapest<Dtype extends OnnxDtype>(ids: readonly ValueId[], dtypes: readonly Dtype[]): Dtype
  /** The cheapest element type in which arithmetic on `ids` is exact up to `budget` in magnitude. */
  arithmetic(ids: readonly ValueId[], budget: number): ArithmeticDtype
}

/** Axis order and shape of a weight operand. */
export interface WeightLayout {
  readonly permutation: readonly number[]
  readonly shape: Shape
  readonly offset?: number
  readonly scaleBits?: number
}

interface Held {
  readonly form: Form
  readonly tensor: string
}

/** No values held yet, but for the constants of the graph. */
export function createValueForms(checked: CheckedGraph, model: ModelBuilder): ValueForms {
  const { graph, values } = checked
  const firstConstant = graph.inputs.length
  const firstOp = firstConstant + graph.constants.length
  const held = new Map<ValueId, Map<string, Held>>()
  const weights = new Map<string, string>()

  function facts(id: ValueId): ValueFacts {
    return values[id] as ValueFacts
  }

  function constant(id: ValueId): GraphConstant | undefined {
    return id >= firstConstant && id < firstOp ? graph.constants[id - firstConstant] : undefined
  }

  function hold(id: ValueId, form: Form, tensor: string): string {
    const forms = held.get(id) ?? new Map<string, Held>()
    forms.set(formKey(form), { form, tensor })
    held.set(id, forms)
    return tensor
  }

  function find(id: ValueId, form: Form): string | undefined {
    return held.get(id)?.get(formKey(form))?.tensor
  }

  /** Derives a form from the closest one that is held: first its layout is changed, then its offset, then its type. */
  function derive(id: ValueId, form: Form): string {
    const { scaleBits = 0, ...unscaled } = form
    if (scaleBits !== 0) {
      return model.node('Mul', [operand(id, unscaled), model.scalar(form.dtype, 2 ** -scaleBits)])
    }
    const source = closest(id, form)
    if (source.form.layout !== form.layout) return deriveMoved(id, form, source.form)
    if (offsetOf(form) === offsetOf(source.form)) return model.cast(source.tensor, form.dtype)
    // Elements with a zero point come from and go to unshifted float32 in one pass.
    const words: Form = { dtype: 'float32', layout: form.layout }
    if (hasZeroPoint(form)) return model.node('QuantizeLinear', [operand(id, words), ...zeroPointOf(form)])
    if (hasZeroPoint(source.form)) {
      const isWords = form.dtype === 'float32' && offsetOf(form) === 0
      if (!isWords) return offsetOf(form) === 0 ? model.cast(operand(id, words), form.dtype) : shifted(id, form, source)
      return model.node('DequantizeLinear', [source.tensor, ...zeroPointOf(source.form)])
    }
    return shifted(id, form, source)
  }

  /** Derives a form with another offset by a sum. */
  function shifted(id: ValueId, form: Form, source: Held): string {
    const reach = magnitude(facts(id)) + Math.abs(offsetOf(form)) + Math.abs(offsetOf(source.form))
    const held = { layout: form.layout, offset: offsetOf(source.form) }
    const dtypes = arithmeticDtypes(reach)
    const dtype =
      dtypes.find((one) => find(id, { ...held, dtype: one }) !== undefined) ?? (dtypes[0] as ArithmeticDtype)
    const shift = model.scalar(dtype, offsetOf(form) - offsetOf(source.form))
    const sum = model.node('Add', [operand(id, { ...held, dtype }), shift])
    return dtype === form.dtype ? sum : model.cast(sum, form.dtype)
  }

  /** A scale of 1, and the zero point. */
  function zeroPointOf(form: Form): string[] {
    return [model.scalar('float32', 1), model.scalar('uint8', offsetOf(form))]
  }

  /** Derives a form in another layout: elements are moved while they are narrow. */
  function deriveMoved(id: ValueId, form: Form, source: Form): string {
    if (ELEMENT_BYTES[form.dtype] <= ELEMENT_BYTES[source.dtype]) {
      return relayout(id, operand(id, { ...form, layout: source.layout }), form.layout)
    }
    operand(id, { ...source, layout: form.layout })
    return derive(id, form)
  }

  /** Of the forms held, the one that needs the least work: a change of layout costs most, one of type least. */
  function closest(id: ValueId, form: Form): Held {
    const distance = (source: Held): number =>
      (source.form.layout === form.layout ? 0 : 4) +
      (offsetOf(source.form) === offsetOf(form) ? 0 : 2) +
      (source.form.dtype === form.dtype ? 0 : 1)
    const sources = [...(held.get(id)?.values() ?? [])].filter((source) => scaleOf(source.form) === 0)
    return sources.reduce((best, source) => (distance(source) < distance(best) ? source : best))
  }

  function relayout(id: ValueId, tensor: string, layout: Layout): string {
    const { shape } = facts(id)
    const rank = shape.length
    // With one channel or one position the lanes keep their order.
    if (shape[1] === 1 || shapeSize(shape.slice(2)) === 1) return model.reshape(tensor, layoutShape(shape, layout))
    return model.transpose(tensor, layout === 'plain' ? toPlain(rank) : toChannelsLast(rank))
  }

  function operand(id: ValueId, form: Form, rank: number = facts(id).shape.length): string {
    const known = constant(id)
    if (known !== undefined) {
      const shape = alignShape(known.shape, rank)
      const permutation = form.layout === 'plain' ? shape.map((_, axis) => axis) : toChannelsLast(rank)
      const { offset = 0, scaleBits = 0 } = form
      const layout = { permutation, shape: layoutShape(shape, form.layout), offset, scaleBits }
      return constantWeight(id, known.data, shape, form.dtype, layout)
    }
    return find(id, form) ?? hold(id, form, derive(id, form))
  }

  function constantWeight(
    id: ValueId,
    data: ArrayLike<number>,
    shape: Shape,
    dtype: OnnxDtype,
    layout: WeightLayout,
  ): string {
    const { offset = 0, scaleBits = 0 } = layout
    const key = `${id} ${dtype} ${layout.permutation.join()} ${layout.shape.join()} ${offset} ${scaleBits}`
    const known = weights.get(key)
    if (known !== undefined) return known
    const straight = layout.permutation.every((axis, i) => axis === i)
    const lanes = straight ? data : permuteData(data, shape, layout.permutation)
    const isPlain = offset === 0 && scaleBits === 0
    const elements = isPlain ? lanes : Float64Array.from(lanes, (lane) => lane * 2 ** -scaleBits + offset)
    const tensor = model.constant(dtype, layout.shape, elements)
    weights.set(key, tensor)
    return tensor
  }

  function weight(id: ValueId, dtype: OnnxDtype, layout: WeightLayout): string {
    const known = constant(id)
    if (known !== undefined) return constantWeight(id, known.data, known.shape, dtype, layout)
    const { shape } = facts(id)
    const plain = operand(id, { dtype, layout: 'plain', offset: layout.offset ?? 0 })
    const straight = layout.permutation.every((axis, i) => axis === i)
    const permuted = straight ? plain : model.transpose(plain, layout.permutation)
    const same = permuteShape(shape, layout.permutation).join() === layout.shape.join()
    return same ? permuted : model.reshape(permuted, layout.shape)
  }

  function has(id: ValueId, form: Form): boolean {
    return constant(id) !== undefined || find(id, form) !== undefined
  }

  function cheapest<Dtype extends OnnxDtype>(ids: readonly ValueId[], dtypes: readonly Dtype[]): Dtype {
    const castLanes = (dtype: Dtype): number => {
      const missing = ids.filter(
        (id) => !has(id, { dtype, layout: 'plain' }) && !has(id, { dtype, layout: 'channels-last' }),
      )
      return missing.reduce((lanes, id) => lanes + shapeSize(facts(id).shape), 0)
    }
    return dtypes.reduce((best, dtype) => (castLanes(dtype) < castLanes(best) ? dtype : best))
  }

  return {
    facts,
    constant,
    isConstant: (id) => constant(id) !== undefined,
    define: (id, form, tensor) => void hold(id, form, tensor),
    has,
    heldBytes: (id) => [...(held.get(id)?.values() ?? [])].find(({ form }) => form.dtype === 'uint8')?.form,
    isChannelsLast: (id) => [...(held.get(id)?.values() ?? [])].some(({ form }) => form.layout === 'channels-last'),
    operand,
    weight,
    cheapest,
    arithmetic: (ids, budget) => cheapest(ids, arithmeticDtypes(budget)),
  }
}

/** Whether the elements are bytes whose offset is a zero point, as QuantizeLinear and DequantizeLinear know them. */
function hasZeroPoint(form: Form): boolean {
  return form.dtype === 'uint8' && offsetOf(form) >= 0 && offsetOf(form) <= 255
}

function offsetOf(form: Form): number {
  return form.offset ?? 0
}

function scaleOf(form: Form): number {
  return form.scaleBits ?? 0
}

function formKey(form: Form): string {
  return `${form.dtype} ${form.layout} ${offsetOf(form)} ${scaleOf(form)}`
}

import type { CheckedGraph, GraphConstant, Shape, ValueFacts, ValueId } from '../graph.ts'
import { shapeSize } from '../tensor-data.ts'
import { type ArithmeticDtype, arithmeticDtypes, ELEMENT_BYTES, magnitude } from './dtypes.ts'
import { alignShape, type Layout, layoutShape, permuteData, permuteShape, toChannelsLast, toPlain } from './layouts.ts'
import type { ModelBuilder } from './model-builder.ts'
import type { OnnxDtype } from './onnx-writer.ts'

/** How a value is stored in the emitted model: each element is the value plus `offset` (a zero point; default 0). */
export interface Form {
  readonly dtype: OnnxDtype
  readonly layout: Layout
  readonly offset?: number
}

/**
 * The tensors that hold each value of the graph. A value is computed in one form; others are derived when first asked for
 * (Cast, Transpose, Add of an offset) and shared from then on. Constants are written straight in the form asked for.
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
    const source = closest(id, form)
    if (source.form.layout !== form.layout) return deriveMoved(id, form, source.form)
    const shift = offsetOf(form) - offsetOf(source.form)
    if (shift === 0) return model.cast(source.tensor, form.dtype)
    const reach = magnitude(facts(id)) + offsetOf(form) + offsetOf(source.form)
    const held = { layout: form.layout, offset: offsetOf(source.form) }
    const dtypes = arithmeticDtypes(reach)
    const dtype =
      dtypes.find((one) => find(id, { ...held, dtype: one }) !== undefined) ?? (dtypes[0] as ArithmeticDtype)
    const shifted = model.node('Add', [operand(id, { ...held, dtype }), model.scalar(dtype, shift)])
    return dtype === form.dtype ? shifted : model.cast(shifted, form.dtype)
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
    const sources = [...(held.get(id)?.values() ?? [])]
    return sources.reduce((best, source) => (distance(source) < distance(best) ? source : best))
  }

  function relayout(id: ValueId, tensor: string, layout: Layout): string {
    const rank = facts(id).shape.length
    return model.transpose(tensor, layout === 'plain' ? toPlain(rank) : toChannelsLast(rank))
  }

  function operand(id: ValueId, form: Form, rank: number = facts(id).shape.length): string {
    const known = constant(id)
    if (known !== undefined) {
      const shape = alignShape(known.shape, rank)
      const permutation = form.layout === 'plain' ? shape.map((_, axis) => axis) : toChannelsLast(rank)
      const layout = { permutation, shape: layoutShape(shape, form.layout), offset: form.offset ?? 0 }
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
    const key = `${id} ${dtype} ${layout.permutation.join()} ${layout.shape.join()} ${layout.offset ?? 0}`
    const known = weights.get(key)
    if (known !== undefined) return known
    const straight = layout.permutation.every((axis, i) => axis === i)
    const lanes = straight ? data : permuteData(data, shape, layout.permutation)
    const offset = layout.offset ?? 0
    const shifted = offset === 0 ? lanes : Float64Array.from(lanes, (lane) => lane + offset)
    const tensor = model.constant(dtype, layout.shape, shifted)
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
    isChannelsLast: (id) => [...(held.get(id)?.values() ?? [])].some(({ form }) => form.layout === 'channels-last'),
    operand,
    weight,
    cheapest,
    arithmetic: (ids, budget) => cheapest(ids, arithmeticDtypes(budget)),
  }
}

function offsetOf(form: Form): number {
  return form.offset ?? 0
}

function formKey(form: Form): string {
  return `${form.dtype} ${form.layout} ${offsetOf(form)}`
}

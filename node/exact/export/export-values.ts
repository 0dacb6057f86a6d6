import { ELEMENT_BYTES, magnitude } from '../emit/dtypes.ts'
import type { ModelBuilder } from '../emit/model-builder.ts'
import type { OnnxDtype } from '../emit/onnx-writer.ts'
import type { CheckedGraph, GraphConstant, ValueFacts, ValueId } from '../graph.ts'
import { laneBytesOf, shapeSize } from '../tensor-data.ts'

/**
 * The tensors of an exported file that hold each value of the graph, by element type: computed in one, cast to others when first
 * asked for. A constant is stored once, in the narrowest integers that hold it.
 */
export interface ExportValues {
  facts(id: ValueId): ValueFacts
  constant(id: ValueId): GraphConstant | undefined
  /**
   * Records the tensor in which a value was computed.
   * @param reach where runtimes may fuse the node with the contraction before it, the greatest partial sum of both.
   */
  define(id: ValueId, dtype: OnnxDtype, tensor: string, reach?: number): void
  /** The tensor that holds the value in `dtype`. */
  operand(id: ValueId, dtype: OnnxDtype): string
  /** As {@link operand}, plus a zero point: elements are the value plus `offset`. */
  shifted(id: ValueId, dtype: 'uint8', offset: number): string
  /** Of `dtypes`, the first that needs the fewest lanes of `ids` cast. */
  cheapest<Dtype extends OnnxDtype>(ids: readonly ValueId[], dtypes: readonly Dtype[]): Dtype
  /** The element types that a value is held in, first the one that it was computed in. */
  heldIn(id: ValueId): readonly OnnxDtype[]
  /** The greatest magnitude that a sum may pass through on the way to the value, if nodes are fused; see {@link define}. */
  reach(id: ValueId): { readonly fused: boolean; readonly most: number }
}

const INTEGER_DTYPES = { 1: 'int8', 2: 'int16', 4: 'int32', 8: 'int64' } as const satisfies Record<number, OnnxDtype>

/** Nothing computed yet; the inputs are to be defined. */
export function createExportValues({ graph, values }: CheckedGraph, model: ModelBuilder): ExportValues {
  const held = new Map<ValueId, Map<OnnxDtype, string>>()
  const shiftedOnes = new Map<string, string>()
  const reaches = new Map<ValueId, number>()
  const facts = (id: ValueId) => values[id] as ValueFacts
  const constant = (id: ValueId): GraphConstant | undefined => graph.constants[id - graph.inputs.length]

  function formsOf(id: ValueId): Map<OnnxDtype, string> {
    const known = held.get(id)
    if (known !== undefined) return known
    const forms = new Map<OnnxDtype, string>()
    held.set(id, forms)
    const stored = constant(id)
    if (stored !== undefined) {
      const dtype = INTEGER_DTYPES[laneBytesOf(stored.data)]
      forms.set(dtype, model.constant(dtype, stored.shape, stored.data))
    }
    return forms
  }

  function operand(id: ValueId, dtype: OnnxDtype): string {
    const forms = formsOf(id)
    const found = forms.get(dtype)
    if (found !== undefined) return found
    const tensor = model.cast(sourceOf(forms), dtype)
    forms.set(dtype, tensor)
    return tensor
  }

  /** What to cast from: the narrowest, so that constants are folded and lanes moved least. */
  function sourceOf(forms: ReadonlyMap<OnnxDtype, string>): string {
    const narrowest = [...forms].reduce((best, form) => (ELEMENT_BYTES[form[0]] < ELEMENT_BYTES[best[0]] ? form : best))
    return narrowest[1]
  }

  function shifted(id: ValueId, dtype: 'uint8', offset: number): string {
    if (offset === 0) return operand(id, dtype)
    const key = `${id} ${offset}`
    const known = shiftedOnes.get(key)
    if (known !== undefined) return known
    const stored = constant(id)
    const tensor =
      stored === undefined
        ? model.cast(model.node('Add', [operand(id, 'int32'), model.scalar('int32', offset)]), dtype)
        : model.constant(
            dtype,
            stored.shape,
            Float64Array.from(stored.data, (lane) => lane + offset),
          )
    shiftedOnes.set(key, tensor)
    return tensor
  }

  function cheapest<Dtype extends OnnxDtype>(ids: readonly ValueId[], dtypes: readonly Dtype[]): Dtype {
    const castLanes = (dtype: Dtype) =>
      ids
        .filter((id) => constant(id) === undefined && !formsOf(id).has(dtype))
        .reduce((lanes, id) => lanes + shapeSize(facts(id).shape), 0)
    return dtypes.reduce((best, dtype) => (castLanes(dtype) < castLanes(best) ? dtype : best))
  }

  return {
    facts,
    constant,
    define(id, dtype, tensor, reach) {
      formsOf(id).set(dtype, tensor)
      if (reach !== undefined) reaches.set(id, reach)
    },
    operand,
    shifted,
    cheapest,
    heldIn: (id) => [...formsOf(id).keys()],
    reach: (id) => ({ fused: reaches.has(id), most: reaches.get(id) ?? magnitude(facts(id)) }),
  }
}

import type { Shape } from '../exact/graph.ts'
import type { OnnxValueInfo } from '../exact/import/onnx-model.ts'
import { requireTensorShape } from '../exact/infer-op.ts'
import { refuse } from './quantise-error.ts'

/** Extents for the dynamic axes of a model: by the name of the axis, or by `INPUT.AXIS` (`x.0`) where it has none. */
export type Dimensions = ReadonlyMap<string, number>

/**
 * The static shape of each input.
 * @throws QuantiseError `QuantiseDimension` naming each axis that is still dynamic and the flag that binds it, or a name that no axis has.
 */
export function bindDimensions(inputs: readonly OnnxValueInfo[], dimensions: Dimensions): Shape[] {
  const unused = new Set(dimensions.keys())
  const unbound: string[] = []
  const shapes = inputs.map(({ name, dims }) => {
    if (dims === undefined) return refuse('QuantiseDimension', `input ${name} declares no shape: export it with one`)
    const shape = dims.map((extent, axis) => {
      if (typeof extent === 'number' && extent > 0) return extent
      const keys = [`${name}.${axis}`, String(extent)]
      const key = keys.find((candidate) => dimensions.has(candidate))
      if (key === undefined) unbound.push(`--dim ${extent === '?' || Number(extent) <= 0 ? keys[0] : extent}=N`)
      for (const candidate of keys) unused.delete(candidate)
      return dimensions.get(key ?? '') ?? 1
    })
    requireTensorShape(shape)
    return shape
  })
  if (unbound.length > 0) {
    const flags = [...new Set(unbound)].join(' ')
    refuse('QuantiseDimension', `the model has dynamic axes, and an exact model is static: add ${flags}`)
  }
  const [stray] = unused
  if (stray === undefined) return shapes
  const known = inputs.flatMap(({ dims }) => (dims ?? []).filter((extent) => typeof extent === 'string'))
  const names = [...new Set(known)].join(', ') || 'none'
  return refuse('QuantiseDimension', `--dim ${stray} names no dynamic axis: the model has ${names}`)
}

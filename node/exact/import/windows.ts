import type { Shape, Window } from '../graph.ts'
import { attribute } from './attributes.ts'
import { refuse } from './import-error.ts'
import type { OnnxNode } from './onnx-model.ts'

/** Strides, dilations and pads of a Conv or pooling node; SAME padding is worked out. @throws ImportError. */
export function readWindow(node: Pick<OnnxNode, 'attributes'>, spatial: Shape, kernel: Shape): Window {
  const ones = spatial.map(() => 1)
  const strides = attribute(node, 'strides', 'ints') ?? ones
  const dilations = attribute(node, 'dilations', 'ints') ?? ones
  for (const [name, list] of Object.entries({ kernel, strides, dilations })) {
    if (list.length !== spatial.length || list.some((entry) => entry < 1)) {
      refuse(
        'OnnxShapeInvalid',
        `${name} [${list.join(', ')}] must have a positive entry for each of ${spatial.length} spatial axes`,
      )
    }
  }
  return { strides, dilations, pads: readPads(node, spatial, kernel, strides, dilations) }
}

function readPads(
  node: Pick<OnnxNode, 'attributes'>,
  spatial: Shape,
  kernel: Shape,
  strides: Shape,
  dilations: Shape,
): readonly number[] {
  const mode = attribute(node, 'auto_pad', 'string') ?? 'NOTSET'
  const none = [...spatial, ...spatial].map(() => 0)
  if (mode === 'NOTSET') {
    const pads = attribute(node, 'pads', 'ints') ?? none
    if (pads.length !== none.length || pads.some((pad) => pad < 0)) {
      refuse('OnnxShapeInvalid', `pads [${pads.join(', ')}] must have ${none.length} entries, none negative`)
    }
    return pads
  }
  if (mode === 'VALID') return none
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') refuse('OnnxUnsupported', `attribute auto_pad is ${mode}`)
  const totals = spatial.map((extent, axis) => {
    const stride = strides[axis] as number
    const span = ((kernel[axis] as number) - 1) * (dilations[axis] as number) + 1
    return Math.max(0, (Math.ceil(extent / stride) - 1) * stride + span - extent)
  })
  const small = totals.map((total) => Math.floor(total / 2))
  const large = totals.map((total, axis) => total - (small[axis] as number))
  return mode === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small]
}

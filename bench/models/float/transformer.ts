import type { FloatSketch } from './float-sketch.ts'

/** Extents of a transformer's layers. */
export interface TransformerShape {
  readonly tokens: number
  readonly width: number
  readonly heads: number
  readonly innerWidth: number
}

/** Deviation of weights in units of 1/√width: attention that neither ignores nor fixes on single tokens. */
const GAIN = 1.1
const EPSILON = 1e-5

/** Self-attention, `[1, tokens, width]` → the same. @param mask added to the scores, or undefined. */
export function attend(
  sketch: FloatSketch,
  x: string,
  shape: TransformerShape,
  mask?: (scores: string) => string,
): string {
  const { tokens, width, heads } = shape
  const headWidth = width / heads
  const split = (permutation: readonly number[]): string => {
    const projected = dense(sketch, x, width, width)
    const parts = sketch.node('Reshape', [projected, sketch.integers([1, tokens, heads, headWidth])])
    return sketch.node('Transpose', [parts], { perm: permutation })
  }
  const [query, key, value] = [split([0, 2, 1, 3]), split([0, 2, 3, 1]), split([0, 2, 1, 3])]
  const products = sketch.node('MatMul', [query, key])
  const scores = sketch.node('Div', [products, sketch.floats([], [Math.sqrt(headWidth)])])
  const weights = sketch.node('Softmax', [mask?.(scores) ?? scores], { axis: -1 })
  const mixed = sketch.node('Transpose', [sketch.node('MatMul', [weights, value])], { perm: [0, 2, 1, 3] })
  return dense(sketch, sketch.node('Reshape', [mixed, sketch.integers([1, tokens, width])]), width, width)
}

/** Two dense layers with GELU (by Erf, as torch.nn.GELU is exported) between them. */
export function feedForward(sketch: FloatSketch, x: string, { width, innerWidth }: TransformerShape): string {
  const inner = dense(sketch, x, width, innerWidth)
  const error = sketch.node('Erf', [sketch.node('Div', [inner, sketch.floats([], [Math.SQRT2])])])
  const gate = sketch.node('Add', [error, sketch.floats([], [1])])
  const gelu = sketch.node('Mul', [sketch.node('Mul', [inner, gate]), sketch.floats([], [0.5])])
  return dense(sketch, gelu, innerWidth, width)
}

/** Dense layer with bias over the last axis, as torch.nn.Linear is exported. */
export function dense(sketch: FloatSketch, x: string, from: number, to: number): string {
  const product = sketch.node('MatMul', [x, sketch.normal([from, to], GAIN / Math.sqrt(from))])
  return sketch.node('Add', [sketch.normal([to], 0.05), product])
}

/** LayerNormalization over the last axis. */
export function normalise(sketch: FloatSketch, x: string, width: number): string {
  const operands = [x, sketch.normal([width], 0.1, 1), sketch.normal([width], 0.1)]
  return sketch.node('LayerNormalization', operands, { axis: -1, epsilon: { float: EPSILON } })
}

import { createFloatSketch } from './float-sketch.ts'
import { attend, dense, feedForward, normalise, type TransformerShape } from './transformer.ts'

const SHAPE: TransformerShape = { tokens: 128, width: 384, heads: 6, innerWidth: 1536 }
const LAYERS = 6
const VOCABULARY = 1024

/** Token ids that {@link floatGpt} takes are below this. */
export const GPT_VOCABULARY = VOCABULARY

/**
 * An ordinary float ONNX file of a small GPT (normalised before each part, causal mask): ids of 128 tokens → scores `[1, 128, 1024]` of the
 * next, 1.4 G MACs, 11 M generated weights.
 */
export function floatGpt(): Uint8Array {
  const sketch = createFloatSketch()
  const { tokens, width } = SHAPE
  const ids = sketch.input('idx', 'int64', [1, tokens])
  const words = sketch.node('Gather', [sketch.normal([VOCABULARY, width], 0.7), ids])
  const isLater = Float32Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > i / tokens ? 1 : 0))
  const later = sketch.node('Cast', [sketch.floats([1, 1, tokens, tokens], isLater)], { to: 9 })
  const never = sketch.floats([], [Number.NEGATIVE_INFINITY])
  let stream = sketch.node('Add', [words, sketch.normal([1, tokens, width], 0.2)])
  for (let layer = 0; layer < LAYERS; layer++) {
    const mixed = attend(sketch, normalise(sketch, stream, width), SHAPE, (scores) =>
      sketch.node('Where', [later, never, scores]),
    )
    stream = sketch.node('Add', [stream, mixed])
    stream = sketch.node('Add', [stream, feedForward(sketch, normalise(sketch, stream, width), SHAPE)])
  }
  const scores = dense(sketch, normalise(sketch, stream, width), width, VOCABULARY)
  return sketch.finish([{ name: scores, shape: [1, tokens, VOCABULARY] }])
}

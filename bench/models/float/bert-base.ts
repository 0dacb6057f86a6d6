import { createFloatSketch } from './float-sketch.ts'
import { attend, dense, feedForward, normalise, type TransformerShape } from './transformer.ts'

const SHAPE: TransformerShape = { tokens: 128, width: 768, heads: 12, innerWidth: 3072 }
const LAYERS = 12
/** Cut down from 30,522: looking a word up costs the same, and the file is 90 MB smaller. */
const VOCABULARY = 1024

/** Token ids that {@link floatBertBase} takes are below this. */
export const BERT_VOCABULARY = VOCABULARY

/**
 * An ordinary float ONNX file of the shape of BERT-base (Devlin et al. 2018) on 128 tokens: ids → scores of two classes, 11 G MACs, 86 M
 * generated weights. Padding is masked as Hugging Face's models do it.
 */
export function floatBertBase(): Uint8Array {
  const sketch = createFloatSketch()
  const { tokens, width } = SHAPE
  const ids = sketch.input('input_ids', 'int64', [1, tokens])
  const attended = sketch.input('attention_mask', 'int64', [1, tokens])
  const words = sketch.node('Gather', [sketch.normal([VOCABULARY, width], 1), ids])
  const placed = sketch.node('Add', [words, sketch.normal([1, tokens, width], 0.3)])
  const mask = paddingMask(attended)
  let stream = normalise(sketch, placed, width)
  for (let layer = 0; layer < LAYERS; layer++) {
    const mixed = attend(sketch, stream, SHAPE, (scores) => sketch.node('Add', [scores, mask]))
    stream = normalise(sketch, sketch.node('Add', [mixed, stream]), width)
    stream = normalise(sketch, sketch.node('Add', [feedForward(sketch, stream, SHAPE), stream]), width)
  }
  const first = sketch.node('Gather', [stream, sketch.integers([0], [])], { axis: 1 })
  const pooled = sketch.node('Tanh', [dense(sketch, first, width, width)])
  return sketch.finish([{ name: dense(sketch, pooled, width, 2), shape: [1, 2] }])

  /** 0 where a token is attended to, else the least float. */
  function paddingMask(ones: string): string {
    const wide = sketch.node('Unsqueeze', [
      sketch.node('Unsqueeze', [ones, sketch.integers([1])]),
      sketch.integers([2]),
    ])
    const floats = sketch.node('Cast', [wide], { to: 1 })
    const inverted = sketch.node('Sub', [sketch.floats([], [1]), floats])
    return sketch.node('Mul', [inverted, sketch.floats([], [-3.4028234663852886e38])])
  }
}

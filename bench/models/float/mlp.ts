import { createFloatSketch } from './float-sketch.ts'

const WIDTHS = [784, 2048, 2048, 1024, 10]

/** An ordinary float ONNX file of a dense network: `[1, 784]` → `[1, 10]` by three ReLU layers, 7.9 M generated weights. */
export function floatMlp(): Uint8Array {
  const sketch = createFloatSketch()
  let value = sketch.input('input', 'float32', [1, WIDTHS[0] as number])
  for (let layer = 1; layer < WIDTHS.length; layer++) {
    const [from, to] = [WIDTHS[layer - 1] as number, WIDTHS[layer] as number]
    const operands = [value, sketch.normal([to, from], Math.sqrt(2 / from)), sketch.normal([to], 0.1)]
    const sum = sketch.node('Gemm', operands, { alpha: { float: 1 }, beta: { float: 1 }, transB: 1 })
    value = layer === WIDTHS.length - 1 ? sum : sketch.node('Relu', [sum])
  }
  return sketch.finish([{ name: value, shape: [1, 10] }])
}

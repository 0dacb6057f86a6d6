import { type Convolution, classify, convolve, type Feature } from './convolutions.ts'
import { createFloatSketch, type FloatSketch } from './float-sketch.ts'

/** Stages of MobileNetV2 (Sandler et al. 2018, table 2): expansion, channels, repeats, stride of the first. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

/**
 * An ordinary float ONNX file of the shape of MobileNetV2: `[1, 3, 224, 224]` → `[1, 1000]`, 0.3 G MACs, 3.5 M generated weights, depthwise
 * convolutions, ReLU6, linear bottlenecks.
 */
export function floatMobilenetV2(): Uint8Array {
  const sketch = createFloatSketch()
  const image = { value: sketch.input('input', 'float32', [1, 3, 224, 224]), channels: 3, width: 224 }
  let feature = convolveRelu6(sketch, image, { channels: 32, kernel: 3, stride: 2 })
  for (const [expansion, channels, repeats, stride] of STAGES) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      feature = block(sketch, feature, expansion, channels, repeat === 0 ? stride : 1)
    }
  }
  feature = convolveRelu6(sketch, feature, { channels: 1280, kernel: 1, stride: 1 })
  return sketch.finish([{ name: classify(sketch, feature, 1000), shape: [1, 1000] }])
}

function block(sketch: FloatSketch, input: Feature, expansion: number, channels: number, stride: number): Feature {
  const inner = input.channels * expansion
  const expanded =
    expansion === 1 ? input : convolveRelu6(sketch, input, { channels: inner, kernel: 1, stride: 1, gain: 0.9 })
  const filtered = convolveRelu6(sketch, expanded, { channels: inner, kernel: 3, stride, groups: inner })
  const isSame = stride === 1 && channels === input.channels
  const projected = convolve(sketch, filtered, { channels, kernel: 1, stride: 1, gain: isSame ? 0.5 : 1 })
  return isSame ? { ...projected, value: sketch.node('Add', [input.value, projected.value]) } : projected
}

function convolveRelu6(sketch: FloatSketch, input: Feature, convolution: Convolution): Feature {
  const feature = convolve(sketch, input, convolution)
  return { ...feature, value: sketch.node('Clip', [feature.value, sketch.floats([], [0]), sketch.floats([], [6])]) }
}

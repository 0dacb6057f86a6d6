import { classify, convolve, type Feature } from './convolutions.ts'
import { createFloatSketch, type FloatSketch } from './float-sketch.ts'

/**
 * An ordinary float ONNX file of the shape of ResNet-18 (He et al. 2015): `[1, 3, 224, 224]` → `[1, 1000]`, 1.8 G MACs, 11.7 M generated weights,
 * BatchNorm folded, as torchvision's exports.
 */
export function floatResnet18(): Uint8Array {
  const sketch = createFloatSketch()
  const image = { value: sketch.input('input', 'float32', [1, 3, 224, 224]), channels: 3, width: 224 }
  let feature = relu(sketch, convolve(sketch, image, { channels: 64, kernel: 7, stride: 2 }))
  feature = maxPool(sketch, feature)
  for (const channels of [64, 128, 256, 512]) {
    feature = block(sketch, feature, channels, channels === 64 ? 1 : 2)
    feature = block(sketch, feature, channels, 1)
  }
  return sketch.finish([{ name: classify(sketch, feature, 1000), shape: [1, 1000] }])
}

/** The branch adds half of what it would, so that eight sums do not make the spread run away. */
function block(sketch: FloatSketch, input: Feature, channels: number, stride: number): Feature {
  const inner = relu(sketch, convolve(sketch, input, { channels, kernel: 3, stride }))
  const branch = convolve(sketch, inner, { channels, kernel: 3, stride: 1, gain: 0.5 })
  const isSame = stride === 1 && channels === input.channels
  const shortcut = isSame ? input : convolve(sketch, input, { channels, kernel: 1, stride, gain: 0.7 })
  return relu(sketch, { ...branch, value: sketch.node('Add', [branch.value, shortcut.value]) })
}

function relu(sketch: FloatSketch, feature: Feature): Feature {
  return { ...feature, value: sketch.node('Relu', [feature.value]) }
}

function maxPool(sketch: FloatSketch, { value, channels, width }: Feature): Feature {
  const pooled = sketch.node('MaxPool', [value], {
    ceil_mode: 0,
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
    strides: [2, 2],
  })
  return { value: pooled, channels, width: width / 2 }
}

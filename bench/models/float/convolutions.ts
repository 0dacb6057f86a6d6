import type { FloatSketch } from './float-sketch.ts'

/** A feature map: its value, channels and width (as high as wide). */
export interface Feature {
  readonly value: string
  readonly channels: number
  readonly width: number
}

/** A convolution with its BatchNorm folded into it, as torch.onnx exports a model for inference. */
export interface Convolution {
  readonly channels: number
  readonly kernel: number
  readonly stride: number
  readonly groups?: number
  /** Factor of the weights' usual deviation √(2 / fan-in) (He et al. 2015), which keeps the spread of what ReLU lets through. */
  readonly gain?: number
}

/** Conv with padding that keeps the width (over the stride), and generated weights and biases. */
export function convolve(sketch: FloatSketch, input: Feature, convolution: Convolution): Feature {
  const { channels, kernel, stride, groups = 1, gain = 1 } = convolution
  const pad = (kernel - 1) / 2
  const fanIn = (input.channels / groups) * kernel * kernel
  const operands = [
    input.value,
    sketch.normal([channels, input.channels / groups, kernel, kernel], gain * Math.sqrt(2 / fanIn)),
    sketch.normal([channels], 0.1),
  ]
  const value = sketch.node('Conv', operands, {
    dilations: [1, 1],
    group: groups,
    kernel_shape: [kernel, kernel],
    pads: [pad, pad, pad, pad],
    strides: [stride, stride],
  })
  return { value, channels, width: Math.ceil(input.width / stride) }
}

/** Mean over the map, then a dense layer to `classes` scores. @returns the scores, `[1, classes]`. */
export function classify(sketch: FloatSketch, { value, channels }: Feature, classes: number): string {
  const pooled = sketch.node('GlobalAveragePool', [value])
  const flat = sketch.node('Flatten', [pooled], { axis: 1 })
  const weights = sketch.normal([classes, channels], Math.sqrt(1 / channels))
  return sketch.node('Gemm', [flat, weights, sketch.normal([classes], 0.1)], {
    alpha: { float: 1 },
    beta: { float: 1 },
    transB: 1,
  })
}

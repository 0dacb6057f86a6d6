import { describe, expect, it } from 'vitest'
import { checkGraph } from '../check.ts'
import type { Bounds, Op, Shape } from '../graph.ts'
import { laneBytesFor, packData, shapeSize } from '../tensor-data.ts'
import { emitCpu } from './emit-cpu.ts'

interface Case {
  readonly inputs: readonly (Bounds & { readonly shape: Shape })[]
  /** Constants: shape and the one value of every lane. */
  readonly constants?: readonly (readonly [Shape, number])[]
  readonly ops: readonly Op[]
}

/** Kernels chosen for each op of a graph whose last value is the output. */
function kernelsOf({ inputs, constants = [], ops }: Case): string[] {
  const checked = checkGraph({
    profile: 1,
    inputs: inputs.map((input) => ({ ...input, laneBytes: laneBytesFor(input) })),
    constants: constants.map(([shape, value]) => ({ shape, data: packData(new Array(shapeSize(shape)).fill(value)) })),
    ops,
    outputs: [{ value: inputs.length + constants.length + ops.length - 1, laneBytes: 8 }],
  })
  return emitCpu(checked).kernels.map(({ kernel }) => kernel)
}

const symmetric = (reach: number, shape: Shape): Bounds & { shape: Shape } => ({ lo: -reach, hi: reach, shape })

describe('matmul kernels at their budgets', () => {
  const matmul = (input: Bounds, fanIn: number, weight: number): string | undefined =>
    kernelsOf({
      inputs: [{ ...input, shape: [2, fanIn] }],
      constants: [[[fanIn, 3], weight]],
      ops: [{ kind: 'matmul', inputs: [0, 1] }],
    })[0]

  it.each([
    ['matmul-integer-u8s8', { lo: 0, hi: 255 }, 8, 64],
    ['matmul-integer-u8u8', { lo: 0, hi: 255 }, 8, 65],
    ['matmul-integer-u8u8', { lo: 0, hi: 255 }, 8, 255],
    ['matmul-float32', { lo: 0, hi: 255 }, 8, 256],
    ['matmul-float32', { lo: 0, hi: 256 }, 1024, 64],
    ['matmul-float64', { lo: 0, hi: 256 }, 1025, 64],
    ['matmul-float32', { lo: -(2 ** 24), hi: 5 }, 1, 1],
    ['matmul-float64', { lo: -(2 ** 24) - 1, hi: 5 }, 1, 1],
    ['matmul-float64', { lo: 0, hi: 1 }, 1, 2 ** 24 + 1],
    ['matmul-float64', { lo: 0, hi: 2 ** 40 }, 8, 1023],
  ])('%s for inputs in %o over %i terms with weights of %i', (kernel, input, fanIn, weight) => {
    expect(matmul(input, fanIn, weight)).toBe(kernel)
  })
})

describe('conv kernels at their budgets', () => {
  const conv = (input: Bounds, weight: number, groups: number, pads: readonly number[] = [0, 0]): string | undefined =>
    kernelsOf({
      inputs: [{ ...input, shape: [1, 4, 9] }],
      constants: [[[4, 4 / groups, 4], weight]],
      ops: [{ kind: 'conv', inputs: [0, 1], groups, strides: [1], dilations: [1], pads }],
    })[0]

  it.each([
    ['im2col-integer-u8s8', { lo: 0, hi: 255 }, 64, 1],
    ['im2col-integer-u8u8', { lo: 0, hi: 255 }, 65, 1],
    ['conv-float32', { lo: 0, hi: 255 }, 64, 2],
    ['conv-float32', { lo: 0, hi: 1024 }, 1024, 1],
    ['im2col-float64', { lo: 0, hi: 1025 }, 1024, 1],
    ['im2col-float64', { lo: 0, hi: 2049 }, 1024, 2],
  ])('%s for inputs in %o with weights of %i in %i groups', (kernel, input, weight, groups) => {
    expect(conv(input, weight, groups)).toBe(kernel)
  })

  it('counts the padding as a value to store', () => {
    const range = { lo: -300, hi: -46 }
    expect(conv(range, 1, 1, [1, 0])).toBe('conv-float32')
    expect(conv({ lo: -255, hi: -1 }, 1, 1, [1, 0])).toBe('im2col-integer-u8s8')
  })
})

describe('pooling and lane-wise kernels at their budgets', () => {
  const window = { kernel: [4], strides: [1], dilations: [1], pads: [0, 0] }

  it.each([
    ['depthwise-conv-float32', 2 ** 22],
    ['gather-sum-float64', 2 ** 22 + 1],
  ])('%s for sums of 4 lanes of %i', (kernel, reach) => {
    const pool: Op = { kind: 'sum-pool', inputs: [0], ...window }
    expect(kernelsOf({ inputs: [symmetric(reach, [1, 2, 8])], ops: [pool] })).toEqual([kernel])
  })

  it.each([
    ['max-pool-float32', 2 ** 24],
    ['max-pool-float64', 2 ** 24 + 1],
  ])('%s for lanes of %i', (kernel, reach) => {
    const pool: Op = { kind: 'max-pool', inputs: [0], ...window }
    expect(kernelsOf({ inputs: [symmetric(reach, [1, 2, 8])], ops: [pool] })).toEqual([kernel])
  })

  it.each([
    ['shift-right-float32', 2 ** 24],
    ['shift-right-float64', 2 ** 24 + 1],
  ])('%s for lanes of %i', (kernel, reach) => {
    const shift: Op = { kind: 'shift-right', inputs: [0], bits: 3, rounding: 'floor' }
    expect(kernelsOf({ inputs: [symmetric(reach, [8])], ops: [shift] })).toEqual([kernel])
  })

  it.each([
    [['shift-left-float32', 'mul-float32'], 1024],
    [['shift-left-float32', 'mul-int32'], 1025],
    [['shift-left-float32', 'mul-float64'], 32_767],
  ])('%o for squares of 4 × %i', (kernels, reach) => {
    const ops: Op[] = [
      { kind: 'shift-left', inputs: [0], bits: 2 },
      { kind: 'mul', inputs: [1, 1] },
    ]
    expect(kernelsOf({ inputs: [symmetric(reach, [8])], ops })).toEqual(kernels)
  })

  it('computes in the type that values already have, where it is exact', () => {
    const add: Op = { kind: 'add', inputs: [0, 1] }
    expect(kernelsOf({ inputs: [symmetric(40_000, [8])], constants: [[[8], 1]], ops: [add] })).toEqual(['add-int32'])
    expect(kernelsOf({ inputs: [symmetric(2 ** 40, [8])], constants: [[[8], 1]], ops: [add] })).toEqual(['add-float64'])
  })
})

describe('requantisation', () => {
  /** A contraction of bytes, bias, shift and clip over one axis. */
  const chain = (
    change: { bias?: number; bits?: number; hi?: number; rounding?: 'floor'; weight?: number } = {},
  ): Case => ({
    inputs: [{ lo: 0, hi: 255, shape: [3, 16] }],
    constants: [
      [[16, 4], change.weight ?? 64],
      [[4], change.bias ?? 99],
    ],
    ops: [
      { kind: 'matmul', inputs: [0, 1] },
      { kind: 'add', inputs: [3, 2] },
      { kind: 'shift-right', inputs: [4], bits: change.bits ?? 16, rounding: change.rounding ?? 'half-even' },
      { kind: 'clip', inputs: [5], lo: 0, hi: change.hi ?? 255 },
    ],
  })
  const fused = new Array(4).fill('qgemm-u8s8')

  it('takes contraction, bias, shift and clip in one kernel', () => {
    expect(kernelsOf(chain())).toEqual(fused)
    expect(kernelsOf(chain({ hi: 100 }))).toEqual(fused)
  })

  it('is exact for sums up to 2^24, and beyond where the shift still saturates', () => {
    const most = 2 ** 24 - 16 * 255 * 64
    expect(kernelsOf(chain({ bias: most }))).toEqual(fused)
    expect(kernelsOf(chain({ bias: most + 1 }))).not.toEqual(fused)
    expect(kernelsOf(chain({ bias: most + 1, bits: 15 }))).toEqual(fused)
    expect(kernelsOf(chain({ bias: 2 ** 31 - 1 - 16 * 255 * 64, bits: 15 }))).toEqual(fused)
    expect(kernelsOf(chain({ bias: 2 ** 31 - 16 * 255 * 64, bits: 15 }))).not.toEqual(fused)
  })

  it('widens weights that could saturate, and results beyond a byte', () => {
    expect(kernelsOf(chain({ weight: 65 }))).toEqual(new Array(4).fill('qgemm-u8u8'))
    expect(kernelsOf(chain({ hi: 256, bits: 1 }))).toEqual(new Array(4).fill('qgemm-float32-u8s8'))
  })

  it('leaves other roundings to separate kernels', () => {
    expect(kernelsOf(chain({ rounding: 'floor' }))[0]).toBe('matmul-integer-u8s8')
  })

  it('takes in factors where their products are exact or saturate', () => {
    /** As {@link chain}, times `factor` after the bias. */
    const withFactor = (factor: number, bits: number, bias: number): Case => {
      const { ops, constants = [], ...rest } = chain({ bits, bias })
      const [product, , shift, clip] = ops as [Op, Op, Op, Op]
      return {
        ...rest,
        constants: [...constants, [[], factor]],
        ops: [
          product,
          { kind: 'add', inputs: [4, 2] },
          { kind: 'mul', inputs: [5, 3] },
          { ...shift, inputs: [6] } as Op,
          { ...clip, inputs: [7] } as Op,
        ],
      }
    }
    const all = new Array(5).fill('qgemm-u8s8')
    const most = 2 ** 24 - 16 * 255 * 64
    expect(kernelsOf(withFactor(8, 20, most))).toEqual(all)
    expect(kernelsOf(withFactor(8, 20, most + 1))).not.toEqual(all)
    expect(kernelsOf(withFactor(8, 18, most + 1))).toEqual(all)
    expect(kernelsOf(withFactor(3, 20, 5_331_285))).toEqual(all)
    expect(kernelsOf(withFactor(3, 20, 5_331_286))).not.toEqual(all)
  })

  it('takes in products of two activations', () => {
    const [left, right] = [symmetric(100, [2, 4, 8]), symmetric(64, [2, 8, 3])]
    const ops: Op[] = [
      { kind: 'matmul', inputs: [0, 1] },
      { kind: 'shift-right', inputs: [2], bits: 7, rounding: 'half-even' },
      { kind: 'clip', inputs: [3], lo: -128, hi: 127 },
    ]
    expect(kernelsOf({ inputs: [left, right], ops })).toEqual(new Array(3).fill('qlinear-matmul-u8s8'))
    expect(kernelsOf({ inputs: [left, right], ops: ops.slice(0, 2) })).toEqual(
      new Array(2).fill('matmul-integer-to-float-u8s8'),
    )
  })

  it('leaves a value alone that something else reads', () => {
    const { ops, ...rest } = chain()
    const kernels = kernelsOf({ ...rest, ops: [...ops, { kind: 'max', inputs: [6, 4] }] })
    expect(kernels[0]).toBe('matmul-integer-u8s8')
  })
})

describe('emitCpu', () => {
  it('gives equal bytes for equal graphs, and integer outputs', () => {
    const checked = checkGraph({
      profile: 1,
      inputs: [{ shape: [2], lo: -5, hi: 5, laneBytes: 8 }],
      constants: [],
      ops: [{ kind: 'shift-right', inputs: [0], bits: 1, rounding: 'half-even' }],
      outputs: ([1, 2, 4, 8] as const).map((laneBytes) => ({ value: 1, laneBytes })),
    })
    const emitted = emitCpu(checked)
    expect(emitCpu(structuredClone(checked)).onnx).toEqual(emitted.onnx)
    expect(emitted.inputs.map(({ dtype }) => dtype)).toEqual(['float64'])
    expect(emitted.outputs.map(({ dtype }) => dtype)).toEqual(['int8', 'int16', 'int32', 'int64'])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../../test/support/random-graph.ts'
import { InvalidError } from '../../protocol/errors.ts'
import { requireFullWindows, windowOutput } from './windows.ts'

const small = fc.integer({ min: 1, max: 6 })
const geometry = fc.record({
  extent: small,
  kernel: small,
  stride: small,
  dilation: small,
  before: fc.nat(7),
  after: fc.nat(7),
})

describe('windowOutput', () => {
  it('counts the positions at which the whole window lies in the padded input', () => {
    const property = fc.property(geometry, ({ extent, kernel, stride, dilation, before, after }) => {
      const window = { strides: [stride], dilations: [dilation], pads: [before, after] }
      let positions = 0
      while (positions * stride + (kernel - 1) * dilation < before + extent + after) positions++
      if (positions === 0) expect(() => windowOutput([extent], [kernel], window)).toThrow(InvalidError)
      else expect(windowOutput([extent], [kernel], window)).toEqual([positions])
    })
    fc.assert(property, { numRuns: numRuns(1000) })
  })

  it.each([
    ['no spatial axis', [], [], { strides: [], dilations: [], pads: [] }],
    [
      'four spatial axes',
      [2, 2, 2, 2],
      [1, 1, 1, 1],
      { strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], pads: Array(8).fill(0) },
    ],
    ['one pad for an axis', [4], [2], { strides: [1], dilations: [1], pads: [0] }],
    ['a zero stride', [4], [2], { strides: [0], dilations: [1], pads: [0, 0] }],
    ['a zero dilation', [4], [2], { strides: [1], dilations: [0], pads: [0, 0] }],
    ['an empty kernel', [4], [0], { strides: [1], dilations: [1], pads: [0, 0] }],
    ['huge figures', [4], [2 ** 32 - 1], { strides: [1], dilations: [2 ** 32 - 1], pads: [2 ** 32 - 1, 0] }],
  ])('refuses %s', (_, spatial, kernel, window) => {
    expect(() => windowOutput(spatial, kernel, window)).toThrow(expect.objectContaining({ code: 'WindowInvalid' }))
  })
})

describe('requireFullWindows', () => {
  it('never passes a window without a real lane, and refuses no others unless the dilation exceeds the extent', () => {
    const property = fc.property(geometry, ({ extent, kernel, stride, dilation, before, after }) => {
      const window = { strides: [stride], dilations: [dilation], pads: [before, after] }
      fc.pre((kernel - 1) * dilation < before + extent + after)
      const [positions = 0] = windowOutput([extent], [kernel], window)
      const lanes = Array.from({ length: positions }, (_, position) =>
        Array.from({ length: kernel }, (_, tap) => position * stride - before + tap * dilation),
      )
      const full = lanes.every((taps) => taps.some((lane) => lane >= 0 && lane < extent))
      const check = () => requireFullWindows([extent], [kernel], window)
      if (!full) expect(check).toThrow(expect.objectContaining({ code: 'WindowEmpty' }))
      else if (dilation <= extent) expect(check).not.toThrow()
    })
    fc.assert(property, { numRuns: numRuns(2000) })
  })
})

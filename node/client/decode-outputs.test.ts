import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { bytesToHex, concatBytes } from '../protocol/bytes.ts'
import { encodeTensor } from '../protocol/tensor-encoding.ts'
import { decodeOutputs, laneDecimal } from './decode-outputs.ts'
import type { ModelDescription, TensorDescription } from './model-description.ts'
import { parseDescription } from './parse-description.ts'

const BYTE = { laneBytes: 1, lo: -128, hi: 127, step: '1', offset: '0', kind: 'value' } as const
const modelOf = (...outputs: readonly TensorDescription[]): ModelDescription => ({
  modelId: `0x${'22'.repeat(32)}`,
  inputs: [],
  outputs,
})

describe('decodeOutputs', () => {
  it('gives real values with units', () => {
    const model = modelOf({
      ...BYTE,
      name: 'p',
      shape: [1],
      laneBytes: 4,
      step: '0.0001',
      unit: 'probability',
      about: 'of default',
    })
    const { p } = decodeOutputs(model, '0x00000116')
    expect(p).toEqual({
      ...{ name: 'p', kind: 'value', unit: 'probability', about: 'of default', shape: [1] },
      ...{ lanes: Int32Array.of(278), values: [0.0278] },
    })
    expect(laneDecimal(model.outputs[0] as TensorDescription, 278)).toBe('0.0278')
  })

  it('gives classes by name', () => {
    const model = modelOf({ ...BYTE, name: 'pet', shape: [3], kind: 'class', labels: ['cat', 'dog'] })
    expect(decodeOutputs(model, '0x010005').pet?.classes).toEqual([
      [{ index: 1, label: 'dog' }],
      [{ index: 0, label: 'cat' }],
      [{ index: 5, label: '5' }],
    ])
  })

  it('ranks scores, ties in order of their index', () => {
    const model = modelOf({ ...BYTE, name: 's', shape: [2, 3], kind: 'scores', axis: 1, labels: ['a', 'b', 'c'] })
    const { s } = decodeOutputs(model, Uint8Array.of(5, 7, 7, 1, 0xff, 0), { top: 2 })
    expect(s?.classes).toEqual([
      [
        { index: 1, label: 'b', score: 7 },
        { index: 2, label: 'c', score: 7 },
      ],
      [
        { index: 0, label: 'a', score: 1 },
        { index: 2, label: 'c', score: 0 },
      ],
    ])
  })

  it('makes probabilities of logits along any axis', () => {
    const model = modelOf({ ...BYTE, name: 'l', shape: [1, 2, 2], kind: 'logits', axis: 1, step: '0.5' })
    const classes = decodeOutputs(model, Uint8Array.of(2, 100, 0, 0x9c)).l?.classes
    expect(classes?.map((row) => row.map(({ index, score }) => [index, score]))).toEqual([
      [
        [0, 1],
        [1, 0],
      ],
      [
        [0, 50],
        [1, -50],
      ],
    ])
    expect(classes?.[0]?.[0]?.probability).toBeCloseTo(Math.E / (Math.E + 1), 12)
    expect(classes?.[1]?.[0]?.probability).toBe(1)
  })

  it('takes one logit for a sigmoid, and probabilities as they are', () => {
    const model = modelOf(
      { ...BYTE, name: 'one', shape: [1], kind: 'logits', axis: 0, step: '0.5' },
      { ...BYTE, name: 'ps', shape: [2], kind: 'probabilities', axis: 0, step: '0.01' },
    )
    const { one, ps } = decodeOutputs(model, Uint8Array.of(2, 30, 70))
    expect(one?.classes?.[0]?.[0]?.probability).toBeCloseTo(1 / (1 + Math.exp(-1)), 12)
    expect(ps?.classes?.[0]).toEqual([
      { index: 1, label: '1', score: 0.7, probability: 0.7 },
      { index: 0, label: '0', score: 0.3, probability: 0.3 },
    ])
  })

  it('gives rows of columns, each in its own steps', () => {
    const columns = [
      { name: 'x', step: '0.1', offset: '0', kind: 'value' },
      { name: '__proto__', step: '2', offset: '1', kind: 'value' },
    ] as const
    const { box } = decodeOutputs(modelOf({ ...BYTE, name: 'box', shape: [2, 2], axis: 1, columns }), '0x03040506')
    expect(box?.values).toEqual([0.3, 9, 0.5, 13])
    expect(box?.rows?.map((row) => Object.entries(row))).toEqual([
      [
        ['x', 0.3],
        ['__proto__', 9],
      ],
      [
        ['x', 0.5],
        ['__proto__', 13],
      ],
    ])
  })

  it('splits the bytes of several outputs as they were joined', () => {
    const widths = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const)
    const tensors = fc.array(
      fc.tuple(widths, fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 1, maxLength: 9 })),
      { minLength: 1, maxLength: 5 },
    )
    const property = fc.property(tensors, (parts) => {
      const model = parseDescription({
        ...modelOf(),
        outputs: parts.map(([laneBytes, lanes], i) => ({ ...BYTE, name: `t${i}`, laneBytes, shape: [lanes.length] })),
      })
      const bytes = concatBytes(...parts.map(([laneBytes, lanes]) => encodeTensor(lanes, laneBytes)))
      const outputs = decodeOutputs(model, bytesToHex(bytes))
      parts.forEach(([, lanes], i) => {
        expect(outputs[`t${i}`]?.values).toEqual(lanes)
      })
    })
    fc.assert(property, { numRuns: numRuns(100) })
  })

  it('refuses bytes of another model', () => {
    const model = modelOf({ ...BYTE, name: 'x', shape: [3] })
    const failure = expect.objectContaining({
      code: 'OutputInvalid',
      message: expect.stringContaining('2 bytes, the description declares 3'),
    })
    expect(() => decodeOutputs(model, '0x0102')).toThrow(failure)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { encodeTensor } from '../protocol/tensor-encoding.ts'
import { encodeInputs } from './encode-inputs.ts'
import type { ModelDescription } from './model-description.ts'

const LANES = { laneBytes: 4, lo: -(2 ** 31), hi: 2 ** 31 - 1, step: '1', offset: '0', kind: 'value' } as const
const APPLICANT = {
  modelId: `0x${'11'.repeat(32)}`,
  inputs: [
    {
      ...LANES,
      name: 'columns',
      shape: [1, 4],
      axis: 1,
      columns: [
        { name: 'income', unit: 'EUR a year', step: '1', offset: '0', kind: 'value', min: '0', range: 'clip' },
        { name: 'share', step: '0.0001', offset: '0', kind: 'value', min: '0', max: '1.2' },
        { name: 'celsius', step: '0.5', offset: '-40', kind: 'value' },
        { name: 'job', step: '1', offset: '0', kind: 'class', labels: ['none', 'part', 'full'] },
      ],
    },
  ],
  outputs: [{ ...LANES, name: 'score', shape: [1] }],
} as const satisfies ModelDescription
const ROW = { income: 34_319, share: 0.0887, celsius: '21.25', job: 'full' }

const IMAGE = {
  ...APPLICANT,
  inputs: [{ ...LANES, name: 'pixels', shape: [1, 2, 3], laneBytes: 2, lo: 0, hi: 255 }],
} as const satisfies ModelDescription

const hexOf = (lanes: readonly number[], laneBytes: 1 | 2 | 4 | 8 = 4) => bytesToHex(encodeTensor(lanes, laneBytes))
const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    expect(error).toMatchObject({ kind: 'Invalid', code: 'InputInvalid' })
    return (error as Error).message
  }
  throw new Error('was accepted')
}

describe('columns', () => {
  it('are encoded by name, each in its own steps', () => {
    expect(encodeInputs(APPLICANT, { columns: ROW })).toBe(hexOf([34_319, 887, 122, 2]))
    expect(encodeInputs(APPLICANT, { columns: [34_319n, '0.0887', 21.25, 2] })).toBe(hexOf([34_319, 887, 122, 2]))
  })

  it('send what is beyond a lane as the nearest bound under clip, and as it is while it fits', () => {
    const lanes = (income: number | string) => encodeInputs(APPLICANT, { columns: { ...ROW, income } })
    expect(lanes('1e30')).toBe(hexOf([2 ** 31 - 1, 887, 122, 2]))
    expect(lanes(-1e300)).toBe(hexOf([-(2 ** 31), 887, 122, 2]))
    expect(lanes(-5)).toBe(hexOf([-5, 887, 122, 2]))
  })

  it.each([
    [{ share: 1.20004 }, undefined],
    [{ share: 1.3 }, 'input columns, column share: 1.3 is beyond 0 to 1.2, in steps of 0.0001: send a value within'],
    [{ share: -0.0001 }, 'input columns, column share: -0.0001 is beyond 0 to 1.2'],
    [{ celsius: 1e12 }, 'column celsius: 1000000000000 is beyond'],
    [{ income: Number.NaN }, 'input columns, column income: NaN is no number: send a finite one'],
    [{ income: '12 EUR' }, 'column income: "12 EUR" is no number: write one as 12.5 or 5e-7'],
    [{ income: null }, 'column income: null is no number'],
    [{ income: [1, 2] }, 'column income: a list is no number'],
    [{ income: undefined }, 'input columns: column income is missing'],
    [{ job: 'boss' }, 'column job: "boss" is no class: send one of "none", "part", "full", or its index'],
    [{ job: 3 }, 'column job: 3 is no class'],
    [{ job: 0.5 }, 'column job: 0.5 is no class'],
    [{ incme: 1 }, 'there is no column "incme": columns are income, share, celsius, job'],
    [JSON.parse('{"__proto__":1}'), 'there is no column "__proto__"'],
  ])('%j', (change, message) => {
    const work = () => encodeInputs(APPLICANT, { columns: { ...ROW, ...change } as never })
    if (message === undefined) expect(work()).toBe(hexOf([34_319, 12_000, 122, 2]))
    else expect(refusal(work)).toContain(message)
  })

  it('takes a label, an index as number or text, and true or false', () => {
    const jobs = ['part', 1, '1', true, 1n] as const
    for (const job of jobs)
      expect(encodeInputs(APPLICANT, { columns: { ...ROW, job } })).toBe(hexOf([34_319, 887, 122, 1]))
  })

  it('come as rows where the tensor has several, along any axis', () => {
    const columns = [
      { name: 'a', step: '1', offset: '0', kind: 'value' },
      { name: 'b', step: '0.1', offset: '0', kind: 'value' },
    ] as const
    const model = (shape: readonly number[], axis: number) =>
      ({ ...APPLICANT, inputs: [{ ...LANES, name: 'x', shape, axis, columns }] }) as const
    const rows = [
      { a: 1, b: 0.2 },
      { a: 3, b: 0.4 },
      { a: 5, b: 0.6 },
    ]
    expect(encodeInputs(model([3, 2], 1), { x: rows })).toBe(hexOf([1, 2, 3, 4, 5, 6]))
    expect(encodeInputs(model([2, 3], 0), { x: rows })).toBe(hexOf([1, 3, 5, 2, 4, 6]))
    expect(encodeInputs(model([1, 2, 3], 1), { x: [1, 3, 5, 0.2, 0.4, 0.6] })).toBe(hexOf([1, 3, 5, 2, 4, 6]))
    expect(refusal(() => encodeInputs(model([3, 2], 1), { x: rows.slice(1) }))).toBe('input x: 2 rows given, 3 needed')
    expect(refusal(() => encodeInputs(model([3, 2], 1), { x: [rows[0], rows[1], 7] as never }))).toContain(
      'row 2, is no object',
    )
    const wrong = [...rows.slice(1), { a: 1, b: 1e10 }]
    expect(refusal(() => encodeInputs(model([3, 2], 1), { x: wrong }))).toContain(
      'input x, column b at [2, 1]: 10000000000 is beyond',
    )
  })
})

describe('lists', () => {
  const lanes = [0, 1, 2, 253, 254, 255]

  it('may be flat, typed, nested as the shape, or alone', () => {
    const expected = hexOf(lanes, 2)
    const [first, second] = [lanes.slice(0, 3), lanes.slice(3)]
    expect(encodeInputs(IMAGE, { pixels: lanes })).toBe(expected)
    expect(encodeInputs(IMAGE, lanes)).toBe(expected)
    expect(encodeInputs(IMAGE, Uint8Array.from(lanes))).toBe(expected)
    expect(encodeInputs(IMAGE, { pixels: Float32Array.from(lanes) })).toBe(expected)
    expect(encodeInputs(IMAGE, { pixels: BigInt64Array.from(lanes.map(BigInt)) })).toBe(expected)
    expect(encodeInputs(IMAGE, { pixels: [first, second] })).toBe(expected)
    expect(encodeInputs(IMAGE, { pixels: [[Uint8Array.from(first), second]] })).toBe(expected)
    expect(encodeInputs(IMAGE, { pixels: [[first], [second]] })).toBe(expected)
  })

  it.each([
    [[1, 2, 3], 'input pixels: 3 values given, 6 needed: its shape is [1, 2, 3]'],
    [7, 'input pixels: 1 values given, 6 needed'],
    [
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      'input pixels: a list of 3 where the shape [1, 2, 3] has 2',
    ],
    [
      [
        [1, 2, 3],
        [4, 5],
      ],
      'input pixels: a list of 2 where the shape [1, 2, 3] has 3',
    ],
    [[[1, 2, 3], 4], 'input pixels: the lists are not nested as the shape [1, 2, 3]'],
    [
      [
        [1, 2, 3],
        [4, 5, [6, 6]],
      ],
      'input pixels: a list of 2',
    ],
    [[1, 2, 3, 4, 5, 256], 'input pixels at [0, 1, 2]: 256 is beyond 0 to 255: send a value within'],
    [[1, 2, 3, 4, undefined, 6], 'input pixels at [0, 1, 1]: undefined is no number'],
    [{ a: 1 }, 'input pixels: 1 values given, 6 needed'],
  ])('%j is refused', (pixels, message) => {
    expect(refusal(() => encodeInputs(IMAGE, { pixels: pixels as never }))).toContain(message)
  })

  it('refuses a list within itself', () => {
    const endless: unknown[] = []
    endless.push(endless)
    expect(refusal(() => encodeInputs(IMAGE, { pixels: endless as never }))).toContain('nested more than 16 deep')
  })

  it('is the tensor encoding of the nearest steps, for any lanes', () => {
    const property = fc.property(
      fc.constantFrom('1', '0.1', '0.0001', '2^-8', '0.0123456789'),
      fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 6, maxLength: 6 }),
      (step, wanted) => {
        const model = { ...IMAGE, inputs: [{ ...LANES, name: 'x', shape: [6], step }] }
        const values = wanted.map(
          (lane) => Number(step.startsWith('2^') ? lane / 256 : `${lane}`) * (step.startsWith('2^') ? 1 : Number(step)),
        )
        expect(encodeInputs(model, { x: values })).toBe(hexOf(wanted))
      },
    )
    fc.assert(property, { numRuns: numRuns(200) })
  })
})

describe('names of inputs', () => {
  const two = {
    ...APPLICANT,
    inputs: [
      { ...LANES, name: 'a', shape: [], laneBytes: 1, lo: -128, hi: 127 },
      { ...LANES, name: 'b', shape: [2] },
    ],
  } as const satisfies ModelDescription

  it('may be in any order; bytes are in the order of the model', () => {
    expect(encodeInputs(two, { b: [2, 3], a: -1 })).toBe('0xff0000000200000003')
  })

  it.each([
    [{ a: 1 }, 'input b is missing'],
    [{ a: 1, b: [1, 2], c: 3 }, 'there is no input "c": inputs are a, b'],
    [[1, 2, 3], 'inputs are given by name: a, b'],
    [null, 'inputs are given by name: a, b'],
  ])('%j is refused', (inputs, message) => {
    expect(refusal(() => encodeInputs(two, inputs as never))).toBe(message)
  })

  it('are checked by the compiler where the description is constant', () => {
    const misspelt = () =>
      encodeInputs(APPLICANT, {
        // @ts-expect-error: there is no such column.
        columns: { ...ROW, income: undefined, incme: 1 },
      })
    // @ts-expect-error: there is no such input.
    const unknown = () => encodeInputs(APPLICANT, { rows: ROW })
    for (const work of [misspelt, unknown]) expect(work).toThrow()
  })
})

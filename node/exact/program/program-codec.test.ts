import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../../test/support/random-graph.ts'
import { bytesToHex, concatBytes } from '../../protocol/bytes.ts'
import { InvalidError } from '../../protocol/errors.ts'
import { encodeTensor } from '../../protocol/tensor-encoding.ts'
import { lower } from './lower.ts'
import type { FoldOp, ProgramValue } from './program.ts'
import { type Descriptor, decodeDescriptor, encodeDescriptor, encodeFinish } from './program-codec.ts'

const FOLD: FoldOp = {
  kind: 'fold',
  output: 7,
  outLoops: [2, 3],
  foldLoops: [5],
  operands: [
    { value: 0, address: { offset: -1, strides: [5, 0, 1] }, checks: [{ offset: -1, strides: [0, 0, 1], extent: 5 }] },
    { value: 3, address: { offset: 0, strides: [0, 5, 1] }, checks: [] },
    { value: 4, address: { offset: 0, strides: [0, 1, 0] }, checks: [] },
  ],
  reduction: 'sum',
  product: true,
  epilogue: [
    { fn: 'add-tensor', operand: 2 },
    { fn: 'shift-right-half-even', bits: 7 },
    { fn: 'clip', lo: -128, hi: 127 },
  ],
  run: 128,
}
const DESCRIPTOR: Descriptor = { op: FOLD, value: { laneBytes: 1, lanes: 6 } }

const descriptors = graphCases({ maxOps: 4 }).map(({ checked }) => {
  const program = lower(checked)
  return program.ops.map((op) => ({ op, value: program.values[op.output] as ProgramValue }))
})

describe('the descriptor of an op', () => {
  it('is the committed words', () => {
    const words = [
      ...[2, 7, 1, 6, 0, 128, 1, 1, 0, 0, 0, 2, 1, 3, 3],
      ...[2, 3, 5],
      ...[0, 1, -1, 5, 0, 1, 5, -1, 0, 0, 1],
      ...[3, 0, 0, 0, 5, 1],
      ...[4, 0, 0, 0, 1, 0],
      ...[1, 2, 0, 11, 7, 0, 8, -128, 127],
    ]
    expect(bytesToHex(encodeDescriptor(DESCRIPTOR))).toBe(bytesToHex(encodeTensor(words, 8)))
    expect(decodeDescriptor(encodeDescriptor(DESCRIPTOR))).toEqual(DESCRIPTOR)
  })

  it('has one encoding: a changed word is refused, or means another op', () => {
    const change = fc.record({ word: fc.nat(), by: fc.oneof(fc.constantFrom(-1, 1, 2, 256), fc.integer()) })
    const property = fc.property(descriptors, fc.array(change, { minLength: 1, maxLength: 20 }), (all, changes) => {
      for (const descriptor of all) {
        const bytes = encodeDescriptor(descriptor)
        for (const { word, by } of changes) {
          if (by !== 0) expectOneEncoding(changedWord(bytes, word % (bytes.length / 8), BigInt(by)), descriptor)
        }
      }
    })
    fc.assert(property, { numRuns: numRuns(60) })
  })

  it('is refused when truncated, extended or random', () => {
    const bytes = encodeDescriptor(DESCRIPTOR)
    for (let size = 0; size < bytes.length; size++) expect(refused(bytes.subarray(0, size))).toBe(true)
    expect(refused(concatBytes(bytes, new Uint8Array(8)))).toBe(true)
    expect(refused(new Uint8Array(100_000))).toBe(true)
    const property = fc.property(fc.uint8Array({ maxLength: 400 }), (random) => {
      expect(refused(random)).toBe(true)
    })
    fc.assert(property, { numRuns: numRuns(100) })
  })

  it.each([
    ['reads the value that it writes', { operands: [{ ...FOLD.operands[0], value: 7 }, FOLD.operands[1]] }],
    ['writes other than its loops', { outLoops: [2, 4] }],
    ['has a loop of one', { foldLoops: [1] }],
    ['runs over more than 128 terms', { run: 129 }],
    ['multiplies one operand', { operands: [FOLD.operands[0]] }],
    ['shifts by 53 bits', { epilogue: [{ fn: 'shift-left', bits: 53 }] }],
    ['clips to nothing', { epilogue: [{ fn: 'clip', lo: 1, hi: 0 }] }],
    ['adds an operand that it has not', { epilogue: [{ fn: 'add-tensor', operand: 3 }] }],
  ])('is refused where the op %s', (_, change) => {
    expect(refused(encodeDescriptor({ ...DESCRIPTOR, op: { ...FOLD, ...change } as FoldOp }))).toBe(true)
  })
})

describe('the descriptor of Finish', () => {
  it('is no op', () => {
    const bytes = encodeFinish([{ value: 9, shape: [2] }])
    expect(bytesToHex(bytes)).toBe(bytesToHex(encodeTensor([5, 1, 9], 8)))
    expect(refused(bytes)).toBe(true)
  })
})

function changedWord(bytes: Uint8Array, word: number, by: bigint): Uint8Array {
  const changed = bytes.slice()
  const view = new DataView(changed.buffer)
  view.setBigInt64(8 * word, view.getBigInt64(8 * word) + by)
  return changed
}

function expectOneEncoding(bytes: Uint8Array, original: Descriptor): void {
  if (refused(bytes)) return
  const decoded = decodeDescriptor(bytes)
  expect(decoded).not.toEqual(original)
  expect(encodeDescriptor(decoded)).toEqual(bytes)
}

function refused(bytes: Uint8Array): boolean {
  try {
    decodeDescriptor(bytes)
    return false
  } catch (error) {
    if (error instanceof InvalidError) return true
    throw error
  }
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GraphCase, graphCases, numRuns } from '../../test/support/random-graph.ts'
import { constantOf, graphOf, inputOf } from '../../test/support/small-graph.ts'
import { bytesEqual, bytesToHex, concatBytes, hexToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { checkGraph } from './check.ts'
import type { ExactGraph } from './graph.ts'
import { decodeGraph, encodeGraph } from './graph-codec.ts'
import { MAX_GRAPH_BYTES } from './limits.ts'
import { OPS } from './ops.ts'

const sample = graphOf({
  inputs: [inputOf([2, 3], -128, 127)],
  constants: [constantOf([3, 2], [1, 2, 3, 4, -5, 300])],
  ops: [
    { kind: 'matmul', inputs: [0, 1] },
    { kind: 'shift-right', inputs: [2], bits: 3, rounding: 'half-even' },
    { kind: 'slice', inputs: [3], starts: [1, 0], sizes: [2, 2], steps: [-1, 1] },
    { kind: 'concat', inputs: [4, 3, 4], axis: 0 },
    { kind: 'clip', inputs: [5], lo: -(2 ** 40), hi: 9 },
  ],
  outputs: [{ value: 6, laneBytes: 4 }],
})

/** Never changes within profile 1. */
const SAMPLE_BYTES = [
  '41584752 0001 0001 0001 0005 0001',
  '02 00000002 00000003 01 ffffffffffffff80 000000000000007f',
  '02 00000003 00000002 02 0001 0002 0003 0004 fffb 012c',
  '10 0000 0001',
  '08 0002 00000003 01',
  '23 0003 02 00000001 00000000 02 00000002 00000002 02 ffffffff 00000001',
  '25 0003 0004 0003 0004 00000000',
  '06 0005 ffffff0000000000 0000000000000009',
  '0006 04',
]
  .join('')
  .replaceAll(' ', '')

function decode(hex: string): ExactGraph {
  return decodeGraph(hexToBytes(`0x${hex}`))
}

/** Whether bytes decode; where they do, they are the encoding of what they decode to, and the check copes with that. */
function survives(bytes: Uint8Array): boolean {
  let graph: ExactGraph
  try {
    graph = decodeGraph(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidError)
    return false
  }
  expect(bytesEqual(encodeGraph(graph), bytes)).toBe(true)
  try {
    checkGraph(graph)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidError)
  }
  return true
}

describe('canonical bytes', () => {
  it('are as they were fixed for profile 1', () => {
    expect(bytesToHex(encodeGraph(sample))).toBe(`0x${SAMPLE_BYTES}`)
    expect(decode(SAMPLE_BYTES)).toEqual(sample)
  })

  it('give each kind the opcode that was fixed for profile 1', () => {
    const opcodes = Object.entries(OPS).map(([kind, { opcode }]) => `${opcode} ${kind}`)
    expect(opcodes).toEqual([
      ...['1 add', '2 sub', '3 mul', '4 min', '5 max', '6 clip', '7 shift-left', '8 shift-right'],
      ...['9 floordiv', '10 isqrt', '11 less', '12 equal', '13 select'],
      ...['16 matmul', '17 conv', '18 sum-pool', '19 max-pool'],
      ...['24 reduce-sum', '25 reduce-max', '26 reduce-min', '27 argmax'],
      ...[
        '32 lookup',
        '39 gather-elements',
        '33 reshape',
        '34 transpose',
        '35 slice',
        '36 pad',
        '37 concat',
        '38 expand',
      ],
    ])
  })

  it('of ops of three operands, and of those without parameters, are as they were fixed for profile 1', () => {
    const graph = graphOf({
      inputs: [inputOf([4], 1, 9)],
      ops: [
        { kind: 'floordiv', inputs: [0, 0] },
        { kind: 'isqrt', inputs: [1] },
        { kind: 'less', inputs: [2, 0] },
        { kind: 'equal', inputs: [3, 0] },
        { kind: 'select', inputs: [3, 1, 0] },
        { kind: 'gather-elements', inputs: [4, 5], axis: 0 },
      ],
    })
    const ops = [
      '09 0000 0000',
      '0a 0001',
      '0b 0002 0000',
      '0c 0003 0000',
      '0d 0003 0001 0000',
      '27 0004 0005 00000000',
    ]
    expect(bytesToHex(encodeGraph(graph))).toContain(ops.join('').replaceAll(' ', ''))
    expect(decodeGraph(encodeGraph(graph))).toEqual(graph)
  })

  it('round-trip any valid graph', () => {
    const property = fc.property(graphCases(), ({ graph, checked }: GraphCase) => {
      const bytes = encodeGraph(graph)
      const decoded = decodeGraph(bytes)
      expect(decoded).toEqual(graph)
      expect(checkGraph(decoded)).toEqual(checked)
      expect(encodeGraph(decoded)).toEqual(bytes)
    })
    fc.assert(property, { numRuns: numRuns(200) })
  })

  it('do not depend on where in a buffer they lie', () => {
    const bytes = encodeGraph(sample)
    expect(decodeGraph(concatBytes(Uint8Array.of(7), bytes).subarray(1))).toEqual(sample)
  })
})

describe('untrusted bytes', () => {
  it.each<readonly [string, string, string]>([
    ['nothing', '', 'GraphTruncated'],
    ['another magic', SAMPLE_BYTES.replace('41584752', '41584753'), 'GraphMagic'],
    ['another profile', SAMPLE_BYTES.replace('415847520001', '415847520002'), 'ProfileUnknown'],
    ['an unknown opcode', SAMPLE_BYTES.replace('1000000001', '0f00000001'), 'OpcodeUnknown'],
    ['a choice that is none', SAMPLE_BYTES.replace('0800020000000301', '0800020000000302'), 'FieldInvalid'],
    ['lanes of 3 bytes', `${SAMPLE_BYTES.slice(0, -2)}03`, 'LaneBytesInvalid'],
    ['a constant in lanes too wide', SAMPLE_BYTES.replace('fffb012c', 'fffb007f'), 'ConstantNotPacked'],
    ['a list that is too long', SAMPLE_BYTES.replace('23000302', '2300030d'), 'FieldInvalid'],
    ['a lane beyond 2^53', SAMPLE_BYTES.replace('ffffff0000000000', '0020000000000000'), 'TensorLaneRange'],
    [
      'a constant of more lanes than there are bytes',
      SAMPLE_BYTES.replace('020000000300000002', '020000200000002000'),
      'GraphTruncated',
    ],
    [
      'a constant of too many lanes',
      SAMPLE_BYTES.replace('020000000300000002', '02ffffffffffffffff'),
      'TensorTooLarge',
    ],
    ['a constant of too many axes', SAMPLE_BYTES.replace('020000000300000002', '070000000300000002'), 'RankTooLarge'],
    ['a constant of no lanes', SAMPLE_BYTES.replace('020000000300000002', '020000000000000002'), 'ZeroSize'],
    ['more ops than there are bytes', SAMPLE_BYTES.replace('00050001', 'ffff0001'), 'OpcodeUnknown'],
    [
      'more inputs than the cap',
      `4158475200010041000000010001${'000100000000000000000000000000000000'.repeat(65)}0100000000410001`,
      'CountInvalid',
    ],
    ['a byte after the graph', `${SAMPLE_BYTES}00`, 'GraphTrailingBytes'],
  ])('are refused: %s', (_, hex, code) => {
    expect(() => decode(hex)).toThrow(InvalidError)
    expect(() => decode(hex)).toThrow(expect.objectContaining({ code }))
  })

  it('are refused at once when there are too many', () => {
    expect(() => decodeGraph(new Uint8Array(MAX_GRAPH_BYTES + 1))).toThrow(
      expect.objectContaining({ code: 'GraphTooLarge' }),
    )
  })

  it('are refused wherever they are cut off', () => {
    const bytes = encodeGraph(sample)
    for (let size = 0; size < bytes.length; size++) expect(survives(bytes.subarray(0, size))).toBe(false)
  })

  it('are refused with anything appended', () => {
    const property = fc.property(graphCases(), fc.uint8Array({ minLength: 1, maxLength: 40 }), ({ graph }, tail) => {
      expect(survives(concatBytes(encodeGraph(graph), tail))).toBe(false)
    })
    fc.assert(property, { numRuns: numRuns(50) })
  })

  it('with any one byte changed are refused, or decode to something that is checked again', () => {
    const bytes = encodeGraph(sample)
    for (const [at, byte] of bytes.entries()) {
      const flipped = [1, 2, 4, 8, 16, 32, 64, 128].map((bit) => byte ^ bit)
      for (const value of [...flipped, 0, 127, 255]) if (value !== byte) survives(bytes.with(at, value))
    }
  })

  it('with random corruptions are refused, or decode to something that is checked again', () => {
    const corruption = fc.record({ at: fc.nat(), removed: fc.nat(9), inserted: fc.uint8Array({ maxLength: 9 }) })
    const property = fc.property(
      graphCases({ maxOps: 4 }),
      fc.array(corruption, { minLength: 1 }),
      ({ graph }, corruptions) => {
        let bytes = encodeGraph(graph)
        for (const { at, removed, inserted } of corruptions) {
          const from = at % bytes.length
          bytes = concatBytes(bytes.subarray(0, from), inserted, bytes.subarray(from + removed))
          if (bytes.length === 0) return
        }
        survives(bytes)
      },
    )
    fc.assert(property, { numRuns: numRuns(500) })
  })
})

describe('encoding', () => {
  it.each<readonly [string, string, ExactGraph]>([
    ['an unpacked constant', 'ConstantNotPacked', { ...sample, constants: [{ shape: [1], data: Float64Array.of(1) }] }],
    ['an id of more than 16 bits', 'ValueUnknown', { ...sample, outputs: [{ value: 2 ** 16, laneBytes: 1 }] }],
    ['a rank above the cap', 'RankTooLarge', { ...sample, inputs: [inputOf([1, 1, 1, 1, 1, 1, 1], 0, 1)] }],
    ['an infinite parameter', 'FieldInvalid', { ...sample, ops: [{ kind: 'clip', inputs: [0], lo: 0, hi: Infinity }] }],
  ])('refuses what the bytes cannot hold: %s', (_, code, graph) => {
    expect(() => encodeGraph(graph)).toThrow(expect.objectContaining({ code }))
  })
})

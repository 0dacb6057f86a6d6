import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesField, elementBytes, join, varint, varintField, writeOnnx } from '../../../test/support/onnx-file.ts'
import { numRuns } from '../../../test/support/random-graph.ts'
import { checkGraph } from '../check.ts'
import { ImportError } from './import-error.ts'
import { importOnnx } from './import-onnx.ts'
import { decodeOnnx } from './onnx-decoder.ts'
import { decodeTensor, tensorValues } from './onnx-tensor.ts'
import { decodeUtf8, toInt64, toUint64 } from './protobuf-reader.ts'

const MODELS = ['risk/risk.exact.onnx', 'risk/risk.float.onnx', 'digits/digits.exact.onnx'].map(
  (path) => new Uint8Array(readFileSync(new URL(`../../../models/${path}`, import.meta.url))),
)
const budget = () => ({ left: 1000 })

describe('decoding', () => {
  it('reads names, attributes, metadata and operator sets', () => {
    const model = decodeOnnx(
      writeOnnx({
        inputs: [{ name: 'x', dtype: 'int8', dims: [1, 'n'] }],
        outputs: [{ name: 'y', dtype: 'float32', dims: [2] }],
        nodes: [
          {
            op: 'Thing',
            inputs: ['x', '', 'c'],
            output: 'y',
            name: 'näme',
            attributes: {
              i: -5,
              list: [1, -2, 2 ** 40],
              f: { float: 0.5 },
              s: 'text',
              t: { dtype: 'int32', dims: [1], values: [9] },
            },
          },
        ],
        constants: { c: { dtype: 'float64', dims: [2], values: [0.1, -7] } },
        metadata: { key: 'välue' },
      }),
    )
    expect(model.opsets).toEqual(new Map([['', 17]]))
    expect(model.metadata).toEqual(new Map([['key', 'välue']]))
    expect(model.graph.inputs).toEqual([{ name: 'x', dataType: 3, dims: [1, 'n'], isTensor: true }])
    expect(model.graph.outputs).toEqual([{ name: 'y', dataType: 1, dims: [2], isTensor: true }])
    const [node] = model.graph.nodes
    expect(node).toMatchObject({ name: 'näme', opType: 'Thing', domain: '', inputs: ['x', '', 'c'], outputs: ['y'] })
    expect([...(node?.attributes ?? [])].map(([key, { value }]) => [key, value])).toMatchObject([
      ['i', -5],
      ['list', [1, -2, 2 ** 40]],
      ['f', 0.5],
      ['s', 'text'],
      ['t', { dims: [1], dataType: 6 }],
    ])
    expect(model.graph.initializers.map((tensor) => [...tensorValues(tensor)])).toEqual([[0.1, -7]])
  })

  it('skips fields that it does not know, and value infos of any order', () => {
    const unknown = join(varintField(99, 7), bytesField(98, 'skipped'), join(varint(97 * 8 + 1), new Uint8Array(8)))
    expect(decodeOnnx(join(unknown, MODELS[0] as Uint8Array, unknown)).graph.nodes.length).toBeGreaterThan(10)
  })

  const tensorOf = (dataType: number, count: number, ...values: readonly Uint8Array[]) =>
    decodeTensor(join(varintField(1, count), varintField(2, dataType), ...values), budget())

  it('reads typed values packed, one by one, and both mixed', () => {
    const packed = bytesField(7, join(varint(1), varint(-2n), varint(3)))
    const single = [1n, -2n, 3n].map((value) => varintField(7, value))
    expect([...tensorValues(tensorOf(7, 3, packed))]).toEqual([1, -2, 3])
    expect([...tensorValues(tensorOf(7, 3, ...single))]).toEqual([1, -2, 3])
    expect([...tensorValues(tensorOf(7, 6, packed, ...single))]).toEqual([1, -2, 3, 1, -2, 3])
    const floats = elementBytes('float32', [0.5, -8])
    const singleFloats = [floats.subarray(0, 4), floats.subarray(4)].map((bytes) => join(varint(4 * 8 + 5), bytes))
    expect([...tensorValues(tensorOf(1, 4, bytesField(4, floats), ...singleFloats))]).toEqual([0.5, -8, 0.5, -8])
    expect([...tensorValues(tensorOf(12, 2, bytesField(11, join(varint(7), varint(2 ** 32 - 1)))))]).toEqual([
      7,
      2 ** 32 - 1,
    ])
    expect([...tensorValues(tensorOf(11, 1, bytesField(10, elementBytes('float64', [0.1]))))]).toEqual([0.1])
  })

  it('refuses typed values in the wrong field or of the wrong count', () => {
    expect(() => tensorValues(tensorOf(1, 1, bytesField(7, varint(1))))).toThrow(ImportError)
    expect(() => tensorValues(tensorOf(7, 2, bytesField(7, varint(1))))).toThrow(ImportError)
    expect(() => tensorValues(tensorOf(1, 1, bytesField(4, new Uint8Array(5))))).toThrow(ImportError)
    expect(() => tensorValues(tensorOf(1, 1))).toThrow(ImportError)
    expect(() => tensorOf(1, 1, join(varint(4 * 8), varint(1)))).toThrow(ImportError)
  })
})

describe('numbers and texts', () => {
  it('reads every 64-bit integer, exactly where it is safe and as unsafe where not', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
        expect(toInt64(varint(value))).toBe(Number(value))
        expect(toUint64(varint(value))).toBe(Number(BigInt.asUintN(64, value)))
      }),
      { numRuns: numRuns(100) },
    )
    for (const value of [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(Number.isSafeInteger(toInt64(varint(value)))).toBe(false)
    }
  })

  it('reads UTF-8 as TextDecoder does, and refuses what it refuses', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const strictly = (decode: () => string) => {
      try {
        return decode()
      } catch {
        return undefined
      }
    }
    const bytes = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
      fc.uint8Array({ maxLength: 6 }),
      fc
        .array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xa0, 0x9f, 0xf0, 0xf4, 0x90), { maxLength: 5 })
        .map((list) => Uint8Array.from(list)),
    )
    fc.assert(
      fc.property(bytes, (text) => {
        expect(strictly(() => decodeUtf8(text))).toBe(strictly(() => decoder.decode(text)))
      }),
      { numRuns: numRuns(500) },
    )
  })
})

describe('corrupted models', () => {
  /** Imports, and holds the importer to its promise: a graph that the check accepts, or a named refusal. */
  function importOrRefuse(bytes: Uint8Array): void {
    try {
      checkGraph(importOnnx(bytes))
    } catch (error) {
      if (!(error instanceof ImportError)) throw error
      expect(error.message.length).toBeGreaterThan(10)
    }
  }

  const corruption = fc.record({
    model: fc.constantFrom(...MODELS),
    kind: fc.constantFrom('flip', 'overwrite', 'insert', 'remove', 'truncate', 'repeat'),
    place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }),
      fc.bigInt(0n, 2n ** 64n - 1n).map(varint),
      fc.constant(varint(2 ** 40)),
    ),
    bit: fc.nat(7),
  })

  function corrupt({
    model,
    kind,
    place,
    bytes,
    bit,
  }: typeof corruption extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
    const at = Math.floor(place * model.length)
    const [before, after] = [model.subarray(0, at), model.subarray(at)]
    if (kind === 'truncate') return before
    if (kind === 'insert') return join(before, bytes, after)
    if (kind === 'remove') return join(before, after.subarray(bytes.length))
    if (kind === 'repeat') return join(before, after.subarray(0, 64), after)
    const changed = Uint8Array.from(model)
    if (kind === 'flip') changed[at] = (changed[at] as number) ^ (1 << bit)
    else changed.set(bytes.subarray(0, model.length - at), at)
    return changed
  }

  it('are refused by name or import as another exact model', () => {
    fc.assert(
      fc.property(corruption, (change) => importOrRefuse(corrupt(change))),
      { numRuns: numRuns(300) },
    )
  })

  it('are refused by name where every byte of the head is flipped, one after the other', () => {
    const [model] = MODELS as [Uint8Array]
    for (let at = 0; at < 400; at++) {
      importOrRefuse(model.with(at, (model[at] as number) ^ 0xff))
      importOrRefuse(model.with(at, (model[at] as number) ^ 0x01))
    }
  })

  it('are refused where they are random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => importOrRefuse(bytes)),
      { numRuns: numRuns(500) },
    )
  })
})

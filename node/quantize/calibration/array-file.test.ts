import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { npyFile } from '../../../test/support/npy-file.ts'
import { QuantiseError } from '../quantise-error.ts'
import { readArrays } from './array-file.ts'
import { readNpy } from './npy.ts'

describe('a .npy file', () => {
  it.each<[string, ArrayBufferView, readonly number[]]>([
    ['<f4', Float32Array.of(1.5, -2, 0), [1.5, -2, 0]],
    ['<f8', Float64Array.of(1e300, -2, 0), [1e300, -2, 0]],
    ['<i8', BigInt64Array.of(-(2n ** 40n), 2n, 0n), [-(2 ** 40), 2, 0]],
    ['|u1', Uint8Array.of(255, 0, 7), [255, 0, 7]],
    ['>i2', Uint8Array.of(1, 2, 255, 255, 0, 3), [258, -1, 3]],
    ['|b1', Uint8Array.of(1, 0, 1), [1, 0, 1]],
    ['<f2', Uint16Array.of(0x3c00, 0xc100, 0x0001), [1, -2.5, 2 ** -24]],
  ])('of %s is read', (descr, data, expected) => {
    const { shape, data: lanes } = readNpy(npyFile(descr, [3], data))
    expect([shape, Array.from(lanes)]).toEqual([[3], expected])
  })

  it('keeps shapes of any rank, and the newer header', () => {
    expect(readNpy(npyFile('<f4', [], Float32Array.of(7)))).toMatchObject({ kind: 'float', shape: [] })
    expect(readNpy(npyFile('<i4', [2, 1], Int32Array.of(7, 8), 2))).toMatchObject({ kind: 'integer', shape: [2, 1] })
  })

  it.each([
    ['text', npyFile('<U3', [1], new Uint8Array(12)), /holds no numbers/],
    ['another order', npyFile('<f4', [1], Float32Array.of(7), 1, 'True'), /Fortran order/],
    ['too few values', npyFile('<f4', [2], Float32Array.of(7)), /4 bytes of values, not 8/],
    ['too many values', npyFile('<f4', [2 ** 27], new Uint8Array()), /134217728 values, limit/],
    ['no header', Uint8Array.of(1, 2, 3), /no \.npy file/],
  ])('of %s is refused', (_, file, message) => {
    expect(() => readNpy(file)).toThrow(message)
  })

  it('is read or refused whatever its bytes are', () => {
    const file = npyFile('<i2', [2, 3], Int16Array.of(1, 2, 3, 4, 5, 6))
    const edited = fc.tuple(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length)).map(([at, byte, length]) => {
      const copy = file.slice(0, length)
      copy[at] = byte
      return copy
    })
    fc.assert(
      fc.property(edited, (bytes) => {
        try {
          readNpy(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(QuantiseError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('a file of arrays', () => {
  it('yields the arrays of a .npz by name', () => {
    const file = zipSync({
      'x.npy': npyFile('<f4', [2], Float32Array.of(1, 2)),
      'y.npy': npyFile('|i1', [], Int8Array.of(3)),
    })
    const arrays = readArrays('a.npz', file)
    expect(arrays.map(({ name, tensor }) => [name, tensor.shape, Array.from(tensor.data)])).toEqual([
      ['x', [2], [1, 2]],
      ['y', [], [3]],
    ])
  })

  it('reads what NumPy wrote', () => {
    const path = new URL('../../../test/fixtures/float-models/autoencoder.npz', import.meta.url)
    const arrays = readArrays('autoencoder.npz', new Uint8Array(readFileSync(path)))
    expect(arrays.length).toBeGreaterThan(0)
    for (const { tensor } of arrays) expect(tensor.data.every(Number.isFinite)).toBe(true)
  })

  it('yields the tensor of a .pb', () => {
    // dims [2], data type int32, name x, raw data.
    const file = Uint8Array.of(8, 2, 16, 6, 66, 1, 120, 74, 8, 7, 0, 0, 0, 255, 255, 255, 255)
    const [array] = readArrays('input_0.pb', file)
    expect(array).toMatchObject({ name: 'x', tensor: { kind: 'integer', shape: [2], data: Float64Array.of(7, -1) } })
  })

  it.each([
    ['a.txt', Uint8Array.of(1)],
    ['a.npz', Uint8Array.of(80, 75, 3, 4)],
    ['a.npz', zipSync({ 'x.npy': Uint8Array.of(1) })],
    ['a.pb', Uint8Array.of(255, 255)],
  ])('is refused by name where it is malformed: %s', (name, bytes) => {
    expect(() => readArrays(name, bytes)).toThrow(new RegExp(`^${name}`))
    expect(() => readArrays(name, bytes)).toThrow(QuantiseError)
  })
})

import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../../protocol/bytes.ts'
import { encodeOnnxModel, type OnnxModel } from './onnx-writer.ts'

const INFO = { name: 'x', dtype: 'int8', shape: [2, 300] } as const

const MODEL: OnnxModel = {
  inputs: [INFO],
  outputs: [{ ...INFO, name: 'y' }],
  initializers: [
    { name: 'c', dtype: 'int64', shape: [1], bytes: Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255) },
  ],
  nodes: [
    { opType: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: 3 } },
    { opType: 'Q', domain: 'd', inputs: [], outputs: [], attributes: { b: [-1, 2], a: { float: 1 } } },
  ],
}

/** One protobuf field as hex: tag, then length where the payload has one. */
function field(tag: string, payload: string, delimited = true): string {
  const length = payload.length / 2
  const size =
    length < 128
      ? length.toString(16).padStart(2, '0')
      : `${((length & 127) | 128).toString(16)}${(length >> 7).toString(16).padStart(2, '0')}`
  return delimited ? tag + size + payload : tag + payload
}

function ascii(text: string): string {
  return bytesToHex(new TextEncoder().encode(text)).slice(2)
}

describe('encodeOnnxModel', () => {
  it('writes the fields of onnx.proto, attributes sorted by name', () => {
    const to = field('2a', `${field('0a', ascii('to'))}1803a00102`)
    const cast = field('0a', `${field('0a', ascii('x'))}${field('12', ascii('y'))}${field('22', ascii('Cast'))}${to}`)
    const a = field('2a', `${field('0a', ascii('a'))}150000803fa00101`)
    const b = field('2a', `${field('0a', ascii('b'))}40ffffffffffffffffff014002a00107`)
    const q = field('0a', `${field('22', ascii('Q'))}${a}${b}${field('3a', ascii('d'))}`)
    const initializer = field('2a', `08011007${field('42', ascii('c'))}${field('4a', 'ff'.repeat(8))}`)
    const shape = field('12', `${field('0a', '0802')}${field('0a', '08ac02')}`)
    const info = (tag: string, name: string) =>
      field(tag, field('0a', ascii(name)) + field('12', field('0a', `0803${shape}`)))
    const graph = cast + q + field('12', ascii('assay')) + initializer + info('5a', 'x') + info('62', 'y')
    const opsets = field('42', `${field('0a', '')}1015`) + field('42', `${field('0a', ascii('com.microsoft'))}1001`)
    expect(bytesToHex(encodeOnnxModel(MODEL))).toBe(`0x080a${field('3a', graph)}${opsets}`)
  })

  it('gives equal bytes for equal models', () => {
    expect(encodeOnnxModel(structuredClone(MODEL))).toEqual(encodeOnnxModel(MODEL))
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OnnxValueInfo } from '../exact/emit/onnx-writer.ts'
import { concatBytes } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { decodeInferAnswer, encodeInferRequest, maxAnswerBytes, type OipMessage } from './oip-messages.ts'

const WANTED: readonly OnnxValueInfo[] = [
  { name: 'out0', dtype: 'int16', shape: [2] },
  { name: 'out1', dtype: 'int64', shape: [1] },
]
const LANES = [Int16Array.of(-2, 300), Float64Array.of(-(2 ** 40) - 3)]

/** An answer with the outputs of {@link WANTED}, and the two blobs in this order. */
function answer(order: readonly number[] = [0, 1]): OipMessage {
  const blobs = [Uint8Array.of(254, 255, 44, 1), new Uint8Array(BigInt64Array.of(-(2n ** 40n) - 3n).buffer)]
  const outputs = order.map((i) => ({
    name: `out${i}`,
    datatype: ['INT16', 'INT64'][i],
    shape: WANTED[i]?.shape,
    parameters: { binary_data_size: blobs[i]?.length },
  }))
  const header = new TextEncoder().encode(JSON.stringify({ outputs }))
  return {
    body: concatBytes(header, ...order.map((i) => blobs[i] as Uint8Array)),
    headerBytes: header.length,
  }
}

describe('messages of the Open Inference Protocol', () => {
  it('ask for outputs with inputs in little-endian binary', () => {
    const info = { name: 'in0', dtype: 'int32', shape: [2] } as const
    const { body, headerBytes } = encodeInferRequest([info], [{ shape: [2], data: Int32Array.of(1, -1) }], WANTED)
    expect(JSON.parse(new TextDecoder().decode(body.subarray(0, headerBytes)))).toEqual({
      inputs: [{ name: 'in0', shape: [2], datatype: 'INT32', parameters: { binary_data_size: 8 } }],
      outputs: WANTED.map(({ name }) => ({ name, parameters: { binary_data: true } })),
    })
    expect(Array.from(body.subarray(headerBytes))).toEqual([1, 0, 0, 0, 255, 255, 255, 255])
  })

  it.each([[[0, 1]], [[1, 0]]])('yield outputs in the order asked for, sent as %j', (order) => {
    const tensors = decodeInferAnswer(answer(order), WANTED)
    expect(tensors.map(({ data }) => data)).toEqual(LANES)
  })

  it('bound an answer by what was asked for', () => {
    expect(maxAnswerBytes(WANTED)).toBe(65_536 + 12)
  })

  it('are malformed, not misread, when they are cut, lengthened or their header is changed', () => {
    const { body, headerBytes } = answer()
    const edits = fc.oneof(
      fc.nat(body.length - 1).map((length): OipMessage => ({ body: body.subarray(0, length), headerBytes })),
      fc.uint8Array({ minLength: 1, maxLength: 9 }).map((more) => ({ body: concatBytes(body, more), headerBytes })),
      fc
        .oneof(fc.integer({ min: -9, max: 400 }), fc.constant(Number.NaN))
        .map((length) => ({ body, headerBytes: length })),
      fc.tuple(fc.nat(headerBytes - 1), fc.nat(255)).map(([at, byte]) => {
        const changed = body.slice()
        changed[at] = byte
        return { body: changed, headerBytes }
      }),
    )
    fc.assert(
      fc.property(edits, (edited) => {
        try {
          const tensors = decodeInferAnswer(edited, WANTED)
          expect(tensors.map(({ data }) => data)).toEqual(LANES)
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error
          expect(error.code).toBe('ServerFailed')
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

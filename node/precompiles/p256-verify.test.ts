import { p256 } from '@noble/curves/nist.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../protocol/bytes.ts'
import { P256_VERIFY_GAS, runP256Verify } from './p256-verify.ts'

const key = new Uint8Array(32).fill(7)
const hash = new Uint8Array(32).fill(9)
const publicKey = p256.getPublicKey(key, false).subarray(1)

function signatureWith(lowS: boolean): Uint8Array {
  const signature = p256.Signature.fromBytes(p256.sign(hash, key, { prehash: false, lowS: true }))
  const s = lowS ? signature.s : p256.Point.Fn.ORDER - signature.s
  return new p256.Signature(signature.r, s).toBytes()
}

const valid = concatBytes(hash, signatureWith(true), publicKey)

describe('P256VERIFY', () => {
  test('answers 1 to a valid signature, of either s', () => {
    const high = concatBytes(hash, signatureWith(false), publicKey)
    for (const input of [valid, high]) {
      const { returnValue, executionGasUsed, exceptionError } = runP256Verify(input, 100_000n)
      expect(exceptionError).toBeUndefined()
      expect(executionGasUsed).toBe(P256_VERIFY_GAS)
      expect([...returnValue]).toEqual([...new Uint8Array(31), 1])
    }
  })

  test('answers nothing to anything else, at the same price', () => {
    const order = p256.Point.Fn.ORDER
    const field = p256.Point.Fp.ORDER
    const word = (value: bigint) =>
      Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(248 - 8 * i)) & 255n))
    const withWord = (at: number, value: bigint) => {
      const input = Uint8Array.from(valid)
      input.set(word(value), at)
      return input
    }
    const bad = [
      new Uint8Array(0),
      valid.subarray(0, 159),
      concatBytes(valid, Uint8Array.of(0)),
      withWord(32, 0n),
      withWord(32, order),
      withWord(64, 0n),
      withWord(64, order),
      withWord(96, field),
      concatBytes(hash, signatureWith(true), new Uint8Array(64)),
    ]
    for (const input of bad)
      expect(runP256Verify(input, 100_000n)).toEqual({
        executionGasUsed: P256_VERIFY_GAS,
        returnValue: new Uint8Array(0),
      })
  })

  test('answers nothing once any bit of a valid input is flipped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1279 }), (bit) => {
        const input = Uint8Array.from(valid)
        input[bit >> 3] = (input[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(runP256Verify(input, 100_000n).returnValue).toHaveLength(0)
      }),
      { numRuns: Number(process.env.FC_NUM_RUNS ?? 40) },
    )
  })

  test('runs out of gas below its price', () => {
    expect(runP256Verify(valid, P256_VERIFY_GAS - 1n).exceptionError?.error).toBe('out of gas')
  })
})

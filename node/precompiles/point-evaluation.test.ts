import { DasContextJs } from '@crate-crypto/node-eth-kzg'
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { bytesToHex, concatBytes } from '../protocol/bytes.ts'
import { POINT_EVALUATION_GAS, runPointEvaluation } from './point-evaluation.ts'

/** A blob of small, distinct field elements, committed to and opened by the native library with its own trusted setup. */
const kzg = DasContextJs.create({ usePrecomp: false })
const blob = Uint8Array.from({ length: 131_072 }, (_, i) => (i % 32 === 0 ? 0 : (i * 31) & 0xff))
const commitment = kzg.blobToKzgCommitment(blob)

function opening(z: Uint8Array, of = { blob, commitment }): Uint8Array {
  const [proof, y] = kzg.computeKzgProof(of.blob, z)
  const versionedHash = sha256(of.commitment)
  versionedHash[0] = 1
  return concatBytes(versionedHash, z, y as Uint8Array, of.commitment, proof as Uint8Array)
}

const z = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0 : 3 * i))
const valid = opening(z)
const MODULUS = '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001'

describe('the point evaluation precompile', () => {
  test('accepts what the native library opened', () => {
    const { returnValue, executionGasUsed, exceptionError } = runPointEvaluation(valid, 60_000n)
    expect(exceptionError).toBeUndefined()
    expect(executionGasUsed).toBe(POINT_EVALUATION_GAS)
    expect(bytesToHex(returnValue)).toBe(`0x${'1000'.padStart(64, '0')}${MODULUS}`)
  })

  test('accepts a constant polynomial, whose proof is the point at infinity', () => {
    const zeros = new Uint8Array(131_072)
    const constant = { blob: zeros, commitment: kzg.blobToKzgCommitment(zeros) }
    expect(runPointEvaluation(opening(z, constant), 60_000n).exceptionError).toBeUndefined()
  })

  test('fails and uses all gas when any part is changed', () => {
    const cases = [0, 1, 31, 32, 63, 64, 95, 96, 100, 143, 144, 150, 191].map((at) => {
      const input = Uint8Array.from(valid)
      input[at] = (input[at] as number) ^ 1
      return input
    })
    const aboveModulus = Uint8Array.from(valid)
    aboveModulus.set(new Uint8Array(32).fill(0xff), 32)
    for (const input of [...cases, aboveModulus, valid.subarray(1), concatBytes(valid, Uint8Array.of(0))]) {
      const result = runPointEvaluation(input, 60_000n)
      expect(result.exceptionError).toBeDefined()
      expect(result.executionGasUsed).toBe(60_000n)
    }
  })

  test('agrees with the native library on other points', () => {
    for (let i = 1; i <= 4; i++) {
      const point = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 0 : (at * i * 7) & 0xff))
      const input = opening(point)
      const parts = [input.subarray(96, 144), point, input.subarray(64, 96), input.subarray(144)] as const
      expect(kzg.verifyKzgProof(...parts)).toBe(true)
      expect(runPointEvaluation(input, 60_000n).exceptionError).toBeUndefined()
    }
  })
})

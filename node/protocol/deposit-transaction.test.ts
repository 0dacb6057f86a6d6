import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from './bytes.ts'
import {
  type DepositTransaction,
  decodeDeposit,
  encodeDeposit,
  l1InfoSourceHash,
  userDepositSourceHash,
} from './deposit-transaction.ts'
import { InvalidError } from './errors.ts'
import { keccak256 } from './keccak.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 200)
const hexOf = (size: number) => fc.uint8Array({ minLength: size, maxLength: size }).map(bytesToHex)
const uint = (bits: bigint) => fc.bigInt({ min: 0n, max: 2n ** bits - 1n })
const deposit: fc.Arbitrary<DepositTransaction> = fc.record({
  sourceHash: hexOf(32),
  from: hexOf(20),
  to: fc.option(hexOf(20)),
  mint: uint(256n),
  value: uint(256n),
  gas: uint(64n),
  isSystem: fc.boolean(),
  data: fc.uint8Array({ maxLength: 100 }),
})

/** Either not a deposit, or one whose only encoding these bytes are. */
function expectCanonicalOrRefused(bytes: Uint8Array): void {
  let decoded: DepositTransaction
  try {
    decoded = decodeDeposit(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidError)
    return
  }
  expect(encodeDeposit(decoded)).toEqual(bytes)
}

describe('the deposit codec', () => {
  test('round-trips', () => {
    fc.assert(
      fc.property(deposit, (value) => {
        expect(decodeDeposit(encodeDeposit(value))).toEqual(value)
      }),
      { numRuns },
    )
  })

  test('gives every accepted byte string one meaning: corrupted, truncated or extended ones are refused or canonical', () => {
    fc.assert(
      fc.property(deposit, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, position, flip) => {
        const bytes = encodeDeposit(value)
        const corrupted = Uint8Array.from(bytes)
        const at = position % bytes.length
        corrupted[at] = (corrupted[at] as number) ^ flip
        expectCanonicalOrRefused(corrupted)
        expect(() => decodeDeposit(bytes.subarray(0, at))).toThrow(InvalidError)
        expect(() => decodeDeposit(concatBytes(bytes, Uint8Array.of(flip)))).toThrow(InvalidError)
      }),
      { numRuns },
    )
  })

  test('refuses any bytes without a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expectCanonicalOrRefused(bytes)
        expectCanonicalOrRefused(concatBytes(Uint8Array.of(0x7e), bytes))
      }),
      { numRuns },
    )
  })

  test('refuses deeply nested lists without recursing into them', () => {
    const nested = concatBytes(
      Uint8Array.of(0x7e, 0xf9, 0x03, 0xe8),
      ...Array(250).fill(Uint8Array.of(0xf9, 0x03, 0xe0)),
    )
    expect(() => decodeDeposit(nested)).toThrow('nests lists')
  })

  test('lays a deposit out as the OP Stack does', () => {
    const raw = encodeDeposit({
      sourceHash: `0x${'11'.repeat(32)}`,
      from: `0x${'22'.repeat(20)}`,
      to: `0x${'33'.repeat(20)}`,
      mint: 1n,
      value: 256n,
      gas: 100_000n,
      isSystem: false,
      data: Uint8Array.of(0xde, 0xad),
    })
    const fields = `a0${'11'.repeat(32)}94${'22'.repeat(20)}94${'33'.repeat(20)}01820100830186a08082dead`
    expect(bytesToHex(raw)).toBe(`0x7ef8${(fields.length / 2).toString(16)}${fields}`)
  })

  test('round-trips through viem, which knows the type', async () => {
    const { parseTransaction } = await import('viem/op-stack')
    fc.assert(
      fc.property(deposit, (value) => {
        const parsed = parseTransaction(bytesToHex(encodeDeposit(value)) as `0x7e${string}`)
        expect(parsed).toMatchObject({ type: 'deposit', sourceHash: value.sourceHash, from: value.from })
        // viem leaves a gas of 0 out.
        expect(parsed.gas ?? 0n).toBe(value.gas)
      }),
      { numRuns: 20 },
    )
  })
})

describe('source hashes', () => {
  const l1Hash: Hex = `0x${'ab'.repeat(32)}`

  test('follow the specification, word for word', () => {
    const word = (n: number) => hexToBytes(`0x${n.toString(16).padStart(64, '0')}`)
    const expected = (domain: number, index: number) =>
      bytesToHex(keccak256(concatBytes(word(domain), keccak256(concatBytes(hexToBytes(l1Hash), word(index))))))
    expect(userDepositSourceHash(l1Hash, 7)).toBe(expected(0, 7))
    expect(l1InfoSourceHash(l1Hash, 7)).toBe(expected(1, 7))
  })

  test('refuse an L1 hash of the wrong size', () => {
    expect(() => userDepositSourceHash('0xab', 0)).toThrow(InvalidError)
  })
})

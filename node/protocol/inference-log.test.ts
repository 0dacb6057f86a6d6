import fc from 'fast-check'
import { encodeAbiParameters, parseAbiParameters, keccak256 as viemKeccak256 } from 'viem'
import { describe, expect, test } from 'vitest'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from './bytes.ts'
import { RECORD_DOMAIN } from './domains.ts'
import { InvalidError } from './errors.ts'
import {
  BLOCK_DOMAIN,
  blockLeaf,
  decodeLogCommitment,
  encodeLogCommitment,
  LOG_DEPTH,
  type LogCommitment,
  logCommitmentHash,
  recordsRoot,
} from './inference-log.ts'
import { keccak256 } from './keccak.ts'
import { ZERO_LEAF } from './merkle.ts'

const hash32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex)
const commitment: fc.Arbitrary<LogCommitment> = fc.record({
  logRoot: hash32,
  logCount: fc.nat(),
  accumulatorRoot: hash32,
})
const numRuns = Number(process.env.FC_NUM_RUNS ?? 200)
const filled = (byte: string): Hex => `0x${byte.repeat(32)}`

describe('the log commitment', () => {
  test('round-trips', () => {
    fc.assert(
      fc.property(commitment, (value) => {
        expect(decodeLogCommitment(encodeLogCommitment(value))).toEqual(value)
      }),
      { numRuns },
    )
  })

  test('is what a contract hashes with abi.encode', () => {
    const value = { logRoot: filled('aa'), logCount: 3, accumulatorRoot: filled('bb') }
    const words = parseAbiParameters('uint256, bytes32, uint256, bytes32, bytes32')
    const encoded = encodeAbiParameters(words, [1n, value.logRoot, 3n, value.accumulatorRoot, filled('00')])
    expect(bytesToHex(logCommitmentHash(encodeLogCommitment(value)))).toBe(viemKeccak256(encoded))
  })

  test('has one encoding: any corruption is refused or decodes to another commitment', () => {
    fc.assert(
      fc.property(commitment, fc.nat({ max: 159 }), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const bytes = encodeLogCommitment(value)
        bytes[at] = (bytes[at] as number) ^ flip
        let decoded: LogCommitment
        try {
          decoded = decodeLogCommitment(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidError)
          return
        }
        expect(encodeLogCommitment(decoded)).toEqual(bytes)
        expect(decoded).not.toEqual(value)
      }),
      { numRuns },
    )
  })

  test('is refused when truncated or extended', () => {
    const bytes = encodeLogCommitment({ logRoot: filled('aa'), logCount: 1, accumulatorRoot: filled('bb') })
    expect(() => decodeLogCommitment(bytes.subarray(1))).toThrow(InvalidError)
    expect(() => decodeLogCommitment(concatBytes(bytes, Uint8Array.of(0)))).toThrow(InvalidError)
  })
})

describe('the roots', () => {
  const record = (byte: string) => ({ modelId: filled(byte), inputRoot: filled('01'), outputRoot: filled('02') })
  const leafOf = (byte: string) =>
    keccak256(concatBytes(RECORD_DOMAIN, ...Object.values(record(byte)).map((hex) => hexToBytes(hex))))

  /** A tree of LOG_DEPTH levels whose lowest ones are given as their root: every sibling above is an empty tree's root. */
  const padded = (root: Uint8Array, levels: number) => {
    let [node, empty] = [root, ZERO_LEAF]
    for (let level = 0; level < LOG_DEPTH; level++) {
      if (level >= levels) node = keccak256(concatBytes(node, empty))
      empty = keccak256(concatBytes(empty, empty))
    }
    return node
  }

  test('of none, one and three records are those of a tree of fixed depth, padded with zero leaves', () => {
    expect(recordsRoot([])).toEqual(padded(ZERO_LEAF, 0))
    expect(recordsRoot([record('aa')])).toEqual(padded(leafOf('aa'), 0))
    const left = keccak256(concatBytes(leafOf('aa'), leafOf('bb')))
    const right = keccak256(concatBytes(leafOf('cc'), ZERO_LEAF))
    expect(recordsRoot(['aa', 'bb', 'cc'].map(record))).toEqual(padded(keccak256(concatBytes(left, right)), 2))
  })

  test("a block's leaf binds its hash and its log", () => {
    const [blockHash, logRoot] = [hexToBytes(filled('0a')), hexToBytes(filled('0b'))]
    expect(blockLeaf(blockHash, logRoot)).toEqual(keccak256(concatBytes(BLOCK_DOMAIN, blockHash, logRoot)))
  })
})

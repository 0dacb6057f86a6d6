import { encodePacked, keccak256, toFunctionSelector } from 'viem'
import { describe, expect, it } from 'vitest'
import { l1Info, l2Genesis, testHash, testSpec } from '../../test/support/l1-fixture.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import { SEQUENCER_FEE_VAULT } from '../protocol/constants.ts'
import { decodeDeposit } from '../protocol/deposit-transaction.ts'
import { blockAttributes } from './block-attributes.ts'
import { decodeL1Attributes, l1AttributesTransaction } from './l1-attributes.ts'
import { blobBaseFeeWei } from './l1-block.ts'
import { l2BlockRef } from './l2-block-ref.ts'

const spec = testSpec()
const l1 = { ...l1Info(12), baseFeeWei: 10n ** 20n, blobBaseFeeWei: 3n }

describe('L1 attributes transaction', () => {
  it('is the deposit that the OP Stack specifies', () => {
    const deposit = decodeDeposit(l1AttributesTransaction(spec, l1, 7))
    expect(deposit).toMatchObject({
      from: '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001',
      to: '0x4200000000000000000000000000000000000015',
      mint: 0n,
      value: 0n,
      gas: 1_000_000n,
      isSystem: false,
    })
    const inner = keccak256(encodePacked(['bytes32', 'uint256'], [l1.hash, 7n]))
    expect(deposit.sourceHash).toBe(keccak256(encodePacked(['uint256', 'bytes32'], [1n, inner])))
    const packed = encodePacked(
      ['bytes4', 'uint32', 'uint32', 'uint64', 'uint64', 'uint64', 'uint256', 'uint256', 'bytes32', 'bytes32'],
      [
        toFunctionSelector('setL1BlockValuesEcotone()'),
        0,
        0,
        7n,
        BigInt(l1.timestamp),
        12n,
        l1.baseFeeWei,
        l1.blobBaseFeeWei,
        l1.hash,
        `0x${'00'.repeat(12)}${spec.batcherAddress.slice(2)}`,
      ],
    )
    expect(bytesToHex(deposit.data)).toBe(packed)
  })

  it('is read back', () => {
    const raw = l1AttributesTransaction(spec, l1, 7)
    expect(decodeL1Attributes(raw)).toEqual({
      l1Origin: { hash: l1.hash, number: 12 },
      l1Timestamp: l1.timestamp,
      sequenceNumber: 7,
    })
  })
})

describe('block attributes', () => {
  it('open the epoch with its deposits, and only the epoch', () => {
    const deposits = [Uint8Array.of(0x7e, 1), Uint8Array.of(0x7e, 2)]
    const first = blockAttributes(spec, 1000, l1, 0, deposits)
    expect(first).toMatchObject({ timestamp: 1002, gasLimit: 30_000_000, feeRecipient: SEQUENCER_FEE_VAULT })
    expect(first.prevRandao).toBe(l1.prevRandao)
    expect(first.parentBeaconBlockRoot).toBe(l1.parentBeaconBlockRoot)
    expect(first.forcedTransactions).toEqual([l1AttributesTransaction(spec, l1, 0), ...deposits])
    const second = blockAttributes(spec, 1002, l1, 1, deposits)
    expect(second.forcedTransactions).toEqual([l1AttributesTransaction(spec, l1, 1)])
  })
})

describe('L2 block ref', () => {
  const parts = { hash: testHash(4, 9), number: 9, parentHash: testHash(4, 8), timestamp: 5 }

  it('takes the origin from the first transaction, and from the spec at genesis', () => {
    const ref = l2BlockRef(spec, { ...parts, firstTransaction: l1AttributesTransaction(spec, l1, 7) })
    expect(ref).toMatchObject({ l1Origin: { hash: l1.hash, number: 12 }, sequenceNumber: 7, number: 9 })
    const genesis = l2Genesis(spec)
    expect(l2BlockRef(spec, { ...genesis, firstTransaction: undefined })).toEqual(genesis)
  })

  it.each([
    ['no transaction', undefined],
    ['another transaction', Uint8Array.of(2, 1)],
  ])('refuses a block that opens with %s', (_name, firstTransaction) => {
    expect(() => l2BlockRef(spec, { ...parts, firstTransaction })).toThrow(expect.objectContaining({ kind: 'Invalid' }))
  })
})

describe('blob base fee', () => {
  it.each([
    [0n, 1n],
    [11_684_671n, 2n],
    [10n * 11_684_671n, 22_026n],
  ])('at an excess of %d is %d wei', (excess, fee) => {
    expect(blobBaseFeeWei(excess)).toBe(fee)
  })
})

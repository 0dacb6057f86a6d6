import { deflateSync } from 'node:zlib'
import { encodeAbiParameters, encodePacked } from 'viem'
import { type Batch, encodeBatch } from '../../node/derivation/batch-codec.ts'
import { TRANSACTION_DEPOSITED_TOPIC } from '../../node/derivation/deposits.ts'
import { encodeFrames, type Frame } from '../../node/derivation/frame-codec.ts'
import type { L1BlockData, L1BlockInfo, L1Log } from '../../node/derivation/l1-block.ts'
import type { L2BlockRef } from '../../node/derivation/l2-block-ref.ts'
import { bytesToHex, concatBytes, type Hex, hexToBytes, uintToBytes } from '../../node/protocol/bytes.ts'
import type { ChainSpec } from '../../node/protocol/chain-spec.ts'

/** Seconds between the L1 blocks of {@link l1Info}. */
export const L1_BLOCK_TIME_SECONDS = 12
const L1_GENESIS_TIME = 1_700_000_000

/** A distinct 32-byte hash for each tag and number. */
export function testHash(tag: number, number: number): Hex {
  return bytesToHex(concatBytes(Uint8Array.of(tag), uintToBytes(number, 31)))
}

/** Header of block `number` of a made-up L1. Branches share the blocks below `forkedAt`. */
export function l1Info(number: number, branch = 0, forkedAt = 0): L1BlockInfo {
  const hashAt = (n: number) => testHash(n >= forkedAt ? 0x10 + branch : 0x10, n)
  return {
    hash: hashAt(number),
    number,
    parentHash: hashAt(number - 1),
    timestamp: L1_GENESIS_TIME + number * L1_BLOCK_TIME_SECONDS,
    baseFeeWei: 7n,
    blobBaseFeeWei: 1n,
    prevRandao: testHash(0x20, number),
    parentBeaconBlockRoot: testHash(0x30, number),
  }
}

/** That block with what the batcher sent and what was deposited in it. */
export function l1Block(
  info: L1BlockInfo,
  batcherData: readonly Uint8Array[] = [],
  depositLogs: readonly L1Log[] = [],
): L1BlockData {
  return { info, batcherData, depositLogs }
}

/** A chain whose genesis is block 10 of {@link l1Info}, with short windows. */
export function testSpec(changes: Partial<ChainSpec> = {}): ChainSpec {
  const { hash, number, timestamp } = l1Info(10)
  return {
    chainId: 7001,
    l1ChainId: 31337,
    genesis: {
      l1: { hash, number, timestamp },
      l2TimeSeconds: timestamp,
      gasLimit: 30_000_000,
      baseFeeWei: '1000000000',
      alloc: {},
    },
    blockTimeSeconds: 2,
    maxSequencerDriftSeconds: 30,
    sequencerWindowBlocks: 6,
    channelTimeoutBlocks: 3,
    batcherAddress: `0x${'ba'.repeat(20)}`,
    batchInboxAddress: `0x${'b1'.repeat(20)}`,
    depositContractAddress: `0x${'de'.repeat(20)}`,
    inferenceGasLimit: 10_000_000,
    ...changes,
  }
}

/** The L2 genesis block of {@link testSpec}. */
export function l2Genesis(spec: ChainSpec): L2BlockRef {
  return {
    hash: testHash(0x40, 0),
    number: 0,
    parentHash: testHash(0, 0),
    timestamp: spec.genesis.l2TimeSeconds,
    l1Origin: { hash: spec.genesis.l1.hash, number: spec.genesis.l1.number },
    sequenceNumber: 0,
  }
}

/** The L2 block after `parent`, in the epoch of `l1`, with a made-up hash. */
export function l2Child(spec: ChainSpec, parent: L2BlockRef, l1: L1BlockInfo, tag = 0x40): L2BlockRef {
  return {
    hash: testHash(tag, parent.number + 1),
    number: parent.number + 1,
    parentHash: parent.hash,
    timestamp: parent.timestamp + spec.blockTimeSeconds,
    l1Origin: { hash: l1.hash, number: l1.number },
    sequenceNumber: l1.number === parent.l1Origin.number ? parent.sequenceNumber + 1 : 0,
  }
}

/** The batch for the block after `parent` in the epoch of `l1`. */
export function batchOn(
  spec: ChainSpec,
  parent: L2BlockRef,
  l1: L1BlockInfo,
  transactions: readonly Uint8Array[] = [Uint8Array.of(2, parent.number + 1)],
): Batch {
  const timestamp = parent.timestamp + spec.blockTimeSeconds
  return { parentHash: parent.hash, epochNumber: l1.number, epochHash: l1.hash, timestamp, transactions }
}

/** The frames of a channel of batches, in `count` parts. */
export function channelFrames(batches: readonly Batch[], count = 1, id = 1): Frame[] {
  const data = new Uint8Array(deflateSync(concatBytes(...batches.map(encodeBatch))))
  const size = Math.ceil(data.length / count)
  return Array.from({ length: count }, (_, number) => ({
    channelId: bytesToHex(uintToBytes(id, 16)),
    number,
    data: data.slice(number * size, (number + 1) * size),
    isLast: number === count - 1,
  }))
}

/** Batcher data with a whole channel of batches. */
export function channelData(...batches: readonly Batch[]): Uint8Array {
  return encodeFrames(channelFrames(batches))
}

/** What {@link depositLog} may be told. */
export interface DepositLogFields {
  readonly mint?: bigint
  readonly value?: bigint
  readonly gas?: bigint
  readonly isCreation?: boolean
  readonly data?: Uint8Array
  readonly logIndex?: number
}

/** The log of a deposit by 0xa1a1… to 0xb2b2…, as the portal emits it. */
export function depositLog(spec: ChainSpec, fields: DepositLogFields = {}): L1Log {
  const {
    mint = 5n,
    value = 4n,
    gas = 100_000n,
    isCreation = false,
    data = Uint8Array.of(1, 2, 3),
    logIndex = 3,
  } = fields
  const opaque = encodePacked(
    ['uint256', 'uint256', 'uint64', 'bool', 'bytes'],
    [mint, value, gas, isCreation, bytesToHex(data)],
  )
  const topic = (byte: string): Hex => `0x${'0'.repeat(24)}${byte.repeat(20)}`
  return {
    address: spec.depositContractAddress,
    topics: [TRANSACTION_DEPOSITED_TOPIC, topic('a1'), topic('b2'), `0x${'0'.repeat(64)}`],
    data: hexToBytes(encodeAbiParameters([{ type: 'bytes' }], [opaque])),
    logIndex,
  }
}

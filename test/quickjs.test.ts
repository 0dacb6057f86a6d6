import { RLP } from '@ethereumjs/rlp'
import { p256 } from '@noble/curves/nist.js'
import { beforeAll, describe, expect, test } from 'vitest'
import { blockAttributes } from '../node/derivation/block-attributes.ts'
import { depositsFromLogs } from '../node/derivation/deposits.ts'
import type { L1BlockInfo, L1Log } from '../node/derivation/l1-block.ts'
import type { L2BlockRef } from '../node/derivation/l2-block-ref.ts'
import { executeBlock } from '../node/executor/execute-block.ts'
import type { ExecutedBlock } from '../node/executor/execution.ts'
import { buildGenesis } from '../node/executor/genesis.ts'
import { readStorage } from '../node/executor/read-state.ts'
import { bytesToHex, bytesToUint, concatBytes, type Hex } from '../node/protocol/bytes.ts'
import type { ChainSpec } from '../node/protocol/chain-spec.ts'
import { INFERENCE_PRECOMPILE, P256VERIFY_PRECOMPILE } from '../node/protocol/constants.ts'
import { inputRoot } from '../node/protocol/inference-roots.ts'
import type { Infer } from '../node/protocol/model-manifest.ts'
import type { WitnessedClaim } from './quickjs/entry.ts'
import { bundleForNoPlatform, type Machine, startMachine } from './quickjs/machine.ts'
import { refOf, type VerifiedBlock, verifyChain } from './quickjs/verify-chain.ts'
import { fromWire, toWire } from './quickjs/wire.ts'
import { assemble, deployer, forwardCall, forwarder } from './support/bytecode.ts'
import { signed, testAccount, testSpec } from './support/execution.ts'
import { batchOn, channelData, depositLog, L1_BLOCK_TIME_SECONDS, l1Block, l1Info } from './support/l1-fixture.ts'
import { MemoryContent, RecordingContent } from './support/memory-content.ts'
import { affineModel, inferenceCall, putModels, referenceInfer, registryWith } from './support/models.ts'

const model = affineModel()
const alice = testAccount(0)
const bob = testAccount(1)
const RECURSION: Hex = '0x00000000000000000000000000000000000c0001'
const DEPTH_STORE: Hex = '0x00000000000000000000000000000000000c0002'
const INFERENCE: Hex = '0x00000000000000000000000000000000000c0003'
const P256: Hex = '0x00000000000000000000000000000000000c0004'
const LOOP: Hex = '0x00000000000000000000000000000000000c0005'
/** EIP-150 keeps back a 64th of the gas at each level: only so much of it reaches the 1024th. */
const DEEP_GAS = 400_000_000_000n
const LOOP_GAS = 1_000_000n

/** Calls itself with one more than it was called with; the innermost call's number comes back. */
function recursion(): Uint8Array {
  const code = (done: number): Uint8Array =>
    assemble(
      ...([0, 'CALLDATALOAD', 1, 'ADD', 'DUP1', 0, 'MSTORE'] as const),
      ...([32, 32, 32, 0, 0, 'ADDRESS', 'GAS', 'CALL', done, 'JUMPI'] as const),
      ...([32, 'MSTORE', 'JUMPDEST', 32, 32, 'RETURN'] as const),
    )
  const tail = assemble('JUMPDEST', 32, 32, 'RETURN').length
  return code(code(0).length - tail)
}

/** Runs in circles until its gas is used up. */
const loop = assemble('JUMPDEST', 1, 1, 'ADD', 'POP', 0, 'JUMP')
/** Stores how deep the recursion came. */
const depthStore = assemble(
  ...forwardCall(RECURSION, 'CALL'),
  'POP',
  32,
  0,
  0,
  'RETURNDATACOPY',
  0,
  'MLOAD',
  0,
  'SSTORE',
)

function chainSpec(): ChainSpec {
  const { hash, number, timestamp } = l1Info(10)
  const codeAt = (code: Uint8Array) => ({ code: bytesToHex(code) })
  const spec = testSpec({
    ...registryWith([model]),
    [RECURSION]: codeAt(recursion()),
    [DEPTH_STORE]: codeAt(depthStore),
    [INFERENCE]: codeAt(forwarder(INFERENCE_PRECOMPILE, 'STATICCALL')),
    [P256]: codeAt(forwarder(P256VERIFY_PRECOMPILE, 'STATICCALL')),
    [LOOP]: codeAt(loop),
  })
  const genesis = { ...spec.genesis, l1: { hash, number, timestamp }, l2TimeSeconds: timestamp, gasLimit: 10 ** 12 }
  return { ...spec, genesis, blockTimeSeconds: L1_BLOCK_TIME_SECONDS, depositContractAddress: `0x${'de'.repeat(20)}` }
}

/** The transactions of the test's blocks, by block. */
function transactionsByBlock(): Uint8Array[][] {
  const key = new Uint8Array(32).fill(7)
  const hash = new Uint8Array(32).fill(9)
  const p256Input = concatBytes(
    hash,
    p256.sign(hash, key, { prehash: false }),
    p256.getPublicKey(key, false).subarray(1),
  )
  const fees = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 1n }
  return [
    [
      signed(alice, { nonce: 0n, to: INFERENCE, data: bytesToHex(inferenceCall(model, [1, -2, 3, 100])) }),
      signed(alice, { nonce: 1n, data: bytesToHex(deployer(forwarder(INFERENCE_PRECOMPILE, 'STATICCALL'))) }),
      signed(bob, { nonce: 0n, to: P256, data: bytesToHex(p256Input) }),
    ],
    [
      signed(alice, { nonce: 2n, to: DEPTH_STORE, gasLimit: DEEP_GAS, ...fees }),
      signed(bob, { nonce: 1n, to: LOOP, gasLimit: LOOP_GAS, ...fees }),
    ],
    Array.from({ length: 40 }, (_, i) =>
      signed(alice, { nonce: BigInt(3 + i), to: bob.address, value: BigInt(i), ...fees }),
    ),
  ]
}

interface Chain {
  readonly content: MemoryContent
  readonly blocks: readonly ExecutedBlock[]
  readonly witnessed: WitnessedClaim
}

/** Builds the chain as a sequencer would, posts it to a made-up L1, and records what verifying it reads. */
async function makeChain(): Promise<Chain> {
  const spec = chainSpec()
  const content = new MemoryContent()
  putModels(content, [model])
  const genesis = await buildGenesis(spec, content)
  const baseContent = new MemoryContent(content.entries)
  const deposit = depositLog(spec, { mint: 10n ** 18n, value: 3n })
  const infer = referenceInfer([model])
  const blocks: ExecutedBlock[] = []
  const batches = []
  let parent: Pick<ExecutedBlock, 'number' | 'hash' | 'header' | 'transactions'> = {
    number: 0,
    ...genesis,
    transactions: [],
  }
  for (const transactions of transactionsByBlock()) {
    const ref = refOf(spec, parent)
    const l1 = l1Info(11 + blocks.length)
    const { attributes } = nextBlock(spec, ref, l1, blocks.length === 0 ? [deposit] : [])
    const block = await executeBlock(spec, { content, infer }, parent.header, attributes, transactions)
    batches.push(batchOn(spec, ref, l1, transactions))
    blocks.push(block)
    parent = block
  }
  const l1Blocks = [
    l1Block(l1Info(10)),
    l1Block(l1Info(11), [], [deposit]),
    l1Block(l1Info(12)),
    l1Block(l1Info(13)),
    l1Block(l1Info(14), [channelData(...batches)]),
  ]
  const claim = { spec, genesisHeader: RLP.encode(genesis.header.raw()), l1Blocks }
  return { content, blocks, witnessed: await witness(claim, baseContent, infer) }
}

function nextBlock(spec: ChainSpec, parent: L2BlockRef, l1: L1BlockInfo, logs: readonly L1Log[]) {
  const deposits = depositsFromLogs(spec, l1.hash, logs)
  return { attributes: blockAttributes(spec, parent.timestamp, l1, 0, deposits) }
}

/** Verifies the claim here once and keeps what it read and what it inferred. */
async function witness(claim: WitnessedClaim['claim'], content: MemoryContent, infer: Infer): Promise<WitnessedClaim> {
  const recording = new RecordingContent(content)
  const inferences: Record<string, Uint8Array> = {}
  await verifyChain(claim, recording, async (manifest, input) => {
    const output = await infer(manifest, input)
    inferences[`${manifest.modelId}${bytesToHex(inputRoot(manifest.inputs, input))}`] = output
    return output
  })
  return { claim, preimages: Object.fromEntries(recording.reads), inferences }
}

describe('the consensus code in QuickJS', () => {
  let chain: Chain
  let machine: Machine

  beforeAll(async () => {
    chain = await makeChain()
    machine = await startMachine(await bundleForNoPlatform('./entry.ts'))
  })

  test('the chain does what it is meant to: inference, deployment, deposit, P256, 1024 calls deep', async () => {
    const [first, second, third] = chain.blocks as [ExecutedBlock, ExecutedBlock, ExecutedBlock]
    expect(first.inferences).toHaveLength(1)
    expect(first.transactions.map(({ success }) => success)).toEqual([true, true, true, true, true])
    expect(second.transactions.map(({ success }) => success)).toEqual([true, true, false])
    expect(third.transactions).toHaveLength(41)
    const slot: Hex = `0x${'00'.repeat(32)}`
    const depth = await readStorage(chain.content, second.header.stateRoot, DEPTH_STORE, slot)
    expect(bytesToUint(depth.subarray(26))).toBe(1024)
  })

  test('derives and executes every block to the same hash, from L1 data and the witness alone', async () => {
    const verified = fromWire<VerifiedBlock[]>(await machine.run(toWire(chain.witnessed)))
    expect(verified.map(({ number, hash }) => ({ number, hash }))).toEqual(
      chain.blocks.map(({ number, hash }) => ({ number, hash })),
    )
    expect(verified.map(({ inferences }) => inferences)).toEqual([1, 0, 0])
  }, 120_000)

  test('fails, and does not answer, when the witness lacks a preimage or an inference', async () => {
    const { claim, preimages, inferences } = chain.witnessed
    await expect(machine.run(toWire({ claim, preimages, inferences: {} }))).rejects.toThrow('no such inference')
    const [lost, ...rest] = Object.entries(preimages)
    expect(lost).toBeDefined()
    const fewer = Object.fromEntries(rest)
    await expect(machine.run(toWire({ claim, preimages: fewer, inferences }))).rejects.toThrow('content store')
  }, 120_000)
})

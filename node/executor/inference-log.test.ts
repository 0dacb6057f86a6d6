import { describe, expect, test } from 'vitest'
import {
  assemble,
  codeWithData,
  deployer,
  forwardCall,
  forwarder,
  type Instruction,
} from '../../test/support/bytecode.ts'
import { signed, TestChain, testAccount, testSpec, userDeposit } from '../../test/support/execution.ts'
import { MemoryContent } from '../../test/support/memory-content.ts'
import {
  affineModel,
  inferenceCall,
  putModels,
  referenceInfer,
  registryWith,
  type TestModel,
} from '../../test/support/models.ts'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { GenesisAccount } from '../protocol/chain-spec.ts'
import { INFERENCE_PRECOMPILE } from '../protocol/constants.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { blockLeaf, recordsRoot } from '../protocol/inference-log.ts'
import { inputRoot, outputRoot } from '../protocol/inference-roots.ts'
import { verifyMerkleProof } from '../protocol/merkle.ts'
import type { Infer } from '../protocol/model-manifest.ts'
import { encodeTensor } from '../protocol/tensor-encoding.ts'
import { proveInAccumulator } from './accumulator.ts'
import { createBlockBuilder } from './block-builder.ts'
import type { ExecutedBlock } from './execution.ts'
import { firstUseGas, inferenceGas, scanGas } from './gas-schedule.ts'
import { readLogCommitment } from './log-commitment.ts'
import { simulateCall } from './simulate-call.ts'

const alice = testAccount(0)
const bob = testAccount(1)
const model = affineModel(5)
const other = affineModel(6)
const inputA = inferenceCall(model, [1, 2, 3, -4])
const inputB = inferenceCall(model, [0, 0, 0, 100])

/** Contracts at fixed addresses, by what they do with the inference precompile. */
const CONTRACTS = {
  staticCall: ['0x00000000000000000000000000000000000c0001', forwarder(INFERENCE_PRECOMPILE, 'STATICCALL')],
  call: ['0x00000000000000000000000000000000000c0002', forwarder(INFERENCE_PRECOMPILE, 'CALL')],
  delegate: ['0x00000000000000000000000000000000000c0003', forwarder(INFERENCE_PRECOMPILE, 'DELEGATECALL')],
  reverts: ['0x00000000000000000000000000000000000c0004', after('POP', 0, 0, 'REVERT')],
  burns: ['0x00000000000000000000000000000000000c0005', after('INVALID')],
  catches: [
    '0x00000000000000000000000000000000000c0006',
    forwarder('0x00000000000000000000000000000000000c0004', 'CALL'),
  ],
  short: ['0x00000000000000000000000000000000000c0007', forwarder(INFERENCE_PRECOMPILE, 'STATICCALL', 0, 20_000)],
} as const satisfies Record<string, readonly [Hex, Uint8Array]>

function after(...tail: readonly Instruction[]): Uint8Array {
  return assemble(...forwardCall(INFERENCE_PRECOMPILE, 'STATICCALL'), ...tail)
}

interface Setup {
  readonly infer?: Infer
  readonly inferenceGasLimit?: number
}

async function openChain({ infer, inferenceGasLimit }: Setup = {}): Promise<TestChain> {
  const content = new MemoryContent()
  const models: TestModel[] = [model, other]
  putModels(content, models)
  const contracts = Object.fromEntries(
    Object.values(CONTRACTS).map(([address, code]): [Hex, GenesisAccount] => [address, { code: bytesToHex(code) }]),
  )
  const spec = testSpec(
    { ...registryWith(models), ...contracts },
    inferenceGasLimit === undefined ? {} : { inferenceGasLimit },
  )
  return TestChain.create(spec, infer ?? referenceInfer(models), content)
}

function callTo(name: keyof typeof CONTRACTS, data: Uint8Array, nonce = 0n, gasLimit = 2_000_000n): Uint8Array {
  return signed(alice, { nonce, to: CONTRACTS[name][0], data: bytesToHex(data), gasLimit })
}

function recordOf(of: TestModel, lanes: readonly number[], outputs: readonly number[]) {
  return {
    modelId: of.modelId,
    inputRoot: bytesToHex(inputRoot(of.manifest.inputs, encodeTensor(lanes, 1))),
    outputRoot: bytesToHex(outputRoot(of.manifest.outputs, encodeTensor(outputs, 2))),
  }
}

const recordA = recordOf(model, [1, 2, 3, -4], [8, 11, 14, -7])
const recordB = recordOf(model, [0, 0, 0, 100], [5, 5, 5, 305])

function successes(block: ExecutedBlock): boolean[] {
  return block.transactions.slice(1).map(({ success }) => success)
}

describe('the inference log', () => {
  test('holds the distinct inferences of a block in order of first execution', async () => {
    const chain = await openChain()
    const otherCall = inferenceCall(other, [1, 2, 3, -4])
    const block = await chain.execute([
      callTo('staticCall', inputB, 0n),
      callTo('call', inputA, 1n),
      callTo('delegate', inputB, 2n),
      callTo('staticCall', otherCall, 3n),
    ])
    expect(block.inferences).toEqual([recordB, recordA, recordOf(other, [1, 2, 3, -4], [9, 12, 15, -6])])
  })

  test('is empty in a block without inferences', async () => {
    const chain = await openChain()
    const block = await chain.execute([])
    expect(block.inferences).toEqual([])
    expect(await readLogCommitment(chain.content, block.header)).toMatchObject({ logCount: 0 })
  })

  test('keeps a record whose transaction reverts', async () => {
    const chain = await openChain()
    const block = await chain.execute([callTo('reverts', inputA)])
    expect(successes(block)).toEqual([false])
    expect(block.inferences).toEqual([recordA])
  })

  test('keeps a record whose frame reverts and is caught', async () => {
    const chain = await openChain()
    const block = await chain.execute([callTo('catches', inputA)])
    expect(successes(block)).toEqual([true])
    expect(block.inferences).toEqual([recordA])
  })

  test('keeps a record whose transaction runs out of gas later', async () => {
    const chain = await openChain()
    const block = await chain.execute([callTo('burns', inputA)])
    expect(successes(block)).toEqual([false])
    expect(block.transactions[1]?.gasUsed).toBe(2_000_000n)
    expect(block.inferences).toEqual([recordA])
  })

  test('takes inferences of constructors', async () => {
    const chain = await openChain()
    const call: Instruction[] = [0, 0, inputA.length, 0, INFERENCE_PRECOMPILE, 'GAS', 'STATICCALL']
    const creation = codeWithData(inputA, ...call)
    const block = await chain.execute([signed(alice, { nonce: 0n, data: bytesToHex(creation), gasLimit: 2_000_000n })])
    expect(successes(block)).toEqual([true])
    expect(block.inferences).toEqual([recordA])
  })

  test('takes inferences of deposits, failed ones too', async () => {
    const chain = await openChain()
    const deposits = [
      userDeposit({ to: CONTRACTS.staticCall[0], data: inputB, gas: 2_000_000n }),
      userDeposit({ to: CONTRACTS.reverts[0], data: inputA, gas: 2_000_000n }),
    ]
    const block = await chain.execute([], deposits)
    expect(successes(block)).toEqual([true, false])
    expect(block.inferences).toEqual([recordB, recordA])
  })

  test('has no record of an inference that was not paid for', async () => {
    const chain = await openChain()
    const block = await chain.execute([callTo('short', inputA)])
    expect(successes(block)).toEqual([true])
    expect(block.inferences).toEqual([])
  })

  test('has no record of calls that fail a check', async () => {
    const chain = await openChain()
    const outOfRange = inferenceCall(model, [101, 0, 0, 0])
    const block = await chain.execute([
      callTo('staticCall', outOfRange, 0n),
      callTo('staticCall', inputA.subarray(0, 35), 1n),
      callTo('staticCall', concatBytes(new Uint8Array(32), new Uint8Array(4)), 2n),
    ])
    expect(successes(block)).toEqual([true, true, true])
    expect(block.inferences).toEqual([])
  })

  test('has no record of a transaction that was dropped while building', async () => {
    const counters = model.manifest.counters
    const one = Number(scanGas(4) + firstUseGas(counters) + inferenceGas(counters))
    const chain = await openChain({ inferenceGasLimit: Math.floor(one * 1.5) })
    const builder = await createBlockBuilder(chain.spec, chain.deps, chain.head, chain.attributes())
    expect((await builder.tryTransaction(callTo('call', inputA, 0n))).included).toBe(true)
    const full = await builder.tryTransaction(
      signed(bob, {
        nonce: 0n,
        to: CONTRACTS.call[0],
        data: bytesToHex(inferenceCall(other, [7, 7, 7, 7])),
        gasLimit: 2_000_000n,
      }),
    )
    expect(full).toEqual({ included: false, reason: 'block-full' })
    expect((await builder.tryTransaction(signed(bob, { nonce: 0n, to: alice.address, value: 1n }))).included).toBe(true)
    const block = await builder.seal()
    expect(block.inferences).toEqual([recordA])
    const again = await openChain({ inferenceGasLimit: Math.floor(one * 1.5) })
    const replayed = await again.execute(block.transactions.slice(1).map(({ raw }) => raw))
    expect(replayed.hash).toBe(block.hash)
  })

  test('is not written by simulations', async () => {
    const chain = await openChain()
    const result = await simulateCall(chain.spec, chain.deps, chain.head, {
      to: CONTRACTS.staticCall[0],
      data: inputA,
    })
    expect(result.inferences).toEqual([recordA])
    const block = await chain.execute([])
    expect(block.inferences).toEqual([])
  })
})

describe("the block's inference gas limit", () => {
  const counters = model.manifest.counters
  const one = Number(scanGas(4) + firstUseGas(counters) + inferenceGas(counters))

  test('makes a transaction that exceeds it alone invalid', async () => {
    const chain = await openChain({ inferenceGasLimit: one - 1 })
    const builder = await createBlockBuilder(chain.spec, chain.deps, chain.head, chain.attributes())
    const verdict = await builder.tryTransaction(callTo('call', inputA))
    expect(verdict).toMatchObject({ included: false, reason: { code: 'InferenceLimit' } })
  })

  test('fails the call of a deposit as if out of gas, and leaves no record', async () => {
    const chain = await openChain({ inferenceGasLimit: one - 1 })
    const block = await chain.execute([], [userDeposit({ to: CONTRACTS.call[0], data: inputA, gas: 2_000_000n })])
    expect(successes(block)).toEqual([true])
    expect(block.transactions[1]?.gasUsed).toBeGreaterThan(1_900_000n)
    expect(block.inferences).toEqual([])
  })

  test('counts deposits before sequenced transactions', async () => {
    const chain = await openChain({ inferenceGasLimit: one + 1 })
    const deposit = userDeposit({ to: CONTRACTS.call[0], data: inputA, gas: 2_000_000n })
    const builder = await createBlockBuilder(chain.spec, chain.deps, chain.head, chain.attributes([deposit]))
    expect(await builder.tryTransaction(callTo('call', inputB))).toEqual({ included: false, reason: 'block-full' })
  })
})

describe('when inference is unavailable', () => {
  const unavailable: Infer = async () => {
    throw new UnavailableError('InferenceBusy', 'later')
  }

  test('building gives the transaction up and can go on without it', async () => {
    const chain = await openChain({ infer: unavailable })
    const builder = await createBlockBuilder(chain.spec, chain.deps, chain.head, chain.attributes())
    await expect(builder.tryTransaction(callTo('catches', inputA))).rejects.toMatchObject({ code: 'InferenceBusy' })
    expect((await builder.tryTransaction(signed(alice, { nonce: 0n, to: bob.address, value: 1n }))).included).toBe(true)
    const block = await builder.seal()
    expect(block.inferences).toEqual([])
    const again = await openChain()
    const replayed = await again.execute(block.transactions.slice(1).map(({ raw }) => raw))
    expect(replayed.hash).toBe(block.hash)
  })

  test('a deposit gives the whole block up', async () => {
    const chain = await openChain({ infer: unavailable })
    const deposit = userDeposit({ to: CONTRACTS.catches[0], data: inputA, gas: 2_000_000n })
    await expect(chain.execute([], [deposit])).rejects.toMatchObject({ kind: 'Unavailable', code: 'InferenceBusy' })
  })
})

describe("a block's extraData", () => {
  test('commits to the records and, through the accumulator, to every earlier block', async () => {
    const chain = await openChain()
    const blocks: ExecutedBlock[] = []
    for (let i = 0; i < 5; i++) {
      blocks.push(await chain.execute([callTo('call', inferenceCall(model, [i, i, i, i]), BigInt(i))]))
    }
    const last = await readLogCommitment(chain.content, chain.head)
    for (const block of blocks.slice(0, -1)) {
      const { logRoot, logCount } = await readLogCommitment(chain.content, block.header)
      expect(logRoot).toBe(bytesToHex(recordsRoot(block.inferences)))
      expect(logCount).toBe(1)
      const root = hexToBytes(last.accumulatorRoot)
      const siblings = await proveInAccumulator(chain.content, root, block.number)
      const leaf = blockLeaf(hexToBytes(block.hash), hexToBytes(logRoot))
      expect(verifyMerkleProof(root, leaf, block.number, siblings)).toBe(true)
    }
  })
})

test('a deployed contract may call the precompile too', async () => {
  const chain = await openChain()
  const code = forwarder(INFERENCE_PRECOMPILE, 'STATICCALL')
  const deployment = await chain.execute([signed(alice, { nonce: 0n, data: bytesToHex(deployer(code)) })])
  const address = deployment.transactions[1]?.contractAddress as Hex
  const block = await chain.execute([signed(alice, { nonce: 1n, to: address, data: bytesToHex(inputA) })])
  expect(block.inferences).toEqual([recordA])
})

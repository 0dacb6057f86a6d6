import { encodeFunctionData } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inferenceRecordVerifierAbi } from '../contracts/generated/inference-record-verifier.ts'
import { proposalAbi } from '../contracts/generated/proposal.ts'
import { CHALLENGER, DEPLOYER, FUNDED_ACCOUNTS, GUARDIAN, PROPOSER } from '../devnet/accounts.ts'
import { deployL1, plannedContracts } from '../devnet/deploy-l1.ts'
import { createLyingOracle } from '../devnet/faults/lying-oracle.ts'
import { DEVNET_DISPUTES, type L1Contracts } from '../devnet/l1-contracts.ts'
import { type Challenger, createChallenger } from '../node/challenger/challenger.ts'
import { type ContractSender, createContractSender } from '../node/l1/contract-sender.ts'
import { createDisputeReader, type DisputeReader } from '../node/l1/dispute-reader.ts'
import type { Game, Proposal } from '../node/l1/game-record.ts'
import { createKzg } from '../node/l1/kzg.ts'
import { sleep } from '../node/l1/retry.ts'
import { createTransactionManager } from '../node/l1/transaction-manager.ts'
import { createProposer, type Proposer } from '../node/proposer/proposer.ts'
import type { Hex } from '../node/protocol/bytes.ts'
import type { LogRecord } from '../node/protocol/inference-log.ts'
import { MAX_PARTS } from '../node/prover/dissection.ts'
import { createFalsifiedTraceProvider, lieInOutput } from '../node/prover/falsified-trace.ts'
import type { GameOracle } from '../node/prover/game-oracle.ts'
import { createNodeOracle } from '../node/prover/node-oracle.ts'
import { aiProofMethods } from '../node/rpc/ai-proofs.ts'
import { createChainReader } from '../node/rpc/backend.ts'
import type { Database } from '../node/storage/database.ts'
import { silentLog } from '../node/telemetry/logger.ts'
import { buildDisputeChain, type DisputeChain } from './support/dispute-chain.ts'
import { startTestAnvil, TEST_L1_CHAIN_ID, type TestAnvil } from './support/test-anvil.ts'

const LAST_BLOCK = 40
const LIE_BLOCK = 23
const CLOCK_SECONDS = 120
const otherKey = FUNDED_ACCOUNTS[3]?.privateKey as Hex
const kzg = createKzg()
const failures: unknown[] = []
const onFatal = (error: unknown) => void failures.push(error)

let anvil: TestAnvil
let chain: DisputeChain
let truth: GameOracle

/** A consistent liar: a record of block {@link LIE_BLOCK} is false, and so is the trace that it shows for it. */
function liar(): GameOracle {
  const traces = createNodeOracle({
    ...chain.parts,
    openTrace: (options) => createFalsifiedTraceProvider(options, lieInOutput(options.model)),
  })
  return createLyingOracle(truth, { block: LIE_BLOCK, fault: { kind: 'output', record: 1, traces } })
}

interface Setup {
  readonly contracts: L1Contracts
  readonly reader: DisputeReader
  startProposer(oracle: GameOracle): Proposer
  startChallenger(oracle: GameOracle, key?: Hex): Challenger
}

async function setUp(): Promise<Setup> {
  const disputes = { ...DEVNET_DISPUTES, windowSeconds: 25, clockSeconds: CLOCK_SECONDS, airGapSeconds: 1 }
  const contracts = await plannedContracts(anvil.url)
  const genesisRoot = await truth.outputRootAt(0)
  await deployL1(anvil.url, { contracts, gasLimit: 30_000_000, genesisRoot, disputes })
  const reader = createDisputeReader(anvil.client, contracts)
  const settings = { pollMs: 100, retryDelayMs: 300 }
  const observer = { onSent: () => {}, onGames: () => {}, onWei: () => {} }
  const common = (key: Hex, oracle: GameOracle) => {
    return { reader, sender: senderOf(key), oracle, log: silentLog, observer, onFatal }
  }
  return {
    contracts,
    reader,
    startProposer(oracle) {
      const deps = {
        ...common(PROPOSER.privateKey, oracle),
        finalizedL2Number: () => LAST_BLOCK,
        doubleCheck: async () => {},
      }
      const proposer = createProposer({ ...settings, intervalBlocks: LAST_BLOCK, proposesAfterFall: false }, deps)
      proposer.start()
      return proposer
    },
    startChallenger(oracle, key = CHALLENGER.privateKey) {
      const facts = { safeL2Number: () => LAST_BLOCK, derivedL1Number: () => 1_000_000, l1NumberOf: async () => 1 }
      const challenger = createChallenger(settings, { ...common(key, oracle), ...facts })
      challenger.start()
      return challenger
    },
  }
}

function senderOf(privateKey: Hex): ContractSender {
  const settings = { chainId: TEST_L1_CHAIN_ID, privateKey, blobProofs: 'blob', confirmations: 1 } as const
  const pace = { pollMs: 50, resubmitMs: 5_000, feeLimit: 100n }
  return createContractSender(
    anvil.client,
    createTransactionManager({ ...settings, ...pace }, { client: anvil.client, kzg }),
  )
}

async function until<T>(what: string, find: () => Promise<T | undefined>, timeoutMs = 90_000): Promise<T> {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(200)) {
    if (failures.length > 0) throw failures[0]
    const found = await find()
    if (found !== undefined) return found
  }
  throw new Error(`timed out: ${what}`)
}

async function resolved(reader: DisputeReader): Promise<{ proposal: Proposal; games: readonly Game[] }> {
  return until('the proposal is resolved and paid out', async () => {
    const [proposal] = await reader.proposals()
    if (proposal === undefined || proposal.outcome === 'pending' || proposal.openGames > 0) return undefined
    return { proposal, games: await reader.games(proposal) }
  })
}

/** Rungs in the order in which a game reached them. */
function rungs({ moves }: Game): string[] {
  const all = moves.flatMap((move) => (move.kind === 'dissected' ? [move.rung] : []))
  return all.filter((rung, i) => rung !== all[i - 1])
}

interface RecordProof {
  readonly record: LogRecord
  readonly location: unknown
  readonly head: unknown
}

/** What `ai_getInferenceProof` answers about a record of this chain, proven from its last block. */
async function proofOf(block: number, index: number): Promise<RecordProof> {
  const reader = createChainReader({
    canonicalHash: async (number) => chain.blocks[number]?.hash,
    getBlock: async (hash) => chain.blocks.find((one) => one.hash === hash),
    getHeader: async (hash) => chain.blocks.find((one) => one.hash === hash)?.header,
  } as Database)
  const [method] = aiProofMethods({ chain: reader, content: chain.parts.content })
  const args = method?.params.map((param, i) => param.parse([block, index, LAST_BLOCK][i], 'test')) ?? []
  return (await method?.call(args)) as RecordProof
}

/** Asks the contract that other contracts on L1 ask. */
function requireRecord(
  contracts: L1Contracts,
  proposal: Proposal,
  { head, location }: Omit<RecordProof, 'record'>,
  record: LogRecord,
) {
  return anvil.client.simulateContract({
    address: contracts.inferenceRecordVerifier,
    abi: inferenceRecordVerifierAbi,
    functionName: 'requireRecord',
    args: [proposal.address, head, location, record] as never,
  })
}

async function balanceOf(address: Hex): Promise<bigint> {
  return anvil.client.getBalance({ address })
}

beforeAll(async () => {
  anvil = await startTestAnvil(1)
  for (const { address } of [DEPLOYER, PROPOSER, CHALLENGER, GUARDIAN]) {
    await anvil.rpc('anvil_setBalance', address, `0x${(10n ** 21n).toString(16)}`)
  }
  chain = await buildDisputeChain(LAST_BLOCK, 3)
  truth = createNodeOracle(chain.parts)
})

afterAll(async () => {
  await kzg.close()
  await anvil.close()
})

describe('a dispute on a real L1', () => {
  it('from output roots down to one step: a false answer falls, over restarts of both sides', async () => {
    const { reader, contracts, ...players } = await setUp()
    let proposer = players.startProposer(liar())
    let challenger = players.startChallenger(truth)
    const onTrace = async () => {
      const [proposal] = await reader.proposals()
      const [game] = proposal === undefined ? [] : await reader.games(proposal)
      return game?.rung === 'trace' ? game : undefined
    }
    await until('the game is about a trace', onTrace)
    await Promise.all([proposer.close(), challenger.close()])
    proposer = players.startProposer(liar())
    challenger = players.startChallenger(truth)
    const { proposal, games } = await resolved(reader)
    expect(proposal).toMatchObject({ outcome: 'proven-false', bondWei: 0n })
    const [game] = games as [Game]
    expect(rungs(game)).toEqual(['roots', 'log', 'trace'])
    expect(game.moves.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['block-revealed', 'record-revealed']))
    expect(game.moves.filter(({ kind }) => kind === 'step-proven')).toHaveLength(1)
    expect(game.moves).toContainEqual(expect.objectContaining({ kind: 'decided', winner: 'challenger', byTime: false }))
    await until('everyone took what is theirs', async () => {
      const credits = await Promise.all([game.challenger, game.proposer].map((account) => reader.creditOf(account)))
      return credits.every((credit) => credit === 0n) || undefined
    })
    await Promise.all([proposer.close(), challenger.close()])
    expect(await balanceOf(contracts.bisectionGame)).toBe(0n)
  })

  it('a griefing challenger loses its bond over a reorganisation of L1, and the true proposal becomes the anchor', async () => {
    const { reader, contracts, startProposer, startChallenger } = await setUp()
    const proposer = startProposer(truth)
    const griefer = startChallenger(liar())
    await until('a block is revealed', async () => {
      const [proposal] = await reader.proposals()
      const [game] = proposal === undefined ? [] : await reader.games(proposal)
      return game?.moves.some(({ kind }) => kind === 'block-revealed') || undefined
    })
    await anvil.rpc('anvil_reorg', 3, [])
    await until('the griefer has no move left', async () => {
      const [proposal] = await reader.proposals()
      const [game] = proposal === undefined ? [] : await reader.games(proposal)
      if (game?.stage.kind !== 'inference' || game.turn !== 'challenger') return undefined
      const { lo, hi } = game.stage.dissection
      return hi - lo <= MAX_PARTS || undefined
    })
    await anvil.rpc('evm_increaseTime', CLOCK_SECONDS + 1)
    const { proposal, games } = await resolved(reader)
    expect(proposal.outcome).toBe('upheld')
    const [game] = games as [Game]
    expect(game.moves).toContainEqual(expect.objectContaining({ kind: 'decided', winner: 'proposer' }))
    await until('the anchor moves', async () => (await reader.anchor()).l2Block === LAST_BLOCK || undefined)
    const { record, ...proof } = await proofOf(LIE_BLOCK, 1)
    await expect(requireRecord(contracts, proposal, proof, record)).resolves.toBeDefined()
    const falseRecord = { ...record, outputRoot: record.inputRoot }
    await expect(requireRecord(contracts, proposal, proof, falseRecord)).rejects.toThrow(/RecordNotProven/)
    await until('the proposer took what it is owed', async () => {
      return (await reader.creditOf(game.proposer)) === 0n || undefined
    })
    await Promise.all([proposer.close(), griefer.close()])
    expect(await balanceOf(contracts.bisectionGame)).toBe(0n)
  })

  it('what differs in execution is flagged, falls by the guardian, and several challengers are all paid', async () => {
    const { reader, contracts, startProposer, startChallenger } = await setUp()
    const missing = createLyingOracle(truth, { block: LIE_BLOCK, fault: { kind: 'missing-record', record: 0 } })
    const proposer = startProposer(missing)
    const challengers = [startChallenger(truth), startChallenger(truth, otherKey)]
    const flagged = await until('the proposal is flagged', async () => {
      const [proposal] = await reader.proposals()
      const games = proposal === undefined ? [] : await reader.games(proposal)
      return games.length === 2 && games.every(({ state: one }) => one === 'escalated') ? proposal : undefined
    })
    const rule = encodeFunctionData({ abi: proposalAbi, functionName: 'rule', args: [false] })
    await senderOf(GUARDIAN.privateKey).send({ to: flagged.address, data: rule }, new AbortController().signal)
    const { proposal, games } = await resolved(reader)
    expect(['ruled-false', 'proven-false']).toContain(proposal.outcome)
    expect(proposal.flagged?.ruling).toBe('invalid')
    expect(games.map(({ rung }) => rung)).toEqual(['trace-opening', 'trace-opening'])
    await until('all took what they are owed', async () => {
      const credits = await Promise.all(games.map(({ challenger }) => reader.creditOf(challenger)))
      return credits.every((credit) => credit === 0n) || undefined
    })
    await Promise.all([proposer, ...challengers].map((service) => service.close()))
    expect(await balanceOf(contracts.bisectionGame)).toBe(0n)
  })
}, 240_000)

import { decodeFunctionResult, encodeAbiParameters, encodeFunctionData, type Log as ViemLog } from 'viem'
import { anchorStateRegistryAbi, anchorStateRegistryBytecode } from '../contracts/generated/anchor-state-registry.ts'
import { bisectionGameAbi, bisectionGameBytecode } from '../contracts/generated/bisection-game.ts'
import { disputeGameFactoryAbi, disputeGameFactoryBytecode } from '../contracts/generated/dispute-game-factory.ts'
import { proposalAbi, proposalBytecode } from '../contracts/generated/proposal.ts'
import { stepVerifierAbi, stepVerifierBytecode } from '../contracts/generated/step-verifier.ts'
import { DEVNET_DISPUTES, PROPOSAL_GAME_TYPE } from '../devnet/l1-contracts.ts'
import { moveCall, openCall } from '../node/l1/game-calls.ts'
import { GAME_STATES, movesByGame, named, RUNGS } from '../node/l1/game-events.ts'
import { stageOf } from '../node/l1/game-replay.ts'
import { bytesToHex, type Hex } from '../node/protocol/bytes.ts'
import { BugError } from '../node/protocol/errors.ts'
import type { GameOracle, TraceClaims } from '../node/prover/game-oracle.ts'
import { nextAction, openingMove } from '../node/prover/game-solver.ts'
import type { GameStage, Side } from '../node/prover/game-stage.ts'
import { ANCHOR_BLOCK, disputedChain, PROPOSED_BLOCKS, type Question } from './disputed-chain.ts'
import { type InProcessL1, type L1Account, openInProcessL1, type TransactionGas } from './in-process-l1.ts'

/** One transaction of a dispute. */
export interface DisputeTransaction {
  readonly side: Side
  /** What it did: `open`, `dissect`, `reveal-block`, …, `open-inference`, `prove`. */
  readonly kind: string
  /** Rung on which it was made. */
  readonly rung: string
  readonly gas: TransactionGas
  /** Time that its sender took to find it, in milliseconds. */
  readonly thinkMs: number
}

/** A whole dispute about one inference, from output roots to the step. */
export interface DisputeCost {
  readonly liar: Side
  readonly transactions: readonly DisputeTransaction[]
  /** Ether that an honest proposer puts down to answer this many games at once, in wei, as the contract says. */
  readonly capitalWei: readonly { readonly games: number; readonly wei: bigint }[]
}

/** The devnet's bonds: capital follows from them, gas does not. */
const { challengerBondWei, proposerStakeWei, proposalBondWei, flagBondWei, gasPriceWei } = DEVNET_DISPUTES
const DAY_SECONDS = 86_400
const PARALLEL_GAMES = [1, 10, 100]
/** More moves than any dispute has. */
const MOVES_LIMIT = 60

/**
 * Plays a dispute about one inference with the contracts in an EVM, both sides by the honest strategy on what each holds true, to the last
 * step. Of the two ways to lie, the proposer's and the challenger's, the one is played in which the honest side is on turn at the step,
 * so that it is executed.
 * @param lieStep the step that the liar gets wrong.
 */
export async function disputeGas(question: Question, trace: TraceClaims, lieStep: number): Promise<DisputeCost> {
  return (
    (await playDispute('proposer', question, trace, lieStep)) ??
    (await playDispute('challenger', question, trace, lieStep)) ??
    raise('neither side came to execute the step')
  )
}

/** The contracts of disputes on an L1, and who plays. */
interface Court {
  readonly l1: InProcessL1
  readonly players: Readonly<Record<Side, L1Account>>
  readonly bisectionGame: Hex
  readonly factory: Hex
}

/** A dispute with this liar; undefined where the liar would have to execute the step. */
async function playDispute(
  liar: Side,
  question: Question,
  trace: TraceClaims,
  lieStep: number,
): Promise<DisputeCost | undefined> {
  const { truth, lie } = disputedChain(question, trace, lieStep)
  const oracles = { proposer: liar === 'proposer' ? lie : truth, challenger: liar === 'challenger' ? lie : truth }
  const anchorRoot = await truth.outputRootAt(ANCHOR_BLOCK)
  const court = await openCourt(anchorRoot)
  const target = { anchorBlock: ANCHOR_BLOCK, anchorRoot, l2Block: ANCHOR_BLOCK + PROPOSED_BLOCKS }
  const rootClaim = await oracles.proposer.outputRootAt(target.l2Block)
  const proposal = await propose(court, target.l2Block, rootClaim)
  const opening = await timed(() => openingMove({ ...target, rootClaim }, oracles.challenger))
  const hashes = opening.result ?? raise('the challenger has nothing to challenge')
  const opened = await court.l1.send(
    court.players.challenger,
    openCall(court.bisectionGame, proposal, hashes, challengerBondWei),
  )
  const first = { side: 'challenger', kind: 'open', rung: 'roots', gas: opened.gas, thinkMs: opening.ms } as const
  const moves = await playGame(court, opened.logs, oracles, liar)
  if (moves === undefined) return undefined
  return { liar, transactions: [first, ...moves], capitalWei: await capitalOf(court) }
}

/** Plays an opened game to its end; undefined where the liar comes to the step. */
async function playGame(
  court: Court,
  openingLogs: readonly ViemLog[],
  oracles: Readonly<Record<Side, GameOracle>>,
  liar: Side,
): Promise<DisputeTransaction[] | undefined> {
  const logs = [...openingLogs]
  const gameId = [...movesByGame(logs).keys()][0] ?? raise('no game was opened')
  const transactions: DisputeTransaction[] = []
  for (let move = 0; move < MOVES_LIMIT; move++) {
    const { stage, isStaked, isRunning } = await readGame(court, gameId, logs)
    if (!isRunning) return transactions
    const side = stage.kind === 'over' ? raise('a running game is over') : stage.turn
    const { result: action, ms } = await timed(() => nextAction(stage, side, oracles[side]))
    if (action.kind === 'wait' || action.kind === 'concede' || action.kind === 'flag')
      raise(`a player can only ${action.kind}`)
    if (action.kind === 'prove' && side === liar) return undefined
    const valueWei = side === 'proposer' && !isStaked ? proposerStakeWei : 0n
    const call = await moveCall(action as never, { bisectionGame: court.bisectionGame, gameId, stage, valueWei })
    const { gas, logs: made } = await court.l1.send(court.players[side], call)
    logs.push(...made)
    transactions.push({ side, kind: action.kind, rung: stage.kind, gas, thinkMs: ms })
  }
  return raise(`a game of more than ${MOVES_LIMIT} moves`)
}

async function readGame(
  { l1, bisectionGame }: Court,
  gameId: Hex,
  logs: readonly ViemLog[],
): Promise<{ stage: GameStage; isStaked: boolean; isRunning: boolean }> {
  const abi = bisectionGameAbi
  const data = await l1.call(bisectionGame, encodeFunctionData({ abi, functionName: 'game', args: [gameId] }))
  const view = decodeFunctionResult({ abi, functionName: 'game', data })
  const turn: Side = view.challengersTurn ? 'challenger' : 'proposer'
  const isRunning = named(GAME_STATES, view.state, 'state') === 'running'
  const moves = movesByGame(logs).get(gameId) ?? []
  const stage: GameStage = isRunning
    ? stageOf(moves, named(RUNGS, view.rung, 'rung'), turn)
    : { kind: 'over', winner: turn }
  return { stage, isStaked: view.isStaked, isRunning }
}

async function openCourt(anchorRoot: Hex): Promise<Court> {
  const l1 = await openInProcessL1()
  const [owner, proposer, challenger] = [await l1.account(), await l1.account(), await l1.account()]
  const { address } = owner
  const verifier = await l1.deploy(owner, stepVerifierAbi, stepVerifierBytecode, [])
  const factory = await l1.deploy(owner, disputeGameFactoryAbi, disputeGameFactoryBytecode, [address])
  const registryArguments = [
    address,
    factory,
    PROPOSAL_GAME_TYPE,
    DAY_SECONDS,
    anchorRoot,
    BigInt(ANCHOR_BLOCK),
    [proposer.address],
  ]
  const registry = await l1.deploy(owner, anchorStateRegistryAbi, anchorStateRegistryBytecode, registryArguments)
  const bisectionGame = await l1.deploy(owner, bisectionGameAbi, bisectionGameBytecode, [
    {
      disputeGameFactory: factory,
      maxClockDuration: 3 * DAY_SECONDS,
      challengerBond: challengerBondWei,
      proposerStake: proposerStakeWei,
      gasPrice: gasPriceWei,
      stepVerifiers: [verifier],
    },
  ])
  const implementation = await l1.deploy(owner, proposalAbi, proposalBytecode, [
    {
      gameType: PROPOSAL_GAME_TYPE,
      anchorStateRegistry: registry,
      bisectionGame,
      challengeWindow: 3 * DAY_SECONDS,
      rulingPeriod: DAY_SECONDS,
      flagBond: flagBondWei,
    },
  ])
  const choose = {
    abi: disputeGameFactoryAbi,
    functionName: 'setImplementation',
    args: [PROPOSAL_GAME_TYPE, implementation],
  } as const
  const price = {
    abi: disputeGameFactoryAbi,
    functionName: 'setInitBond',
    args: [PROPOSAL_GAME_TYPE, proposalBondWei],
  } as const
  await l1.send(owner, { to: factory, data: encodeFunctionData(choose) })
  await l1.send(owner, { to: factory, data: encodeFunctionData(price) })
  return { l1, players: { proposer, challenger }, bisectionGame, factory }
}

async function propose({ l1, players, factory }: Court, l2Block: number, rootClaim: Hex): Promise<Hex> {
  const extraData = encodeAbiParameters(
    [{ type: 'uint256' }, { type: 'address' }, { type: 'bytes32' }],
    [BigInt(l2Block), players.proposer.address, bytesToHex(new Uint8Array(32))],
  )
  const create = {
    abi: disputeGameFactoryAbi,
    functionName: 'create',
    args: [PROPOSAL_GAME_TYPE, rootClaim, extraData],
  } as const
  const call = { to: factory, data: encodeFunctionData(create), valueWei: proposalBondWei }
  const { returned } = await l1.send(players.proposer, call)
  return `0x${returned.slice(-40)}`
}

async function capitalOf({ l1, bisectionGame }: Court): Promise<DisputeCost['capitalWei']> {
  const abi = bisectionGameAbi
  const capitals: { games: number; wei: bigint }[] = []
  for (const games of PARALLEL_GAMES) {
    const data = encodeFunctionData({ abi, functionName: 'capitalFor', args: [BigInt(games)] })
    capitals.push({
      games,
      wei: decodeFunctionResult({ abi, functionName: 'capitalFor', data: await l1.call(bisectionGame, data) }),
    })
  }
  return capitals
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; ms: number }> {
  const start = performance.now()
  const result = await work()
  return { result, ms: performance.now() - start }
}

function raise(what: string): never {
  throw new BugError(what)
}

import { formatLog, getAbiItem, numberToHex, toEventSelector, type Log as ViemLog } from 'viem'
import { bisectionGameAbi } from '../../contracts/generated/bisection-game.ts'
import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { dissectionRoot } from '../prover/dissection.ts'
import type { GameStage, Side } from '../prover/game-stage.ts'
import { GAME_STATES, movesByGame, named, RUNGS } from './game-events.ts'
import type { DisputeContracts, Game, GameMove, Proposal } from './game-record.ts'
import { stageOf } from './game-replay.ts'
import type { L1Client } from './l1-client.ts'

/** Most games whose events are asked for at once. */
const GAMES_PER_REQUEST = 100

/**
 * The games against a proposal, in the order of their opening, each with its course from the events.
 * @throws UnavailableError `GameIncomplete` where views and events do not fit together (yet).
 */
export async function readGames(client: L1Client, contracts: DisputeContracts, proposal: Proposal): Promise<Game[]> {
  if (proposal.games === 0) return []
  const { bisectionGame } = contracts
  const fromBlock = numberToHex((await client.getBlock({ blockHash: proposal.l1Head })).number)
  const opened = await logsOf(client, bisectionGame, fromBlock, [GAME_OPENED_TOPIC, null, word(proposal.address)])
  const ids = opened.map(({ topics }) => topics[1] as Hex)
  const games: Game[] = []
  for (let at = 0; at < ids.length; at += GAMES_PER_REQUEST) {
    games.push(...(await describeGames(client, bisectionGame, fromBlock, ids.slice(at, at + GAMES_PER_REQUEST))))
  }
  return games.sort((a, b) => a.index - b.index)
}

/** keccak256 of GameOpened(bytes32,address,address,uint32,bytes32). */
const GAME_OPENED_TOPIC = toEventSelector(getAbiItem({ abi: bisectionGameAbi, name: 'GameOpened' }))

async function describeGames(
  client: L1Client,
  bisectionGame: Hex,
  fromBlock: Hex,
  ids: readonly Hex[],
): Promise<Game[]> {
  const game = { address: bisectionGame, abi: bisectionGameAbi } as const
  const [views, deadlines, logs] = await Promise.all([
    client.multicall({
      deployless: true,
      allowFailure: false,
      contracts: ids.map((id) => ({ ...game, functionName: 'game', args: [id] }) as const),
    }),
    client.multicall({
      deployless: true,
      allowFailure: false,
      contracts: ids.map((id) => ({ ...game, functionName: 'deadline', args: [id] }) as const),
    }),
    logsOf(client, bisectionGame, fromBlock, [null, [...ids]]),
  ])
  const moves = movesByGame(logs)
  return ids.map((id, i) => {
    const view = views[i]
    if (view === undefined) throw new UnavailableError('L1Unavailable', `L1 did not tell of game ${id}`)
    return gameOf(id, view, Number(deadlines[i] ?? 0n), moves.get(id) ?? [])
  })
}

interface ContractView {
  readonly proposal: Hex
  readonly proposer: Hex
  readonly challenger: Hex
  readonly index: number
  readonly state: number
  readonly rung: number
  readonly challengersTurn: boolean
  readonly isStaked: boolean
  readonly dissection: Hex
  readonly proposerClock: number
  readonly challengerClock: number
}

function gameOf(id: Hex, view: ContractView, deadline: number, moves: readonly GameMove[]): Game {
  const turn: Side = view.challengersTurn ? 'challenger' : 'proposer'
  const rung = named(RUNGS, view.rung, 'rung')
  const state = named(GAME_STATES, view.state, 'state of a game')
  const stage = stageOf(moves, rung, turn)
  if (state === 'running') requireSameDissection(id, stage, view.dissection)
  return {
    id,
    proposal: lower(view.proposal),
    proposer: lower(view.proposer),
    challenger: lower(view.challenger),
    index: view.index,
    state,
    rung,
    turn,
    isStaked: view.isStaked,
    deadline,
    clocks: { proposer: view.proposerClock, challenger: view.challengerClock },
    stage,
    moves,
  }
}

/** Views and events are read one after the other: a move between the two shows here. */
function requireSameDissection(id: Hex, stage: GameStage, expected: Hex): void {
  if (!('dissection' in stage) || dissectionRoot(stage.dissection) === expected) return
  throw new UnavailableError('GameIncomplete', `game ${id} moved while it was read`)
}

async function logsOf(
  client: L1Client,
  address: Hex,
  fromBlock: Hex,
  topics: (Hex | Hex[] | null)[],
): Promise<ViemLog[]> {
  const logs = await client.request({
    method: 'eth_getLogs',
    params: [{ address, fromBlock, toBlock: 'latest', topics }],
  })
  return logs
    .map((log) => formatLog(log))
    .sort((a, b) => Number((a.blockNumber ?? 0n) - (b.blockNumber ?? 0n)) || (a.logIndex ?? 0) - (b.logIndex ?? 0))
}

function word(address: Hex): Hex {
  return `0x${address.slice(2).padStart(64, '0')}`
}

function lower(address: Hex): Hex {
  return address.toLowerCase() as Hex
}

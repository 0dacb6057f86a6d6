import { type Abi, encodeFunctionData } from 'viem'
import { anchorStateRegistryAbi } from '../../contracts/generated/anchor-state-registry.ts'
import { bisectionGameAbi } from '../../contracts/generated/bisection-game.ts'
import { disputeGameFactoryAbi } from '../../contracts/generated/dispute-game-factory.ts'
import { proposalAbi } from '../../contracts/generated/proposal.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { GameOracle } from '../prover/game-oracle.ts'
import { type GameAction, nextAction } from '../prover/game-solver.ts'
import type { Side } from '../prover/game-stage.ts'
import type { ContractCall, ContractSender } from './contract-sender.ts'
import type { Chore } from './dispute-chores.ts'
import type { DisputeTerms } from './dispute-reader.ts'
import { moveCall, openCall } from './game-calls.ts'
import { type DisputeContracts, type Game, PROPOSAL_GAME_TYPE } from './game-record.ts'
import type { SentTransaction } from './transaction-manager.ts'

/** The custom errors of all contracts that an actor calls. */
export const DISPUTE_ERRORS: Abi = [
  ...[...bisectionGameAbi, ...proposalAbi, ...anchorStateRegistryAbi, ...disputeGameFactoryAbi].filter(
    ({ type }) => type === 'error',
  ),
]

/** A move that was made. */
export interface MadeMove {
  readonly game: Hex
  readonly side: Side
  readonly action: GameAction['kind']
  readonly sent: SentTransaction
}

/** Acts in disputes on L1 from one account. Every method rejects with UnavailableError like {@link ContractSender.send}. */
export interface DisputeActor {
  readonly address: Hex
  propose(rootClaim: Hex, extraData: Hex, terms: DisputeTerms): Promise<SentTransaction>
  open(proposal: Hex, hashes: readonly Hex[], terms: DisputeTerms): Promise<SentTransaction>
  flag(proposal: Hex, terms: DisputeTerms): Promise<SentTransaction>
  /** Makes the next move of a game where there is one. @returns what was decided, and the move that it led to. */
  play(
    game: Game,
    side: Side,
    oracle: GameOracle,
    terms: DisputeTerms,
  ): Promise<{ readonly action: GameAction; readonly made: MadeMove | undefined }>
  do(chore: Chore): Promise<SentTransaction>
  claimCredit(): Promise<SentTransaction>
}

/** Creates an actor. @param signal ends what is on its way. */
export function createDisputeActor(
  contracts: DisputeContracts,
  sender: ContractSender,
  signal: AbortSignal,
): DisputeActor {
  const { bisectionGame, disputeGameFactory } = contracts
  const send = (call: ContractCall) => sender.send(call, signal)
  return {
    address: sender.address,
    propose: (rootClaim, extraData, { proposalBondWei }) => {
      const args = [PROPOSAL_GAME_TYPE, rootClaim, extraData] as const
      const data = encodeFunctionData({ abi: disputeGameFactoryAbi, functionName: 'create', args })
      return send({ to: disputeGameFactory, data, valueWei: proposalBondWei })
    },
    open: (proposal, hashes, { challengerBondWei }) =>
      send(openCall(bisectionGame, proposal, hashes, challengerBondWei)),
    flag: (proposal, { flagBondWei }) => {
      const data = encodeFunctionData({ abi: proposalAbi, functionName: 'flag' })
      return send({ to: proposal, data, valueWei: flagBondWei })
    },
    async play(game, side, oracle, { proposerStakeWei }) {
      const action = await nextAction(game.stage, side, oracle)
      if (action.kind === 'wait' || action.kind === 'concede') return { action, made: undefined }
      const valueWei = side === 'proposer' && !game.isStaked ? proposerStakeWei : 0n
      const sent = await send(await moveCall(action, { bisectionGame, gameId: game.id, stage: game.stage, valueWei }))
      return { action, made: { game: game.id, side, action: action.kind, sent } }
    },
    do: (chore) => send(choreCall(contracts, chore)),
    claimCredit: () => {
      const args = [sender.address] as const
      return send({
        to: bisectionGame,
        data: encodeFunctionData({ abi: bisectionGameAbi, functionName: 'claimCredit', args }),
      })
    },
  }
}

function choreCall({ bisectionGame, anchorStateRegistry }: DisputeContracts, chore: Chore): ContractCall {
  switch (chore.kind) {
    case 'call-time':
      return {
        to: bisectionGame,
        data: encodeFunctionData({ abi: bisectionGameAbi, functionName: 'callTime', args: [chore.game] }),
      }
    case 'settle':
      return {
        to: bisectionGame,
        data: encodeFunctionData({ abi: bisectionGameAbi, functionName: 'settle', args: [chore.game] }),
      }
    case 'resolve':
      return { to: chore.proposal, data: encodeFunctionData({ abi: proposalAbi, functionName: 'resolve' }) }
    case 'set-anchor': {
      const args = [chore.proposal] as const
      const data = encodeFunctionData({ abi: anchorStateRegistryAbi, functionName: 'setAnchorState', args })
      return { to: anchorStateRegistry, data }
    }
  }
}

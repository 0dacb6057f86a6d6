import type { Hex } from '../protocol/bytes.ts'
import type { Anchor } from './dispute-reader.ts'
import type { Game, Proposal } from './game-record.ts'

/** Something that anyone may do to bring games and proposals to their end. */
export type Chore =
  /** The player on turn let its clock run out. */
  | { readonly kind: 'call-time'; readonly game: Hex }
  /** Pays a game out. */
  | { readonly kind: 'settle'; readonly game: Hex }
  /** Decides a proposal. */
  | { readonly kind: 'resolve'; readonly proposal: Hex }
  /** Moves the anchor to a final proposal. */
  | { readonly kind: 'set-anchor'; readonly proposal: Hex }

/** What the chores of one proposal depend on. */
export interface ChoreFacts {
  readonly proposal: Proposal
  readonly games: readonly Game[]
  readonly anchor: Anchor
  /** Unix time of L1's latest block, in seconds. */
  readonly nowSeconds: number
  readonly airGapSeconds: number
  /** Who does them: a challenger may leave a game of its own once the proposal fell. */
  readonly account: Hex
}

/**
 * What can be done now for a proposal and the games against it, in order: a chore may make the next one possible, which is
 * then found the next time.
 */
export function choresOf(facts: ChoreFacts): Chore[] {
  return [...facts.games.flatMap((game) => gameChores(game, facts)), ...proposalChores(facts)]
}

function gameChores(game: Game, { proposal, games, nowSeconds, account }: ChoreFacts): Chore[] {
  const settle: Chore = { kind: 'settle', game: game.id }
  switch (game.state) {
    case 'settled':
      return []
    case 'challenger-won':
    case 'proposer-won':
      return [settle]
    case 'escalated':
      return proposal.flagged?.ruling !== undefined || proposal.outcome !== 'pending' ? [settle] : []
    case 'running':
      if (proposal.outcome === 'lapsed') return [settle]
      if (hasFallen(proposal) && game.challenger === account && !mayStillWin(game, proposal, games)) return [settle]
      return nowSeconds > game.deadline ? [{ kind: 'call-time', game: game.id }] : []
  }
}

/** Whether some challenger is known to be right. */
function hasFallen({ outcome, winningGame }: Proposal): boolean {
  return winningGame !== undefined || outcome === 'proven-false' || outcome === 'ruled-false'
}

/** The main reward goes to the earliest opened game that is won: an earlier one than the winner so far is worth playing on. */
function mayStillWin(game: Game, { winningGame }: Proposal, games: readonly Game[]): boolean {
  const winner = games.find(({ id }) => id === winningGame)
  return winner !== undefined && game.index < winner.index
}

function proposalChores({ proposal, games, anchor, nowSeconds, airGapSeconds }: ChoreFacts): Chore[] {
  const { address, outcome, flagged, closesAt, resolvedAt, l2Block } = proposal
  if (outcome === 'upheld') {
    const isFinal = nowSeconds > resolvedAt + airGapSeconds
    return isFinal && l2Block > anchor.l2Block ? [{ kind: 'set-anchor', proposal: address }] : []
  }
  if (outcome !== 'pending') return []
  const resolve: Chore[] = [{ kind: 'resolve', proposal: address }]
  if (proposal.winningGame !== undefined || flagged?.ruling === 'invalid') return resolve
  if (flagged !== undefined && flagged.ruling === undefined) {
    return nowSeconds > flagged.rulingDeadline ? resolve : []
  }
  return nowSeconds >= closesAt && games.every(({ state }) => state === 'settled') ? resolve : []
}

import type { Program } from '../../node/exact/program/program.ts'
import { firstSteps, stepAt } from '../../node/exact/program/steps.ts'
import type { Game, GameMove, Proposal } from '../../node/l1/game-record.ts'
import type { Hex } from '../../node/protocol/bytes.ts'
import type { ExplainedStep } from './explain-step.ts'

/** What the course of a game is told with. */
export interface CourseNames {
  /** Who an account is, for people. */
  nameOf(account: Hex): string
  /** Gas of a transaction. */
  gasOf(transaction: Hex): number | undefined
  /** The Program that a game's trace is of, where it is known. */
  programOf(game: Game): Program | undefined
}

/** The course of all games against a proposal as a tree: rungs, and in them the moves. */
export function courseText(
  proposal: Proposal,
  games: readonly Game[],
  names: CourseNames,
  lastStep: ExplainedStep | undefined,
): string {
  const head = `Proposal ${short(proposal.address)} by ${names.nameOf(proposal.proposer)}: block ${proposal.l2Block} has root ${short(proposal.rootClaim)}`
  const lines = [`${head} → ${proposal.outcome}`]
  games.forEach((game, i) => {
    const isLast = i === games.length - 1
    const title = `Game of ${names.nameOf(game.challenger)} → ${endOf(game)}`
    lines.push(`${isLast ? '└─' : '├─'} ${title}`, ...indent(gameLines(game, names), isLast ? '   ' : '│  '))
  })
  return [...lines, ...stepLines(lastStep)].join('\n')
}

/** One move in one line. */
export function moveText(game: Game, move: GameMove, names: CourseNames): string {
  const gas = names.gasOf(move.transaction)
  const clock = 'clock' in move ? `clock ${move.clock} s` : ''
  return [describe(game, move, names), gas === undefined ? '' : `gas ${number(gas)}`, clock]
    .filter((part) => part !== '')
    .join('  ·  ')
}

function gameLines(game: Game, names: CourseNames): string[] {
  const rungs: { readonly title: string; readonly moves: string[] }[] = []
  for (const move of game.moves) {
    const title = rungTitle(move)
    if (title !== undefined && rungs.at(-1)?.title !== title) rungs.push({ title, moves: [] })
    rungs.at(-1)?.moves.push(moveText(game, move, names))
  }
  return rungs.flatMap(({ title, moves }, i) => {
    const isLast = i === rungs.length - 1
    const tree = moves.map((text, m) => `${m === moves.length - 1 ? '└─' : '├─'} ${text}`)
    return [`${isLast ? '└─' : '├─'} ${title}`, ...indent(tree, isLast ? '   ' : '│  ')]
  })
}

const RUNG_TITLES = {
  roots: 'Output roots',
  block: 'Output roots',
  log: 'Inference log',
  record: 'Inference log',
  trace: 'Inference trace',
} as const

/** The rung that a move opens or belongs to; undefined where it stays on the one before. */
function rungTitle(move: GameMove): string | undefined {
  switch (move.kind) {
    case 'opened':
      return 'Output roots'
    case 'dissected':
      return move.rung in RUNG_TITLES ? RUNG_TITLES[move.rung as keyof typeof RUNG_TITLES] : undefined
    case 'block-revealed':
      return 'The block'
    case 'log-opened':
      return 'Inference log'
    case 'record-revealed':
      return 'The record'
    case 'trace-opened':
      return 'Inference trace'
    case 'step-proven':
      return 'The last step, executed on L1'
    case 'escalated':
      return 'Execution'
    case 'decided':
    case 'settled':
      return 'Verdict'
  }
}

function describe(game: Game, move: GameMove, names: CourseNames): string {
  switch (move.kind) {
    case 'opened':
      return `${names.nameOf(move.challenger)} opens with root ${short(move.rootClaim)}`
    case 'dissected':
      return dissectionText(game, move, names)
    case 'block-revealed':
      return `proposer reveals block ${move.l2Block} ${short(move.blockHash)}: log ${short(move.logRoot)} of ${move.logCount}`
    case 'log-opened':
      return `challenger's log has ${move.logCount} records`
    case 'record-revealed':
      if (move.record === undefined) return `proposer shows that its log has no record ${move.index}`
      return `proposer shows record ${move.index}: model ${short(move.record.modelId)}(${short(move.record.inputRoot)}) = ${short(move.record.outputRoot)}`
    case 'trace-opened':
      return `challenger opens the trace: ${number(move.steps)} steps`
    case 'step-proven':
      return `step ${number(move.step)}: after ${short(move.start)} comes ${short(move.proven)}, not ${short(move.refuted)}`
    case 'escalated':
      return 'challenger: the blocks differ in execution → flagged for the guardian'
    case 'decided':
      return `${move.winner} wins ${move.byTime ? 'on time' : 'by proof'}`
    case 'settled':
      return `paid out: challenger ${ether(move.toChallengerWei)}, proposer ${ether(move.toProposerWei)}, burned ${ether(move.burnedWei)}`
  }
}

function dissectionText(game: Game, move: Extract<GameMove, { kind: 'dissected' }>, names: CourseNames): string {
  const { lo, hi, segment, hashes, rung } = move
  const who = move.mover === game.challenger ? 'challenger' : 'proposer'
  const does = rung === 'block' || rung === 'record' ? 'picks' : `cuts into ${hashes.length}`
  return `${who}: segment ${segment}, (${number(lo)}, ${number(hi)}] ${does}${opsText(game, move, names)}`
}

/** The ops of the Program that a range of steps belongs to. */
function opsText(game: Game, { rung, lo, hi }: Extract<GameMove, { kind: 'dissected' }>, names: CourseNames): string {
  const program = rung === 'trace' ? names.programOf(game) : undefined
  if (program === undefined) return ''
  const firsts = firstSteps(program)
  const opAt = (t: number) => {
    const step = stepAt(program, firsts, t)
    return step.kind === 'finish' ? 'finish' : String(step.op)
  }
  const [first, last] = [opAt(lo), opAt(hi - 1)]
  return first === last ? `, op ${first}` : `, ops ${first}–${last}`
}

/** Terms of a sum that are shown, those that add something first. */
const SHOWN_TERMS = 6

function stepLines(step: ExplainedStep | undefined): string[] {
  if (step === undefined) return []
  const title = `Step ${number(step.step)} of ${number(step.steps)} in plain numbers: op ${step.op} (${step.kind}), lane ${step.lane}`
  const epilogue = step.epilogue.length === 0 ? '' : ` after ${step.epilogue.join(', ')}`
  const liar = step.falseLane === undefined ? [] : [`  the liar says  ${number(step.falseLane)}`]
  return ['', title, ...sumLines(step), `  so the lane is ${number(step.trueLane)}${epilogue}`, ...liar]
}

function sumLines({ terms, before, after }: ExplainedStep): string[] {
  if (before === undefined || after === undefined) return []
  const telling = terms.filter((factors) => factors.length > 0 && !factors.includes(0))
  const shown = telling.slice(0, SHOWN_TERMS).map((factors) => factors.map(signed).join('·'))
  const rest = telling.length > shown.length ? [`… (${telling.length} terms that are not 0)`] : []
  return [`  the sum is     ${[number(before), ...shown, ...rest].join(' + ')} = ${number(after)}`]
}

function endOf({ state, moves }: Game): string {
  const decided = moves.find((move) => move.kind === 'decided')
  if (decided?.kind === 'decided') return `${decided.winner} won ${decided.byTime ? 'on time' : 'by proof'}`
  return moves.some(({ kind }) => kind === 'escalated') ? 'left to the guardian' : state
}

function indent(lines: readonly string[], by: string): string[] {
  return lines.map((line) => `${by}${line}`)
}

function short(hash: Hex): string {
  return `${hash.slice(0, 8)}…`
}

function number(value: number): string {
  return value.toLocaleString('en-US').replace('-', '−')
}

function signed(value: number): string {
  return value < 0 ? `(${number(value)})` : number(value)
}

function ether(wei: bigint): string {
  return `${(Number(wei) / 1e18).toFixed(4)} ETH`
}

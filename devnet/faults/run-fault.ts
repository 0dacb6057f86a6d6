import { setTimeout as sleep } from 'node:timers/promises'
import type { Game, Proposal } from '../../node/l1/game-record.ts'
import { createL1Client } from '../../node/l1/l1-client.ts'
import type { Hex } from '../../node/protocol/bytes.ts'
import { InvalidError } from '../../node/protocol/errors.ts'
import type { Devnet } from '../devnet.ts'
import { DEVNET_DISPUTES, type DisputeParameters } from '../l1-contracts.ts'
import { courseText } from './course.ts'
import { explainLastStep } from './disputed-inference.ts'
import type { ExplainedStep } from './explain-step.ts'
import type { Fault, Verdict } from './fault.ts'
import { createFaultContext } from './fault-context.ts'
import { FAULT_NAMES, FAULTS } from './faults.ts'
import { createGuardian } from './guardian.ts'
import { balancesOf, PEOPLE } from './people.ts'
import { aftermathOf, commonChecks, isOver } from './verdicts.ts'
import { createWatch, type Watch } from './watch.ts'

/** Longest time for a scenario after the devnet is ready, in milliseconds. */
const TIMEOUT_MS = 420_000
const POLL_MS = 500
/** How long proposals of a scenario can be challenged, in seconds. */
const WINDOW_SECONDS = 25

/** What a fault came to. */
export interface FaultReport {
  readonly fault: string
  /** Whether it ended as it should. */
  readonly ok: boolean
  readonly checks: readonly Verdict[]
  readonly seconds: number
  readonly proposals: readonly (Proposal & { readonly course: readonly Game[] })[]
  readonly gasByTransaction: Readonly<Record<Hex, number>>
  readonly lastStep: ExplainedStep | null
  /** What each of the people gained, in wei, gas included. */
  readonly gains: Readonly<Record<string, bigint>>
}

/** A scenario by its name. @throws InvalidError `FaultUnknown` listing the names. */
export function faultNamed(name: string): Fault {
  const found = FAULTS.find((fault) => fault.name === name)
  if (found !== undefined) return found
  throw new InvalidError('FaultUnknown', `no fault "${name}": --fault takes one of ${FAULT_NAMES.join(', ')}`)
}

/** What disputes are like in a scenario. */
export function faultDisputes({ disputes }: Fault): DisputeParameters {
  return { ...DEVNET_DISPUTES, windowSeconds: WINDOW_SECONDS, ...disputes }
}

/** Brings a fault about on a devnet that is ready and waits for what comes of it. @param report tells people of each move. */
export async function runFault(
  devnet: Devnet,
  fault: Fault,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<{ readonly report: FaultReport; readonly text: string }> {
  const startMs = performance.now()
  const client = createL1Client(devnet.endpoints.l1Rpc)
  const context = await createFaultContext(devnet, signal)
  const guardian = createGuardian(context, client, signal)
  await guardian.allow([PEOPLE.otherProposer, PEOPLE.stranger])
  const before = await balancesOf(client)
  report(`${fault.summary} The lie is in block ${context.lieBlock}; block ${context.proposedBlock} is proposed.`)
  const watch = createWatch(context, client, report)
  let failure: { readonly error: unknown } | undefined
  const started = fault.start(context).catch((error: unknown) => {
    failure = { error }
  })
  const deadlineMs = performance.now() + TIMEOUT_MS
  do {
    await sleep(POLL_MS)
    signal.throwIfAborted()
    if (failure !== undefined) throw failure.error
    await watch.look()
    await guardian.rule(watch.proposals)
    await context.claimForSilent()
  } while (performance.now() < deadlineMs && !(await isOver(fault, context, watch, client)))
  await started
  const gains = gainsOf(before, await balancesOf(client))
  const checks = [
    ...(await commonChecks(fault, context, watch, client)),
    ...fault.check(aftermathOf(watch, gains, faultDisputes(fault)), PEOPLE),
  ]
  const lastStep = await explainLastStep(context, watch.games)
  return {
    report: {
      fault: fault.name,
      ok: checks.every(({ holds }) => holds),
      checks,
      seconds: Math.round((performance.now() - startMs) / 1_000),
      proposals: watch.proposals.map((proposal) => ({ ...proposal, course: gamesOf(watch, proposal) })),
      gasByTransaction: Object.fromEntries(watch.gasByTransaction),
      lastStep: lastStep ?? null,
      gains,
    },
    text: textOf(watch, lastStep, checks, gains),
  }
}

function gamesOf({ games }: Watch, { address }: Proposal): Game[] {
  return games.filter(({ proposal }) => proposal === address).sort((a, b) => a.index - b.index)
}

function gainsOf(before: Readonly<Record<string, bigint>>, after: Readonly<Record<string, bigint>>) {
  return Object.fromEntries(Object.entries(after).map(([name, wei]) => [name, wei - (before[name] ?? 0n)]))
}

function textOf(
  watch: Watch,
  lastStep: ExplainedStep | undefined,
  checks: readonly Verdict[],
  gains: Readonly<Record<string, bigint>>,
): string {
  const trees = watch.proposals.map((proposal) => {
    const games = gamesOf(watch, proposal)
    const isProven = games.some(({ moves }) => moves.some(({ kind }) => kind === 'step-proven'))
    return courseText(proposal, games, watch.names, isProven ? lastStep : undefined)
  })
  const moved = Object.entries(gains).filter(([, wei]) => wei !== 0n)
  const ether = moved.map(([name, wei]) => `  ${name.padEnd(16)}${(Number(wei) / 1e18).toFixed(4)} ETH`)
  const verdicts = checks.map(({ what, holds }) => `  ${holds ? '✓' : '✗'} ${what}`)
  return [...trees, ['What everyone gained', ...ether].join('\n'), ['Verdict', ...verdicts].join('\n')].join('\n\n')
}

import { UnavailableError } from '../../../node/protocol/errors.ts'
import type { GameOracle } from '../../../node/prover/game-oracle.ts'
import type { Aftermath, Fault, FaultContext, People, Verdict } from '../fault.ts'

/** A clock that runs out soon, for liars who fall silent. */
const SHORT_CLOCK = { clockSeconds: 35 } as const

/** A ruling ends the game that asked for it too: the proposal falls by whichever is counted first. */
const FALLEN_BY_RULING = ['ruled-false', 'proven-false'] as const

/** A proposer whose chain is false, an honest challenger, and an honest proposer beside them. */
async function startWith(context: FaultContext, oracle: GameOracle): Promise<void> {
  const { people, liars, honest } = context
  context.startProposer(liars, people.proposer, oracle)
  context.startProposer(honest, people.otherProposer)
  context.startChallenger(honest, people.challenger)
}

/** The liar lost its bond, the honest challenger gained, and no honest proposal was touched. */
function liarPays({ gainOf, gamesAgainst, parameters }: Aftermath, people: People): Verdict[] {
  return [
    { what: 'the liar lost its bond', holds: gainOf(people.proposer) <= -parameters.proposalBondWei },
    { what: 'the honest challenger came out ahead', holds: gainOf(people.challenger) > 0n },
    { what: 'nobody played against the honest proposal', holds: gamesAgainst(people.otherProposer).length === 0 },
  ]
}

function wonBy(how: 'proof' | 'time', { gamesAgainst }: Aftermath, people: People): Verdict {
  const holds = gamesAgainst(people.proposer).some(({ challenger, moves }) => {
    const isHonest = challenger === people.challenger.address.toLowerCase()
    return isHonest && moves.some((move) => move.kind === 'decided' && move.byTime === (how === 'time'))
  })
  return { what: `the honest challenger won by ${how === 'proof' ? 'one step, executed on L1' : 'time'}`, holds }
}

function wasFlagged({ proposalBy }: Aftermath, people: People): Verdict {
  const flag = proposalBy(people.proposer)?.flagged
  return { what: 'the game came down to execution and flagged the proposal', holds: flag?.ruling === 'invalid' }
}

/** The proposer's chain holds a false inference, for which it has no trace. */
export const wrongOutput: Fault = {
  name: 'wrong-output',
  summary: "The proposer's chain holds a false inference.",
  disputes: SHORT_CLOCK,
  outcomes: { proposer: ['proven-false'], otherProposer: ['upheld'] },
  start: (context) => startWith(context, context.lie('output')),
  check: (aftermath, people) => [...liarPays(aftermath, people), wonBy('time', aftermath, people)],
}

/** The same with a consistent false trace, down to the last step. */
export const wrongOutputAndFights: Fault = {
  name: 'wrong-output-and-fights',
  summary: 'The proposer defends a false inference to the last step with a consistent false trace.',
  outcomes: { proposer: ['proven-false'], otherProposer: ['upheld'] },
  start: (context) => startWith(context, context.lie('answered-output')),
  check: (aftermath, people) => [...liarPays(aftermath, people), wonBy('proof', aftermath, people)],
}

/** The proposer never shows what is behind its root. */
export const withholds: Fault = {
  name: 'withholds',
  summary: 'The proposer never reveals the preimage of its root, nor its log.',
  disputes: SHORT_CLOCK,
  outcomes: { proposer: ['proven-false'], otherProposer: ['upheld'] },
  start: (context) => {
    const blockAt: GameOracle['blockAt'] = async (number) => {
      throw new UnavailableError('Withheld', `block ${number} is withheld`)
    }
    return startWith(context, { ...context.lie('output'), blockAt })
  },
  check: (aftermath, people) => [...liarPays(aftermath, people), wonBy('time', aftermath, people)],
}

/** The proposer's log lacks an inference. */
export const missingRecord: Fault = {
  name: 'missing-record',
  summary: "The proposer's log lacks an inference: the game reaches execution and the proposal is flagged.",
  outcomes: { proposer: FALLEN_BY_RULING, otherProposer: ['upheld'] },
  start: (context) => startWith(context, context.lie('missing-record')),
  check: (aftermath, people) => [...liarPays(aftermath, people), wasFlagged(aftermath, people)],
}

/** The proposer's state root is wrong, its log is right. */
export const wrongState: Fault = {
  name: 'wrong-state',
  summary: "The proposer's state root is wrong: the game reaches execution and the proposal is flagged.",
  outcomes: { proposer: FALLEN_BY_RULING, otherProposer: ['upheld'] },
  start: (context) => startWith(context, context.lie('state')),
  check: (aftermath, people) => [...liarPays(aftermath, people), wasFlagged(aftermath, people)],
}

/** The proposer posts a false root and never answers. */
export const silentProposer: Fault = {
  name: 'silent-proposer',
  summary: 'The proposer posts a false root and never answers.',
  disputes: SHORT_CLOCK,
  outcomes: { proposer: ['proven-false'], otherProposer: ['upheld'] },
  start: async (context) => {
    const { people, honest, proposedBlock, terms } = context
    context.startProposer(honest, people.otherProposer)
    context.startChallenger(honest, people.challenger)
    await context.proposalOf(people.otherProposer)
    const root = await context.lie('output').outputRootAt(proposedBlock)
    await context.actorOf(people.proposer).propose(root, context.proposalData(people.proposer), terms)
  },
  check: (aftermath, people) => [...liarPays(aftermath, people), wonBy('time', aftermath, people)],
}

/** Several challengers, most of whom lose on purpose, beside one honest. */
export const sybilChallengers: Fault = {
  name: 'sybil-challengers',
  summary: 'Several challengers lose on purpose against a false proposal, beside one honest.',
  disputes: { clockSeconds: 75 },
  outcomes: { proposer: ['proven-false'], otherProposer: ['upheld'] },
  start: async (context) => {
    const { people, liars, honest, terms } = context
    const lying = context.lie('answered-output')
    context.startProposer(liars, people.proposer, lying)
    context.startProposer(honest, people.otherProposer)
    const proposal = await context.proposalOf(people.proposer)
    await Promise.all(
      people.sybils.map(async (sybil, i) => {
        // The first one takes the true root before the honest challenger can; the others make roots up.
        const hashes = await context.openingOf(proposal, i === 0 ? honest.oracle : 'made-up')
        await context.actorOf(sybil).open(proposal.address, hashes, terms)
      }),
    )
    context.startChallenger(honest, people.challenger)
  },
  check: (aftermath, people) => [
    ...liarPays(aftermath, people),
    wonBy('proof', aftermath, people),
    {
      what: 'every challenger was heard',
      holds: aftermath.gamesAgainst(people.proposer).length === people.sybils.length + 1,
    },
  ],
}

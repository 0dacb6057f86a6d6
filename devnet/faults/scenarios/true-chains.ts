import type { Aftermath, Fault, People, Verdict } from '../fault.ts'

/** The proposer was defended: no bond lost, and something of the challenger's gained. */
function proposerStands({ gainOf, parameters }: Aftermath, people: People): Verdict[] {
  const loses = {
    what: 'the false challenger lost its bond',
    holds: gainOf(people.stranger) <= -parameters.challengerBondWei,
  }
  return [{ what: 'the honest proposer came out ahead', holds: gainOf(people.proposer) > 0n }, loses]
}

/** A challenger opens a game against a true proposal and falls silent. */
export const silentChallenger: Fault = {
  name: 'silent-challenger',
  summary: 'A challenger opens a game against a true proposal and falls silent.',
  disputes: { clockSeconds: 35 },
  outcomes: { proposer: ['upheld'] },
  start: async (context) => {
    const { people, honest, terms } = context
    context.startProposer(honest, people.proposer)
    const proposal = await context.proposalOf(people.proposer)
    const hashes = await context.openingOf(proposal, context.lie('output'))
    await context.actorOf(people.stranger).open(proposal.address, hashes, terms)
  },
  check: proposerStands,
}

/** A challenger disputes a true output with a false trace. */
export const griefingChallenger: Fault = {
  name: 'griefing-challenger',
  summary: 'A challenger disputes a true output to the last step with a consistent false trace.',
  disputes: { clockSeconds: 60 },
  outcomes: { proposer: ['upheld'] },
  start: async (context) => {
    const { people, honest, liars } = context
    context.startProposer(honest, people.proposer)
    context.startChallenger(liars, people.stranger, context.lie('answered-output'))
  },
  check: proposerStands,
}

/** A stranger proposes the true root first, and lets himself win against it. */
export const frontRunRoot: Fault = {
  name: 'front-run-root',
  summary: 'A stranger proposes the true root first and loses to himself; the same root by the honest proposer stands.',
  disputes: { clockSeconds: 60 },
  outcomes: { stranger: ['proven-false'], proposer: ['upheld'] },
  start: async (context) => {
    const { people, honest, liars, proposedBlock, terms } = context
    const root = await context.whenFinal(() => honest.oracle.outputRootAt(proposedBlock))
    await context.actorOf(people.stranger).propose(root, context.proposalData(people.stranger), terms)
    context.startProposer(honest, people.proposer)
    context.startChallenger(liars, people.stranger, context.lie('answered-output'))
  },
  check: ({ proposalBy, gainOf, parameters }, people) => [
    {
      what: 'both proposed the same root',
      holds: proposalBy(people.stranger)?.rootClaim === proposalBy(people.proposer)?.rootClaim,
    },
    { what: 'the stranger lost more than he won', holds: gainOf(people.stranger) <= -parameters.proposalBondWei / 2n },
    { what: 'the honest proposer lost nothing', holds: gainOf(people.proposer) > -(10n ** 16n) },
  ],
}

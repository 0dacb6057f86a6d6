import type { Proposal } from '../../node/l1/game-record.ts'
import type { L1Client } from '../../node/l1/l1-client.ts'
import type { DevnetAccount } from '../accounts.ts'
import type { DisputeParameters } from '../l1-contracts.ts'
import type { Aftermath, Fault, FaultContext, Verdict } from './fault.ts'
import { nameOf, PEOPLE, PERSONS } from './people.ts'
import type { Watch } from './watch.ts'

/** Whether all is over: every proposal that the scenario expects is resolved and paid out, and nobody is owed anything. */
export async function isOver(fault: Fault, context: FaultContext, watch: Watch, client: L1Client): Promise<boolean> {
  const expected = expectedOf(fault).map(([account]) => proposalBy(watch.proposals, account))
  if (!expected.every((proposal) => proposal !== undefined && isPaidOut(proposal))) return false
  const { reader } = context.honest
  if ((await reader.anchor()).l2Block < context.proposedBlock) return false
  const credits = await Promise.all(PERSONS.map(({ address }) => reader.creditOf(address)))
  return credits.every((credit) => credit === 0n) && (await heldWei(context, client)) === 0n
}

/** What every scenario must come to: the outcomes that it states, a true anchor, and no ether left in the contracts. */
export async function commonChecks(
  fault: Fault,
  context: FaultContext,
  watch: Watch,
  client: L1Client,
): Promise<Verdict[]> {
  const outcomes = expectedOf(fault).map(([account, outcome]): Verdict => {
    const got = proposalBy(watch.proposals, account)?.outcome ?? 'not made'
    const holds = outcome.some((one) => one === got)
    const what = `the proposal of the ${nameOf(account.address)} is ${holds ? got : `${got}, not ${outcome.join(' or ')}`}`
    return { what, holds }
  })
  const stuckWei = await heldWei(context, client)
  const { l2Block, root } = await context.honest.reader.anchor()
  const isTrue = root === (await context.honest.oracle.outputRootAt(l2Block))
  return [
    ...outcomes,
    { what: `a true proposal became the anchor (block ${l2Block})`, holds: isTrue && l2Block >= context.proposedBlock },
    { what: `nobody's ether is stuck (${stuckWei} wei)`, holds: stuckWei === 0n },
  ]
}

/** What a scenario's own checks look at. @param gains by name. */
export function aftermathOf(
  watch: Watch,
  gains: Readonly<Record<string, bigint>>,
  parameters: DisputeParameters,
): Aftermath {
  return {
    parameters,
    gainOf: ({ address }) => gains[nameOf(address)] ?? 0n,
    proposalBy: (account) => proposalBy(watch.proposals, account),
    gamesAgainst: ({ address }) => watch.games.filter(({ proposer }) => proposer === address.toLowerCase()),
  }
}

function expectedOf({ outcomes }: Fault) {
  return Object.entries(outcomes).map(([who, outcome]) => [PEOPLE[who as keyof Fault['outcomes']], outcome] as const)
}

function proposalBy(proposals: readonly Proposal[], { address }: DevnetAccount): Proposal | undefined {
  return proposals.find(({ proposer }) => proposer === address.toLowerCase())
}

function isPaidOut({ outcome, openGames }: Proposal): boolean {
  return outcome !== 'pending' && openGames === 0
}

async function heldWei({ honest }: FaultContext, client: L1Client): Promise<bigint> {
  return client.getBalance({ address: honest.reader.contracts.bisectionGame })
}

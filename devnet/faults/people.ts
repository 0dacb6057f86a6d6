import type { L1Client } from '../../node/l1/l1-client.ts'
import { BugError } from '../../node/protocol/errors.ts'
import { CHALLENGER, type DevnetAccount, FUNDED_ACCOUNTS, PROPOSER } from '../accounts.ts'
import type { People } from './fault.ts'

/** Who takes part. */
export const PEOPLE: People = {
  proposer: PROPOSER,
  challenger: CHALLENGER,
  otherProposer: funded(9),
  stranger: funded(8),
  sybils: [funded(5), funded(6), funded(7)],
}

function funded(index: number): DevnetAccount {
  const account = FUNDED_ACCOUNTS[index]
  if (account === undefined) throw new BugError(`the devnet has no account ${index}`)
  return account
}

/** An account that takes part, and who it is. */
export interface Person extends DevnetAccount {
  readonly name: string
}

/** Everyone who takes part. */
export const PERSONS: readonly Person[] = [
  { name: 'proposer', ...PEOPLE.proposer },
  { name: 'challenger', ...PEOPLE.challenger },
  { name: 'other proposer', ...PEOPLE.otherProposer },
  { name: 'stranger', ...PEOPLE.stranger },
  ...PEOPLE.sybils.map((sybil, i) => ({ name: `sybil ${i + 1}`, ...sybil })),
]

/** Who an account is; the account itself where it takes no part. */
export function nameOf(account: string): string {
  return PERSONS.find(({ address }) => address.toLowerCase() === account.toLowerCase())?.name ?? account
}

/** Ether of everyone on L1, in wei, by name. */
export async function balancesOf(client: L1Client): Promise<Record<string, bigint>> {
  const entries = PERSONS.map(async ({ name, address }) => [name, await client.getBalance({ address })] as const)
  return Object.fromEntries(await Promise.all(entries))
}

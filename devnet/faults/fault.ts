import type { DisputeHost } from '../../node/cli/dispute-host.ts'
import type { DisputeActor } from '../../node/l1/dispute-actor.ts'
import type { DisputeTerms } from '../../node/l1/dispute-reader.ts'
import type { Game, Proposal, ProposalOutcome } from '../../node/l1/game-record.ts'
import type { Hex } from '../../node/protocol/bytes.ts'
import type { GameOracle } from '../../node/prover/game-oracle.ts'
import type { DevnetAccount } from '../accounts.ts'
import type { DisputeParameters } from '../l1-contracts.ts'

/** Who takes part in a fault. All but the honest and the guardian may lie. */
export interface People {
  /** On the allow-list of proposers. */
  readonly proposer: DevnetAccount
  /** On the allow-list too; always honest. */
  readonly otherProposer: DevnetAccount
  /** Always honest. */
  readonly challenger: DevnetAccount
  /** On the allow-list too. */
  readonly stranger: DevnetAccount
  readonly sybils: readonly DevnetAccount[]
}

/** What a fault is brought about with. */
export interface FaultContext {
  readonly people: People
  /** Plays for liars: the sequencer's node. */
  readonly liars: DisputeHost
  /** Plays for the honest: the verifier's node, which derives all from L1. */
  readonly honest: DisputeHost
  readonly terms: DisputeTerms
  /** The L2 block that proposals are about; the lie is a little below it. */
  readonly proposedBlock: number
  readonly lieBlock: number
  /** What a liar holds true; `answered`: with a consistent false trace. */
  lie(kind: 'output' | 'answered-output' | 'missing-record' | 'state'): GameOracle
  /** Acts once, without a service behind it. */
  actorOf(account: DevnetAccount): DisputeActor
  /** Takes the ether that accounts without a service are owed, as anyone may for them. */
  claimForSilent(): Promise<void>
  /** Starts a proposer that proposes {@link FaultContext.proposedBlock} and no other. */
  startProposer(host: DisputeHost, account: DevnetAccount, oracle?: GameOracle): void
  startChallenger(host: DisputeHost, account: DevnetAccount, oracle?: GameOracle): void
  /** A player's roots against a proposal: what it holds true, or made up from nothing. */
  openingOf(proposal: Proposal, oracle: GameOracle | 'made-up'): Promise<readonly Hex[]>
  /** Waits until {@link FaultContext.proposedBlock} is derived from finalised L1, then asks. */
  whenFinal<T>(ask: () => Promise<T>): Promise<T>
  /** Waits for the proposal of an account. */
  proposalOf(account: DevnetAccount): Promise<Proposal>
  /** `extraData` of a proposal of {@link FaultContext.proposedBlock}. */
  proposalData(account: DevnetAccount): Hex
}

/** What must have come of a fault. */
export interface Verdict {
  readonly what: string
  readonly holds: boolean
}

/** What is left on L1 when a fault is over. */
export interface Aftermath {
  proposalBy(account: DevnetAccount): Proposal | undefined
  gamesAgainst(account: DevnetAccount): readonly Game[]
  /** Wei that an account has more than before, gas included. */
  gainOf(account: DevnetAccount): bigint
  readonly parameters: DisputeParameters
}

/** One scenario of fault injection. */
export interface Fault {
  readonly name: string
  /** One sentence for people. */
  readonly summary: string
  /** Where it needs other parameters than {@link FAULT_DISPUTES}. */
  readonly disputes?: Partial<DisputeParameters>
  /** Proposals that end the scenario, once they are resolved and paid out: how each may end. */
  readonly outcomes: Readonly<Partial<Record<keyof Omit<People, 'sybils' | 'challenger'>, readonly ProposalOutcome[]>>>
  /** Brings the players in. */
  start(context: FaultContext): Promise<void>
  /** What else must hold in the end. */
  check(aftermath: Aftermath, people: People): Verdict[]
}

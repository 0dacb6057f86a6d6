import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeAbiParameters } from 'viem'
import type { DisputeHost } from '../../node/cli/dispute-host.ts'
import { createContractSender } from '../../node/l1/contract-sender.ts'
import { createDisputeActor, DISPUTE_ERRORS, type DisputeActor } from '../../node/l1/dispute-actor.ts'
import { createL1Client } from '../../node/l1/l1-client.ts'
import { bytesToHex, type Hex } from '../../node/protocol/bytes.ts'
import { BugError, UnavailableError } from '../../node/protocol/errors.ts'
import { partsOf } from '../../node/prover/dissection.ts'
import { createFalsifiedTraceProvider } from '../../node/prover/falsified-trace.ts'
import { openingMove } from '../../node/prover/game-solver.ts'
import { createNodeOracle } from '../../node/prover/node-oracle.ts'

import type { Devnet } from '../devnet.ts'
import { lieInLastProduct } from './explain-step.ts'
import type { FaultContext } from './fault.ts'
import { type ChainLie, createLyingOracle } from './lying-oracle.ts'
import { PEOPLE } from './people.ts'

/** Blocks between the lie and what is proposed. */
const BLOCKS_ABOVE_LIE = 3
const POLL_MS = 200

/** Prepares a fault on a devnet that is ready: finds the inference to lie about. */
export async function createFaultContext(devnet: Devnet, signal: AbortSignal): Promise<FaultContext> {
  const { liars, honest } = hostsOf(devnet)
  const { lieBlock, record } = await findInferenceToFalsify(devnet)
  const proposedBlock = lieBlock + BLOCKS_ABOVE_LIE
  const client = createL1Client(devnet.endpoints.l1Rpc)
  const falseTraces = createNodeOracle({
    ...liars.oracleParts,
    openTrace: (options) => createFalsifiedTraceProvider(options, lieInLastProduct(options.model)),
  })
  /** Accounts that act without a service. */
  const silent = new Map<Hex, DisputeActor>()
  const whenFinal: FaultContext['whenFinal'] = async (ask) => {
    while (devnet.verifier.database.heads().finalized.number < proposedBlock) {
      signal.throwIfAborted()
      await sleep(POLL_MS)
    }
    return ask()
  }
  return {
    people: PEOPLE,
    liars,
    honest,
    terms: await honest.reader.terms(),
    proposedBlock,
    lieBlock,
    lie: (kind) => {
      const faults: Record<typeof kind, ChainLie['fault']> = {
        output: { kind: 'output', record, traces: liars.oracle },
        'answered-output': { kind: 'output', record, traces: falseTraces },
        'missing-record': { kind: 'missing-record', record },
        state: { kind: 'state' },
      }
      return createLyingOracle(liars.oracle, { block: lieBlock, fault: faults[kind] })
    },
    actorOf: ({ privateKey }) => {
      const sender = createContractSender(client, honest.transactionsOf(privateKey), DISPUTE_ERRORS)
      const actor = createDisputeActor(honest.reader.contracts, sender, signal)
      silent.set(privateKey, actor)
      return actor
    },
    async claimForSilent() {
      for (const actor of silent.values()) {
        if ((await honest.reader.creditOf(actor.address)) > 0n) await actor.claimCredit()
      }
    },
    startProposer: (host, { privateKey }, oracle) => {
      silent.delete(privateKey)
      host.startProposer({
        privateKey,
        intervalBlocks: proposedBlock,
        proposesUpTo: proposedBlock,
        proposesAfterFall: false,
        ...(oracle === undefined ? {} : { oracle }),
      })
    },
    startChallenger: (host, { privateKey }, oracle) => {
      silent.delete(privateKey)
      host.startChallenger({ privateKey, ...(oracle === undefined ? {} : { oracle }) })
    },
    async openingOf(proposal, oracle) {
      const hashes = oracle === 'made-up' ? undefined : await openingMove(proposal, oracle)
      const parts = partsOf({ lo: proposal.anchorBlock, hi: proposal.l2Block })
      return hashes ?? Array.from({ length: parts }, () => bytesToHex(randomBytes(32)))
    },
    whenFinal,
    async proposalOf({ address }) {
      for (;;) {
        const found = (await honest.reader.proposals()).find(({ proposer }) => proposer === address.toLowerCase())
        if (found !== undefined) return found
        signal.throwIfAborted()
        await sleep(POLL_MS)
      }
    },
    proposalData: ({ address }) =>
      encodeAbiParameters(
        [{ type: 'uint256' }, { type: 'address' }, { type: 'bytes32' }],
        [BigInt(proposedBlock), address, `0x${'00'.repeat(32)}`],
      ),
  }
}

function hostsOf({ sequencer, verifier }: Devnet): { readonly liars: DisputeHost; readonly honest: DisputeHost } {
  if (sequencer.disputes === undefined || verifier.disputes === undefined)
    throw new BugError('the devnet has no disputes')
  return { liars: sequencer.disputes, honest: verifier.disputes }
}

/** The first image that the demo had read: its block, and its place in the block's log. */
async function findInferenceToFalsify({ record, models, verifier }: Devnet) {
  const modelId = models.find(({ name }) => name === 'digits')?.manifest.modelId
  for (const { contract, blockNumber } of record.demo.answers) {
    if (contract !== 'DigitReader') continue
    const block = await verifier.database.getBlockByNumber(blockNumber)
    if (block === undefined) throw new UnavailableError('BlockUnavailable', `block ${blockNumber} is not derived yet`)
    const index = block.inferences.findIndex((inference) => inference.modelId === modelId)
    if (index >= 0) return { lieBlock: blockNumber, record: index }
  }
  throw new BugError('the demo read no image')
}

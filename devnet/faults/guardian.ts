import { encodeFunctionData } from 'viem'
import { anchorStateRegistryAbi } from '../../contracts/generated/anchor-state-registry.ts'
import { proposalAbi } from '../../contracts/generated/proposal.ts'
import { type ContractSender, createContractSender } from '../../node/l1/contract-sender.ts'
import { DISPUTE_ERRORS } from '../../node/l1/dispute-actor.ts'
import type { Proposal } from '../../node/l1/game-record.ts'
import type { L1Client } from '../../node/l1/l1-client.ts'
import type { Hex } from '../../node/protocol/bytes.ts'
import { type DevnetAccount, GUARDIAN } from '../accounts.ts'
import type { FaultContext } from './fault.ts'

/** The guardian of a devnet, acting as a person with an honest node would. */
export interface Guardian {
  /** Puts accounts on the allow-list of proposers. */
  allow(accounts: readonly DevnetAccount[]): Promise<void>
  /** Rules on every flagged proposal by what the honest node says. */
  rule(proposals: readonly Proposal[]): Promise<void>
}

/** Creates the guardian. */
export function createGuardian({ honest }: FaultContext, client: L1Client, signal: AbortSignal): Guardian {
  const sender = createContractSender(client, honest.transactionsOf(GUARDIAN.privateKey), DISPUTE_ERRORS)
  const ruled = new Set<Hex>()
  return {
    async allow(accounts) {
      const to = honest.reader.contracts.anchorStateRegistry
      for (const { address } of accounts) await sender.send({ to, data: allowData(address) }, signal)
    },
    async rule(proposals) {
      for (const proposal of proposals) {
        const { address, flagged, l2Block, rootClaim, outcome } = proposal
        const isOpen = outcome === 'pending' && flagged !== undefined && flagged.ruling === undefined
        if (!isOpen || ruled.has(address)) continue
        await rule(sender, address, (await honest.oracle.outputRootAt(l2Block)) === rootClaim, signal)
        ruled.add(address)
      }
    },
  }
}

function allowData(address: Hex): Hex {
  return encodeFunctionData({ abi: anchorStateRegistryAbi, functionName: 'setProposer', args: [address, true] })
}

async function rule(sender: ContractSender, proposal: Hex, isValid: boolean, signal: AbortSignal): Promise<void> {
  const data = encodeFunctionData({ abi: proposalAbi, functionName: 'rule', args: [isValid] })
  await sender.send({ to: proposal, data }, signal)
}

import { disputeGameFactoryAbi } from '../../contracts/generated/dispute-game-factory.ts'
import { proposalAbi } from '../../contracts/generated/proposal.ts'
import type { Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { type DisputeContracts, PROPOSAL_GAME_TYPE } from './game-record.ts'
import type { L1Client } from './l1-client.ts'
import { withRetries } from './retry.ts'

/**
 * The contracts that a rollup's disputes are played on, from the address of its factory.
 * @throws InvalidError `DisputeFactoryInvalid` where that address holds no factory with proposals of ours.
 */
export async function findDisputeContracts(client: L1Client, factory: Hex): Promise<DisputeContracts> {
  return withRetries('the contracts of disputes', { attempts: 3, delayMs: 200 }, async () => {
    const code = await client.getCode({ address: factory })
    if (code === undefined || code === '0x') return undefined
    const args = [PROPOSAL_GAME_TYPE] as const
    const address = await client.readContract({
      address: factory,
      abi: disputeGameFactoryAbi,
      functionName: 'gameImpls',
      args,
    })
    if (/^0x0*$/.test(address)) return undefined
    const proposal = { address, abi: proposalAbi } as const
    const [bisectionGame, anchorStateRegistry] = await Promise.all([
      client.readContract({ ...proposal, functionName: 'bisectionGame' }),
      client.readContract({ ...proposal, functionName: 'anchorStateRegistry' }),
    ])
    return { disputeGameFactory: factory, bisectionGame, anchorStateRegistry }
  }).then((found) => {
    if (found !== undefined) return found
    const message = `${factory} on L1 is no dispute game factory with games of type ${PROPOSAL_GAME_TYPE}`
    throw new InvalidError('DisputeFactoryInvalid', message)
  })
}

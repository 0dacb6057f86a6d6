import { findDisputeContracts } from '../l1/find-dispute-contracts.ts'
import { createL1Client } from '../l1/l1-client.ts'
import type { Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { DisputeOptions, PlayerOptions, ProposerOptions } from './dispute-host.ts'
import { privateKeySetting } from './private-key.ts'
import { integer, optionalText, type SettingsOf, toggle } from './settings.ts'

/** Settings of a node that follows disputes on L1, proposes or challenges. */
export const disputeSettings = {
  disputeFactory: optionalText(
    'l1.dispute-factory',
    'ADDRESS',
    'DisputeGameFactory on L1; default: that of the devnet.json given as --chain-spec',
  ),
  proposerKey: optionalText('proposer.private-key', 'HEX', 'Key that proposes output roots and defends them'),
  proposerInterval: integer(
    'proposer.interval-blocks',
    'N',
    3_600,
    [1, 10_000_000],
    'L2 blocks between two proposals, at least',
  ),
  proposerAfterFall: toggle('proposer.after-fall', 'Go on proposing though the newest proposal was held false'),
  challengerKey: optionalText('challenger.private-key', 'HEX', 'Key that disputes false proposals'),
  disputesResubmit: integer(
    'disputes.resubmit-ms',
    'MS',
    30_000,
    [1_000, 3_600_000],
    'Time in ms after which a move that is not mined is sent again with higher fees',
  ),
}

/**
 * What the settings ask for; nothing where no factory is known. @param document the chain spec's file, which may name the factory.
 * @throws InvalidError where keys are malformed, or given without a factory.
 */
export async function disputeOptions(
  given: SettingsOf<typeof disputeSettings>,
  l1RpcUrl: string,
  document: unknown,
): Promise<{ readonly disputes?: DisputeOptions }> {
  const factory = given.disputeFactory ?? factoryIn(document)
  const players = { ...proposerOf(given), ...challengerOf(given) }
  if (factory === undefined) {
    if (Object.keys(players).length === 0) return {}
    throw new InvalidError('SettingMissing', 'a proposer or challenger needs --l1.dispute-factory')
  }
  if (!/^0x[0-9a-fA-F]{40}$/.test(factory)) {
    throw new InvalidError('SettingMalformed', `--l1.dispute-factory is an address, not "${factory}"`)
  }
  const contracts = await findDisputeContracts(createL1Client(l1RpcUrl), factory as Hex)
  return { disputes: { contracts, resubmitMs: given.disputesResubmit, ...players } }
}

function proposerOf(given: SettingsOf<typeof disputeSettings>): { readonly proposer?: ProposerOptions } {
  if (given.proposerKey === null) return {}
  const privateKey = privateKeySetting('proposer.private-key', given.proposerKey)
  const { proposerInterval: intervalBlocks, proposerAfterFall: proposesAfterFall } = given
  return { proposer: { privateKey, intervalBlocks, proposesAfterFall } }
}

function challengerOf(given: SettingsOf<typeof disputeSettings>): { readonly challenger?: PlayerOptions } {
  if (given.challengerKey === null) return {}
  return { challenger: { privateKey: privateKeySetting('challenger.private-key', given.challengerKey) } }
}

function factoryIn(document: unknown): string | undefined {
  const contracts = (document as { readonly l1Contracts?: { readonly disputeGameFactory?: unknown } } | null)
    ?.l1Contracts
  return typeof contracts?.disputeGameFactory === 'string' ? contracts.disputeGameFactory : undefined
}

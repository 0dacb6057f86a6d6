import { describe, expect, it } from 'vitest'
import { disputeOptions, disputeSettings } from './dispute-settings.ts'
import { parseSettings } from './settings.ts'

const KEY = `0x${'11'.repeat(32)}`
const NOWHERE = 'http://127.0.0.1:1'

function options(args: readonly string[], document: unknown = {}) {
  const { settings } = parseSettings(disputeSettings, args, {})
  return disputeOptions(settings, NOWHERE, document)
}

describe('disputeOptions', () => {
  it('asks for nothing where nothing is given', async () => {
    expect(await options([])).toEqual({})
  })

  it('refuses players without a factory', async () => {
    for (const flag of ['--proposer.private-key', '--challenger.private-key']) {
      await expect(options([flag, KEY])).rejects.toMatchObject({ kind: 'Invalid', code: 'SettingMissing' })
    }
  })

  it('refuses malformed keys without repeating them, and malformed addresses', async () => {
    const malformed = { kind: 'Invalid', code: 'SettingMalformed' }
    await expect(options(['--challenger.private-key', '0x1234'])).rejects.toMatchObject(malformed)
    await expect(options(['--challenger.private-key', '0x1234'])).rejects.not.toThrow(/1234/)
    await expect(options(['--l1.dispute-factory', 'here'])).rejects.toMatchObject(malformed)
  })

  it('takes the factory from a devnet’s record, and asks L1 for the rest', async () => {
    const document = { l1Contracts: { disputeGameFactory: `0x${'22'.repeat(20)}` } }
    await expect(options([], document)).rejects.toMatchObject({ kind: 'Unavailable', code: 'L1Unavailable' })
  })
})

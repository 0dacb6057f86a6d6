import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { constantsSource } from './constants-codegen.ts'

describe('constantsSource', () => {
  it('is what the repository holds', () => {
    const held = readFileSync(new URL('../shared/Constants.sol', import.meta.url), 'utf8')
    expect(held, 'run the contracts build').toBe(constantsSource())
  })

  it('spells addresses with their checksum, as Solidity demands', () => {
    expect(constantsSource()).toContain(
      'address constant L1_ATTRIBUTES_DEPOSITOR = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001;',
    )
  })
})

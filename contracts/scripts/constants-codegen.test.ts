import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { constantsSource, sharedSources } from './constants-codegen.ts'

describe('sharedSources', () => {
  it.each(sharedSources())('are what the repository holds: $name', ({ name, text }) => {
    const held = readFileSync(new URL(`../shared/${name}`, import.meta.url), 'utf8')
    expect(held, 'run the contracts build').toBe(text)
  })

  it('spells addresses with their checksum, as Solidity demands', () => {
    expect(constantsSource()).toContain(
      'address constant L1_ATTRIBUTES_DEPOSITOR = 0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001;',
    )
  })
})

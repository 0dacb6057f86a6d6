import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numRuns } from '../../test/support/random-graph.ts'
import { libraryName, nameScope } from './identifiers.ts'

describe('nameScope', () => {
  it.each([
    ['late_payments', 'latePayments', 'LATE_PAYMENTS'],
    ['loanAmount', 'loanAmount', 'LOAN_AMOUNT'],
    ['EUR a year', 'eurAYear', 'EUR_A_YEAR'],
    ['/model/logits:0', 'modelLogits0', 'MODEL_LOGITS_0'],
    ['memory', 'memory_', 'MEMORY'],
    ['uint8', 'uint8_', 'UINT8'],
    ['28x28', 'value28x28', 'VALUE_28X28'],
    ['größe', 'grE', 'GR_E'],
    ['數', 'value', 'VALUE'],
  ])('spells %s as %s and %s', (name, field, constant) => {
    expect(nameScope().field(name)).toBe(field)
    expect(nameScope().constant(name)).toBe(constant)
  })

  it('gives legal names that all differ', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('a', 'A', 'a_2', 'a 2', 'error', 'x-y', 'xY', 'run'))
    const property = fc.property(fc.array(word, { maxLength: 40 }), (names) => {
      const scope = nameScope()
      scope.reserve('run')
      const given = names.flatMap((name) => [scope.field(name), scope.constant(name)])
      expect(new Set([...given, 'run']).size).toBe(given.length + 1)
      for (const name of given) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]*$/)
    })
    fc.assert(property, { numRuns: numRuns(200) })
  })
})

describe('libraryName', () => {
  it.each([
    ['risk', 'Risk'],
    ['mobile-net_v2', 'MobileNetV2'],
    ['digits', 'Digits'],
  ])('spells %s as %s', (name, expected) => {
    expect(libraryName(name)).toBe(expected)
  })
})

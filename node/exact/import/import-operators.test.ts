import { describe, expect, it } from 'vitest'
import { expectSameBits } from '../../../test/support/import-case.ts'
import { OPERATOR_CASES } from '../../../test/support/operator-cases.ts'
import { PARITY_CASES } from '../../../test/support/parity-cases.ts'
import { NODE_IMPORTERS } from './node-importers.ts'

describe('an imported graph gives the bits of the file in plain ONNX Runtime', () => {
  it.each(Object.entries(OPERATOR_CASES))('%s', expectSameBits)

  it('of every operator that exact files may use', () => {
    const cases = [...Object.values(PARITY_CASES), ...Object.values(OPERATOR_CASES)]
    const run = new Set(cases.flatMap(({ steps }) => steps.map(([, operator]) => operator)))
    expect([...NODE_IMPORTERS.keys()].filter((operator) => !run.has(operator))).toEqual([])
  })
})

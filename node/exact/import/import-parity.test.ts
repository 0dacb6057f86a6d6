import { describe, it } from 'vitest'
import { expectSameBits } from '../../../test/support/import-case.ts'
import { PARITY_CASES } from '../../../test/support/parity-cases.ts'

describe('an imported graph gives the bits of the file in plain ONNX Runtime', () => {
  it.each(Object.entries(PARITY_CASES))('%s', expectSameBits)
})

import { expect, test } from 'vitest'
import { buildDisputeChain, disputedModel } from '../../test/support/dispute-chain.ts'
import { lower } from '../exact/program/lower.ts'
import { createNodeOracle } from './node-oracle.ts'
import { createTraceProvider } from './trace-provider.ts'
import { constantRoots } from './value-trees.ts'

test('a model is hashed once for all its traces', async () => {
  const { blocks, parts } = await buildDisputeChain(2, 2)
  const given: (readonly Uint8Array[] | undefined)[] = []
  const oracle = createNodeOracle({
    ...parts,
    openTrace: (options) => {
      given.push(options.constantRoots)
      return createTraceProvider(options)
    },
  })
  for (const block of [1, 2]) {
    for (const [index, record] of (blocks[block]?.inferences ?? []).entries()) {
      const trace = await oracle.traceOf({ block, index, record })
      expect(trace.outputRoot).toBe(record.outputRoot)
    }
  }
  expect(given).toHaveLength(4)
  expect(given[0]).toEqual(constantRoots(lower(disputedModel().checked)))
  expect(given.every((roots) => roots === given[0])).toBe(true)
})

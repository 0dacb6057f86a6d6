import { beforeAll, describe, expect, it } from 'vitest'
import { buildDisputeChain, type DisputeChain } from '../../test/support/dispute-chain.ts'
import { BugError, UnavailableError } from '../protocol/errors.ts'
import type { Infer } from '../protocol/model-manifest.ts'
import { type DoubleCheckDeps, doubleCheck } from './double-check.ts'

let chain: DisputeChain

function check(lo: number, hi: number, changes: Partial<DoubleCheckDeps> = {}): Promise<void> {
  const { spec, content, infer, getBlockByNumber } = chain.parts
  const both = { secondInfer: infer, referenceInfer: infer }
  return doubleCheck(lo, hi, { spec, content, getBlockByNumber, ...both, referenceMacs: 2 ** 24, ...changes })
}

/** Inference that is wrong by one in the last byte of its output. */
function wrong(calls: string[] = []): Infer {
  return async (manifest, input) => {
    calls.push(manifest.modelId)
    const output = (await chain.parts.infer(manifest, input)).slice()
    output[output.length - 1] = (output.at(-1) ?? 0) ^ 1
    return output
  }
}

beforeAll(async () => {
  chain = await buildDisputeChain(3, 2)
})

describe('doubleCheck', () => {
  it('passes where all kernels agree', async () => {
    await expect(check(0, 3)).resolves.toBeUndefined()
  })

  it('halts where other kernels give another block', async () => {
    const failure = check(0, 3, { secondInfer: wrong(), referenceInfer: wrong() })
    await expect(failure).rejects.toThrow(BugError)
    await expect(failure).rejects.toThrow(/block 1 /)
  })

  it('halts where the reference disagrees, which it asks once a model', async () => {
    const calls: string[] = []
    await expect(check(0, 3, { referenceInfer: wrong(calls) })).rejects.toThrow(/by the reference/)
    expect(calls).toHaveLength(1)
  })

  it('leaves the reference out for models that would take it too long', async () => {
    await expect(check(0, 3, { referenceInfer: wrong(), referenceMacs: 10 })).resolves.toBeUndefined()
  })

  it('looks at the given blocks only', async () => {
    await expect(check(3, 3, { secondInfer: wrong() })).resolves.toBeUndefined()
  })

  it('never turns a failure of inference into a verdict', async () => {
    const secondInfer: Infer = async () => {
      throw new UnavailableError('WorkerCrashed', 'not now')
    }
    await expect(check(0, 3, { secondInfer })).rejects.toMatchObject({ kind: 'Unavailable', code: 'WorkerCrashed' })
  })
})

import { describe, expect, it } from 'vitest'
import type { Proposal } from '../l1/game-record.ts'
import type { Hex } from '../protocol/bytes.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { type JudgeDeps, judgeProposal } from './judge-proposal.ts'

const TRUE_ROOT: Hex = `0x${'aa'.repeat(32)}`
const FALSE_ROOT: Hex = `0x${'bb'.repeat(32)}`

function judge(rootClaim: Hex, changes: Partial<JudgeDeps> = {}) {
  const proposal = { rootClaim, l2Block: 10, l1Head: FALSE_ROOT } as Proposal
  return judgeProposal(proposal, {
    oracle: { outputRootAt: async () => TRUE_ROOT },
    safeL2Number: () => 10,
    derivedL1Number: () => 100,
    l1NumberOf: async () => 50,
    ...changes,
  })
}

describe('judgeProposal', () => {
  it('holds a claim against the own chain', async () => {
    expect(await judge(TRUE_ROOT)).toBe('right')
    expect(await judge(FALSE_ROOT)).toBe('wrong')
  })

  it('says nothing before L1 is read beyond the block that the claim is judged by', async () => {
    const behind = { safeL2Number: () => 9 }
    expect(await judge(FALSE_ROOT, { ...behind, derivedL1Number: () => 50 })).toBe('unknown')
    expect(await judge(FALSE_ROOT, { ...behind, derivedL1Number: () => undefined })).toBe('unknown')
  })

  it('finds that L1 does not yield the block', async () => {
    expect(await judge(TRUE_ROOT, { safeL2Number: () => 9, derivedL1Number: () => 51 })).toBe('not-derivable')
  })

  it('never turns a failure of I/O into a verdict', async () => {
    const failure = new UnavailableError('L1Unavailable', 'not now')
    const fail = async () => {
      throw failure
    }
    await expect(judge(FALSE_ROOT, { oracle: { outputRootAt: fail } })).rejects.toBe(failure)
    await expect(judge(FALSE_ROOT, { safeL2Number: () => 9, l1NumberOf: fail })).rejects.toBe(failure)
  })
})

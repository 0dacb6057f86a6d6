import type { BlockHeader } from '@ethereumjs/block'
import { isDelegation } from '../executor/authorizations.ts'
import { bytesToHex } from '../protocol/bytes.ts'
import type { PoolHead, SenderState } from './admission.ts'

/** The pool's view of a head. */
export function poolHeadOf(header: BlockHeader): PoolHead {
  return {
    number: Number(header.number),
    stateRoot: bytesToHex(header.stateRoot),
    nextBaseFee: header.calcNextBaseFee(),
    gasLimit: header.gasLimit,
  }
}

/** What an account's code means for a sender. */
export function senderCode(code: Uint8Array): SenderState['code'] {
  if (code.length === 0) return 'none'
  return isDelegation(code) ? 'delegation' : 'contract'
}

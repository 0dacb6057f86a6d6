import type { BlockHeader } from '@ethereumjs/block'
import { isDelegation } from '../executor/authorizations.ts'
import { readAccount, readCode } from '../executor/read-state.ts'
import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ContentReader } from '../protocol/content-store.ts'
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

/**
 * Reads senders for the pool from the state. Cost: one trie path, and the code if there is any.
 * The reader rejects with UnavailableError when the state is not there.
 */
export function createSenderReader(content: ContentReader): (address: Hex, stateRoot: Hex) => Promise<SenderState> {
  return async (address, stateRoot) => {
    const root = hexToBytes(stateRoot)
    const { nonce, balanceWei } = await readAccount(content, root, address)
    const code = await readCode(content, root, address)
    return { nonce, balance: balanceWei, code: code.length === 0 ? 'none' : kindOf(code) }
  }
}

function kindOf(code: Uint8Array): SenderState['code'] {
  return isDelegation(code) ? 'delegation' : 'contract'
}

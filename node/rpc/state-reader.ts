import {
  type AccountProof,
  proveAccount,
  readAccount,
  readCode,
  readStorage,
  type StateAccount,
} from '../executor/read-state.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ContentReader } from '../protocol/content-store.ts'

/** States of the chain, as the RPC reads them. Every method rejects with UnavailableError when the state is not there. */
export interface StateReader {
  /** An account that does not exist reads as empty. */
  account(stateRoot: Uint8Array, address: Hex): Promise<StateAccount>
  code(stateRoot: Uint8Array, address: Hex): Promise<Uint8Array>
  /** 32 bytes. */
  storage(stateRoot: Uint8Array, address: Hex, slot: Hex): Promise<Uint8Array>
  proof(stateRoot: Uint8Array, address: Hex, slots: readonly Hex[]): Promise<AccountProof>
}

/** Reads states from the content store. */
export function createStateReader(content: ContentReader): StateReader {
  return {
    account: (stateRoot, address) => readAccount(content, stateRoot, address),
    code: (stateRoot, address) => readCode(content, stateRoot, address),
    storage: (stateRoot, address, slot) => readStorage(content, stateRoot, address, slot),
    proof: (stateRoot, address, slots) => proveAccount(content, stateRoot, address, slots),
  }
}

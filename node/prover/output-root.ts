import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'

/** What an output root (version 0 of the OP Stack) commits to. */
export interface OutputRootProof {
  readonly stateRoot: Hex
  /** Storage root of the L2ToL1MessagePasser. */
  readonly messagePasserStorageRoot: Hex
  readonly latestBlockhash: Hex
}

/** The output root: keccak256(32 zero bytes ‖ stateRoot ‖ messagePasserStorageRoot ‖ latestBlockhash). */
export function outputRootOf(proof: OutputRootProof, hash: Hasher = keccak256): Hex {
  const { stateRoot, messagePasserStorageRoot, latestBlockhash } = proof
  const words = [stateRoot, messagePasserStorageRoot, latestBlockhash].map(hexToBytes)
  return bytesToHex(hash(concatBytes(new Uint8Array(32), ...words)))
}

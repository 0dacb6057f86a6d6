import { type BlockHeader, createBlockHeaderFromRLP } from '@ethereumjs/block'
import type { EVMMockBlockchainInterface } from '@ethereumjs/evm'
import type { ContentReader } from '../protocol/content-store.ts'
import { BugError } from '../protocol/errors.ts'
import { requireContent } from './content-overlay.ts'

/**
 * Ancestor hashes for BLOCKHASH. A block's hash is the keccak256 of its header, so that the content store answers: the walk
 * goes from parent to parent. Cost: one content read an ancestor, at most 255, each once a block.
 */
export function createBlockHashes(content: ContentReader, header: BlockHeader): EVMMockBlockchainInterface {
  const hashes = new Map<bigint, Uint8Array>([[header.number - 1n, header.parentHash]])
  let oldest = header.number - 1n
  const hashAt = async (number: bigint): Promise<Uint8Array> => {
    while (oldest > number) {
      const hash = hashes.get(oldest) as Uint8Array
      const rlp = await requireContent(content, hash, 'block header')
      const ancestor = createBlockHeaderFromRLP(rlp, { common: header.common })
      oldest--
      hashes.set(oldest, ancestor.parentHash)
    }
    const hash = hashes.get(number)
    if (hash === undefined) throw new BugError(`BLOCKHASH of block ${number} inside block ${header.number}`)
    return hash
  }
  const blockHashes: EVMMockBlockchainInterface = {
    getBlock: async (number) => {
      const hash = await hashAt(BigInt(number))
      return { hash: () => hash }
    },
    putBlock: async () => {},
    shallowCopy: () => blockHashes,
  }
  return blockHashes
}

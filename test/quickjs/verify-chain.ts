import { createDerivation } from '../../node/derivation/derivation.ts'
import type { L1BlockData } from '../../node/derivation/l1-block.ts'
import { type L2BlockRef, l2BlockRef } from '../../node/derivation/l2-block-ref.ts'
import { decodeHeader } from '../../node/executor/block-codec.ts'
import { executeBlock } from '../../node/executor/execute-block.ts'
import type { ExecutedBlock } from '../../node/executor/execution.ts'
import { bytesToHex, type Hex } from '../../node/protocol/bytes.ts'
import type { ChainSpec } from '../../node/protocol/chain-spec.ts'
import type { ContentReader } from '../../node/protocol/content-store.ts'
import type { Infer } from '../../node/protocol/model-manifest.ts'

/** What a stateless verifier of a chain is given besides preimages and inference results. */
export interface ChainClaim {
  readonly spec: ChainSpec
  readonly genesisHeader: Uint8Array
  readonly l1Blocks: readonly L1BlockData[]
}

/** One derived and executed block, as far as verifiers compare it. */
export interface VerifiedBlock {
  readonly number: number
  readonly hash: Hex
  readonly transactions: number
  readonly inferences: number
}

/**
 * Derives the L2 chain from L1 data alone and executes every block: the whole consensus code at work, on nothing but the claim,
 * preimages and inference results.
 */
export async function verifyChain(claim: ChainClaim, preimages: ContentReader, infer: Infer): Promise<VerifiedBlock[]> {
  const { spec } = claim
  const deps = { content: withOwnWrites(preimages), infer }
  let header = decodeHeader(claim.genesisHeader, spec.chainId)
  let head = refOf(spec, { number: 0, hash: bytesToHex(header.hash()), header, transactions: [] })
  const derivation = createDerivation(spec, head)
  const verified: VerifiedBlock[] = []
  for (const l1Block of claim.l1Blocks) {
    derivation.feed(l1Block)
    for (let step = derivation.next(head); step.kind === 'block'; step = derivation.next(head)) {
      const block = await executeBlock(spec, deps, header, step.attributes, step.transactions)
      header = block.header
      head = refOf(spec, block)
      const { number, hash, transactions, inferences } = block
      verified.push({ number, hash, transactions: transactions.length, inferences: inferences.length })
    }
  }
  return verified
}

/** The ref of a block that was executed or is genesis. */
export function refOf(
  spec: ChainSpec,
  { number, hash, header, transactions }: Pick<ExecutedBlock, 'number' | 'hash' | 'header' | 'transactions'>,
): L2BlockRef {
  const parentHash = bytesToHex(header.parentHash)
  const timestamp = Number(header.timestamp)
  return l2BlockRef(spec, { number, hash, parentHash, timestamp, firstTransaction: transactions[0]?.raw })
}

function withOwnWrites(preimages: ContentReader) {
  const own = new Map<Hex, Uint8Array>()
  return {
    get: async (hash: Uint8Array) => own.get(bytesToHex(hash)) ?? preimages.get(hash),
    put: (hash: Uint8Array, bytes: Uint8Array) => {
      own.set(bytesToHex(hash), bytes)
    },
  }
}

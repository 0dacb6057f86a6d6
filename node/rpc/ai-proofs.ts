import { proveInAccumulator } from '../executor/accumulator.ts'
import { readLogCommitment } from '../executor/log-commitment.ts'
import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { type BlockClaims, createChainClaims } from '../prover/chain-claims.ts'
import { createLogPrefixes } from '../prover/log-prefixes.ts'
import { type ChainHeader, type ChainReader, requireHeader } from './chain-reader.ts'
import { type BlockId, blockId, safeQuantity } from './ethereum-codecs.ts'
import type { RpcObject } from './format-transaction.ts'
import { method, optional, type RpcMethod, required } from './method.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'

/** What proofs of inferences are made from. */
export interface AiProofDeps {
  readonly chain: ChainReader
  readonly content: ContentReader
}

const FINALIZED: BlockId = { kind: 'tag', tag: 'finalized' }

/** Proofs of past inferences for contracts on L1. */
export function aiProofMethods(deps: AiProofDeps): RpcMethod[] {
  return [
    method(
      'ai_getInferenceProof',
      {
        summary:
          "Proves a record of a block's inference log from a later block: arguments of InferenceRecordVerifier.requireRecord on L1.",
        params: [required('block', blockId), required('index', safeQuantity), optional('head', blockId, FINALIZED)],
      },
      async (block, index, head) => {
        const { chain } = deps
        return proofOf(deps, await requireHeader(chain, block), index, await requireHeader(chain, head))
      },
    ),
  ]
}

async function proofOf(deps: AiProofDeps, at: ChainHeader, index: number, head: ChainHeader): Promise<RpcObject> {
  if (head.number < at.number) throw notFound(`block ${at.number} is not below the head ${head.number} yet`)
  const block = await deps.chain.block(at.hash)
  const record = block?.inferences[index]
  if (block === undefined || record === undefined) throw notFound(`block ${at.number} has no inference ${index}`)
  const claims = createChainClaims({
    content: deps.content,
    getBlockByNumber: async (number) => deps.chain.block((number === at.number ? at : head).hash),
  })
  const { logRoot } = await readLogCommitment(deps.content, at.header)
  const headClaims = await claims.blockAt(head.number)
  return {
    record,
    location: {
      blockNumber: at.number,
      blockHash: at.hash,
      logRoot,
      blockSiblings: at.number === head.number ? [] : await blockSiblings(deps, headClaims, at.number),
      recordIndex: index,
      recordSiblings: createLogPrefixes(block.inferences).siblings(index),
    },
    head: formatHead(headClaims),
    headNumber: head.number,
    outputRoot: headClaims.outputRoot,
  }
}

async function blockSiblings({ content }: AiProofDeps, { log }: BlockClaims, number: number) {
  return (await proveInAccumulator(content, hexToBytes(log.accumulatorRoot), number)).map(bytesToHex)
}

function formatHead({ output, headerRlp, log }: BlockClaims): RpcObject {
  const { stateRoot, messagePasserStorageRoot } = output
  return { stateRoot, messagePasserStorageRoot, header: bytesToHex(headerRlp), ...log }
}

function notFound(message: string): RpcError {
  return new RpcError(RPC_CODES.resourceNotFound, message)
}

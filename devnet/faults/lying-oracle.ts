import { RLP } from '@ethereumjs/rlp'
import { asciiToBytes, bytesToHex, concatBytes, type Hex, hexToBytes } from '../../node/protocol/bytes.ts'
import { encodeLogCommitment, type LogRecord, logCommitmentHash } from '../../node/protocol/inference-log.ts'
import { keccak256 } from '../../node/protocol/keccak.ts'
import type { BlockClaims } from '../../node/prover/chain-claims.ts'
import type { GameOracle } from '../../node/prover/game-oracle.ts'
import { createLogPrefixes } from '../../node/prover/log-prefixes.ts'
import { outputRootOf } from '../../node/prover/output-root.ts'

/** What a liar's chain has wrong, from one block on. */
export interface ChainLie {
  /** The first block that is wrong. */
  readonly block: number
  readonly fault:
    | {
        readonly kind: 'output'
        /** Place of the false record in the block's log. */
        readonly record: number
        /** Whose output it states, and how it answers for it. */
        readonly traces: Pick<GameOracle, 'traceOf'>
      }
    | { readonly kind: 'missing-record'; readonly record: number }
    | { readonly kind: 'state' }
}

/** Places of a header's fields in its RLP. */
const STATE_ROOT_FIELD = 3
const EXTRA_DATA_FIELD = 12

/**
 * The claims of a liar: true up to one block, false from there on, and consistent, so that it has an answer to whatever an honest
 * player can ask: output roots, the block's header and log, the false record, its trace.
 */
export function createLyingOracle(truth: GameOracle, lie: ChainLie): GameOracle {
  const blockAt = async (number: number): Promise<BlockClaims> => {
    const block = await truth.blockAt(number)
    if (number < lie.block) return block
    return number === lie.block ? falsify(block, lie) : withState(block, falseHash(block.output.stateRoot))
  }
  return {
    blockAt,
    outputRootAt: async (number) =>
      number < lie.block ? truth.outputRootAt(number) : (await blockAt(number)).outputRoot,
    traceOf: (disputed) =>
      lie.fault.kind === 'output' && disputed.block === lie.block && disputed.index === lie.fault.record
        ? lie.fault.traces.traceOf(disputed)
        : truth.traceOf(disputed),
  }
}

async function falsify(block: BlockClaims, { fault }: ChainLie): Promise<BlockClaims> {
  if (fault.kind === 'state') return withState(block, falseHash(block.output.stateRoot))
  const records = [...block.records]
  if (fault.kind === 'missing-record') records.splice(fault.record, 1)
  else {
    const record = block.records[fault.record] as LogRecord
    const { outputRoot } = await fault.traces.traceOf({ block: block.number, index: fault.record, record })
    // Where its own trace is the true one, the liar has no better answer than a made-up output.
    records[fault.record] = {
      ...record,
      outputRoot: outputRoot === record.outputRoot ? falseHash(outputRoot) : outputRoot,
    }
  }
  return withRecords(block, records)
}

function withRecords(block: BlockClaims, records: readonly LogRecord[]): BlockClaims {
  const log = { ...block.log, logRoot: createLogPrefixes(records).prefixRoot(records.length), logCount: records.length }
  const headerRlp = replaceField(block.headerRlp, EXTRA_DATA_FIELD, logCommitmentHash(encodeLogCommitment(log)))
  return { ...withHeader(block, headerRlp), log, records }
}

function withState(block: BlockClaims, stateRoot: Hex): BlockClaims {
  const headerRlp = replaceField(block.headerRlp, STATE_ROOT_FIELD, hexToBytes(stateRoot))
  return withHeader({ ...block, output: { ...block.output, stateRoot } }, headerRlp)
}

function withHeader(block: BlockClaims, headerRlp: Uint8Array): BlockClaims {
  const output = { ...block.output, latestBlockhash: bytesToHex(keccak256(headerRlp)) }
  return { ...block, headerRlp, output, outputRoot: outputRootOf(output) }
}

function replaceField(headerRlp: Uint8Array, field: number, value: Uint8Array): Uint8Array {
  const fields = RLP.decode(headerRlp) as Uint8Array[]
  return RLP.encode(fields.map((old, i) => (i === field ? value : old)))
}

function falseHash(truth: Hex): Hex {
  return bytesToHex(keccak256(concatBytes(asciiToBytes('a lie instead of '), hexToBytes(truth))))
}

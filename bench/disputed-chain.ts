import { createBlockHeader } from '@ethereumjs/block'
import { RLP } from '@ethereumjs/rlp'
import { chainRules } from '../node/executor/chain-rules.ts'
import { asciiToBytes, bytesToHex, type Hex, hexToBytes } from '../node/protocol/bytes.ts'
import { encodeLogCommitment, type LogRecord } from '../node/protocol/inference-log.ts'
import { keccak256 } from '../node/protocol/keccak.ts'
import type { BlockClaims } from '../node/prover/chain-claims.ts'
import type { GameOracle, TraceClaims } from '../node/prover/game-oracle.ts'
import { createLogPrefixes } from '../node/prover/log-prefixes.ts'
import { outputRootOf } from '../node/prover/output-root.ts'
import { haltState } from '../node/prover/trace-state.ts'

/** L2 block of the anchor. */
export const ANCHOR_BLOCK = 1_000_000
/** Blocks of a proposal: an hour of them, two seconds each. */
export const PROPOSED_BLOCKS = 1_800
/** Inferences of the block in dispute, and the place of the false one. */
const LOG_RECORDS = 16
const FALSE_RECORD = 11
const FALSE_BLOCK = ANCHOR_BLOCK + 1_234

/** The inference that is disputed, without its outputs. */
export type Question = Omit<LogRecord, 'outputRoot'>

/** The two sides of a dispute about one inference in a made-up chain: all that they say differs from there on. */
export interface DisputedChain {
  readonly truth: GameOracle
  readonly lie: GameOracle
}

/**
 * Two oracles that agree on a chain up to one inference of one block. Only the hashes that games ask for are real: made-up headers with
 * real log commitments, and the trace.
 * @param trace of the inference, true. @param lieStep the step that the liar gets wrong.
 */
export function disputedChain(question: Question, trace: TraceClaims, lieStep: number): DisputedChain {
  const lie = falseTrace(trace, lieStep)
  return { truth: oracleOf(question, trace, false), lie: oracleOf(question, lie, true) }
}

/** States that are true up to a step and made up after it. A game sees no more than hashes, so that it costs the same as against a trace that is worked out. */
function falseTrace(trace: TraceClaims, lieStep: number): TraceClaims {
  const outputRoot = named('false output', trace.outputRoot)
  return {
    ...trace,
    outputRoot,
    async stateAt(t) {
      if (t === trace.steps) return bytesToHex(haltState(hexToBytes(outputRoot)))
      const state = await trace.stateAt(t)
      return t <= lieStep ? state : named('false state', state)
    },
  }
}

function oracleOf(question: Question, trace: TraceClaims, isFalse: boolean): GameOracle {
  const blocks = new Map<number, BlockClaims>()
  const blockAt = async (number: number): Promise<BlockClaims> => {
    const known = blocks.get(number) ?? claimsOf(number, question, trace.outputRoot, isFalse && number >= FALSE_BLOCK)
    blocks.set(number, known)
    return known
  }
  return {
    blockAt,
    outputRootAt: async (number) => (await blockAt(number)).outputRoot,
    traceOf: async () => trace,
  }
}

function claimsOf(number: number, question: Question, outputRoot: Hex, isFalse: boolean): BlockClaims {
  const records = number === FALSE_BLOCK ? recordsOf(question, outputRoot) : []
  const logRoot = createLogPrefixes(records).prefixRoot(records.length)
  const log = { logRoot, logCount: records.length, accumulatorRoot: named('accumulator', number) }
  const stateRoot = named(isFalse ? 'false state root' : 'state root', number)
  const header = createBlockHeader(
    {
      number,
      stateRoot: hexToBytes(stateRoot),
      parentHash: hexToBytes(named('parent', number)),
      transactionsTrie: hexToBytes(named('transactions', number)),
      receiptTrie: hexToBytes(named('receipts', number)),
      logsBloom: new Uint8Array(256).fill(0x5a),
      timestamp: 1_800_000_000 + 2 * number,
      gasLimit: 60_000_000,
      gasUsed: 31_234_567,
      baseFeePerGas: 1_000_000,
      mixHash: hexToBytes(named('randao', number)),
      extraData: keccak256(encodeLogCommitment(log)),
    },
    { common: chainRules(1) },
  )
  const headerRlp = RLP.encode(header.raw())
  const output = {
    stateRoot,
    messagePasserStorageRoot: named('messages', number),
    latestBlockhash: bytesToHex(keccak256(headerRlp)),
  }
  return { number, outputRoot: outputRootOf(output), output, headerRlp, log, records }
}

function recordsOf(question: Question, outputRoot: Hex): LogRecord[] {
  return Array.from({ length: LOG_RECORDS }, (_, i) =>
    i === FALSE_RECORD
      ? { ...question, outputRoot }
      : { modelId: named('model', i), inputRoot: named('input', i), outputRoot: named('output', i) },
  )
}

function named(...words: readonly (string | number)[]): Hex {
  return bytesToHex(keccak256(asciiToBytes(words.join('/'))))
}

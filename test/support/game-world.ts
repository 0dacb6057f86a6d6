import { asciiToBytes, bytesToHex, concatBytes, type Hex, hexToBytes, uintToBytes } from '../../node/protocol/bytes.ts'
import { encodeLogCommitment, type LogRecord } from '../../node/protocol/inference-log.ts'
import { keccak256 } from '../../node/protocol/keccak.ts'
import type { BlockClaims } from '../../node/prover/chain-claims.ts'
import type { GameOracle, TraceClaims } from '../../node/prover/game-oracle.ts'
import { createLogPrefixes } from '../../node/prover/log-prefixes.ts'
import { outputRootOf } from '../../node/prover/output-root.ts'
import { type ModelVerifier, RuleBroken } from './game-model.ts'

/** A made-up chain whose blocks list inferences, each with a trace. Its first block is the anchor. */
export interface WorldSize {
  readonly blocks: number
  readonly records: number
  readonly steps: number
}

/** Where a liar departs from the truth: it is consistent from there on. */
export interface Lie {
  readonly block: number
  /** The record whose answer it falsifies, by its first false step; or what it does to the list of records, or to the state. */
  readonly fault:
    | { readonly kind: 'output'; readonly record: number; readonly step: number }
    | { readonly kind: 'missing-record'; readonly record: number }
    | { readonly kind: 'extra-record'; readonly record: number }
    | { readonly kind: 'state' }
}

const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`

/** A hash named by words. */
export function named(...words: readonly (string | number)[]): Hex {
  return bytesToHex(keccak256(asciiToBytes(words.join('/'))))
}

function halt(outputRoot: Hex): Hex {
  return named('halt', outputRoot)
}

/** The verifier of the made-up traces: a step hashes the state before it, and the last one halts in the true output. */
export function worldVerifier({ steps }: WorldSize, block: number, record: number): ModelVerifier {
  const states = statesOf(steps, block, record)
  return {
    steps,
    startState: states[0] as Hex,
    haltState: halt,
    step: (pre, t, witness) => {
      if (bytesToHex(keccak256(witness)) !== pre) throw new RuleBroken('the witness does not open the state')
      if (t + 1 < steps) return nextState(pre, t)
      return pre === states[t] ? (states[steps] as Hex) : halt(named('output of', pre))
    },
  }
}

/** The preimage of a state; the witness of the step after it. */
function preimageOf(pre: Hex, t: number): Uint8Array {
  return concatBytes(hexToBytes(pre), uintToBytes(t, 8))
}

function nextState(pre: Hex, t: number): Hex {
  return bytesToHex(keccak256(preimageOf(pre, t)))
}

const START_PREIMAGE = (block: number, record: number) => asciiToBytes(`start/${block}/${record}`)

const knownStates = new Map<string, Hex[]>()

/** True states 0 … steps of one trace. */
function statesOf(steps: number, block: number, record: number): Hex[] {
  const key = `${steps}/${block}/${record}`
  const known = knownStates.get(key) ?? computeStates(steps, block, record)
  knownStates.set(key, known)
  return known
}

function computeStates(steps: number, block: number, record: number): Hex[] {
  const states = [bytesToHex(keccak256(START_PREIMAGE(block, record)))]
  for (let t = 0; t + 1 < steps; t++) states.push(nextState(states[t] as Hex, t))
  states.push(halt(trueRecord(block, record).outputRoot))
  return states
}

function trueRecord(block: number, record: number): LogRecord {
  return {
    modelId: named('model'),
    inputRoot: named('input', block, record),
    outputRoot: named('output', block, record),
  }
}

function recordsOf({ records }: WorldSize, block: number, lie?: Lie): LogRecord[] {
  const list = Array.from({ length: records }, (_, record) => trueRecord(block, record))
  if (lie?.block !== block || lie.fault.kind === 'state') return list
  const { kind, record } = lie.fault
  if (kind === 'missing-record') list.splice(record, 1)
  if (kind === 'extra-record') list.splice(record, 0, { ...trueRecord(block, record), inputRoot: named('invented') })
  if (kind === 'output') list[record] = { ...trueRecord(block, record), outputRoot: named('false output') }
  return list
}

function claimsOf(size: WorldSize, number: number, lie?: Lie): BlockClaims {
  const records = recordsOf(size, number, lie)
  const log = {
    logRoot: createLogPrefixes(records).prefixRoot(records.length),
    logCount: records.length,
    accumulatorRoot: ZERO_HASH,
  }
  const isFalse = lie !== undefined && number >= lie.block
  const headerRlp = concatBytes(
    keccak256(encodeLogCommitment(log)),
    asciiToBytes(`block ${number}${isFalse ? ` ${JSON.stringify(lie)}` : ''}`),
  )
  const output = {
    stateRoot: named('state', number, isFalse ? 'false' : 'true'),
    messagePasserStorageRoot: ZERO_HASH,
    latestBlockhash: bytesToHex(keccak256(headerRlp)),
  }
  return { number, outputRoot: outputRootOf(output), output, headerRlp, log, records }
}

/** What a player of the made-up world holds true; with a lie, falsely but consistently. */
export function worldOracle(size: WorldSize, lie?: Lie): GameOracle {
  const blocks = new Map<number, BlockClaims>()
  const blockAt = async (number: number) => {
    const known = blocks.get(number) ?? claimsOf(size, number, lie)
    blocks.set(number, known)
    return known
  }
  return {
    blockAt,
    outputRootAt: async (number) => (await blockAt(number)).outputRoot,
    traceOf: async ({ block, index }) => traceOf(size, block, index, lie),
  }
}

function traceOf({ steps }: WorldSize, block: number, index: number, lie?: Lie): TraceClaims {
  const truth = statesOf(steps, block, index)
  const isFalse = lie?.block === block && lie.fault.kind === 'output' && lie.fault.record === index
  const firstFalse = isFalse && lie.fault.kind === 'output' ? lie.fault.step + 1 : steps + 1
  const outputRoot = isFalse ? named('false output') : trueRecord(block, index).outputRoot
  const stateAt = (t: number): Hex => {
    if (t === steps) return halt(outputRoot)
    return t < firstFalse ? (truth[t] as Hex) : named('false state', block, index, t)
  }
  return {
    steps,
    outputRoot,
    stateAt: async (t) => stateAt(t),
    witnessAt: async (t) => (t === 0 ? START_PREIMAGE(block, index) : preimageOf(truth[t - 1] as Hex, t - 1)),
    opening: async () => ({ manifest: new Uint8Array(), inputTensorRoots: [], siblings: [] }),
  }
}

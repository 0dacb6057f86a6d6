import { encodeGraph } from '../node/exact/graph-codec.ts'
import { buildModel } from '../node/exact/model.ts'
import { loadWasmKeccak } from '../node/hashing/wasm-keccak.ts'
import { bytesToHex } from '../node/protocol/bytes.ts'
import { InvalidError } from '../node/protocol/errors.ts'
import { inputRoot } from '../node/protocol/inference-roots.ts'
import type { Hashing } from '../node/protocol/keccak.ts'
import { encodeManifest } from '../node/protocol/model-manifest-codec.ts'
import type { TraceClaims } from '../node/prover/game-oracle.ts'
import { startSiblings } from '../node/prover/start-witness.ts'
import type { TraceProvider } from '../node/prover/trace-provider.ts'
import { BENCH_MODELS, type BenchModel } from './bench-models.ts'
import { type DisputeCost, type DisputeTransaction, disputeGas } from './dispute-gas.ts'
import { heaviestStep, measureTrace, type TraceCost } from './trace-cost.ts'

/** What disputes about a model's inferences cost. Gas at the EIP-7623 floor; `at64` the same at 64 gas a byte of call data. */
export interface DisputeFigures extends TraceCost {
  readonly name: string
  /** Transactions of the inference leg: opening, moves, proof. */
  readonly txs: number
  /** Gas of the inference leg. */
  readonly gasInference: number
  /** Gas of the rungs above it: output roots, block, log. */
  readonly gasLadder: number
  readonly gasTotal: number
  /** Gas of each move of the inference leg between opening and proof. */
  readonly gasPerMove: readonly number[]
  readonly openGas: number
  readonly stepGas: number
  readonly at64: { readonly gasInference: number; readonly gasLadder: number; readonly gasTotal: number }
  /** Time in which the mover found each transaction of the inference leg, in milliseconds. */
  readonly moveMs: readonly number[]
  readonly transactions: readonly DisputeTransaction[]
  /** Ether that a proposer needs for so many games at once, at the bonds of the bench. */
  readonly capital: readonly { readonly games: number; readonly ether: number }[]
}

/** Transactions of the inference leg are made on these stages. */
const INFERENCE_RUNGS: ReadonlySet<string> = new Set(['open-inference', 'inference'])

/**
 * Measures disputes about one inference of each model named (default: all), smallest first.
 * @param report told of each model before it is measured. @throws InvalidError `BenchModelUnknown`.
 */
export async function benchDisputes(
  report: (line: string) => void,
  names?: readonly string[],
): Promise<DisputeFigures[]> {
  const known = BENCH_MODELS.map(({ name }) => name)
  for (const name of names ?? []) {
    if (!known.includes(name)) throw new InvalidError('BenchModelUnknown', `no model "${name}": ${known.join(', ')}`)
  }
  const hashing = await loadWasmKeccak()
  const figures: DisputeFigures[] = []
  for (const model of BENCH_MODELS.filter(({ name }) => names === undefined || names.includes(name))) {
    report(`measuring ${model.name}`)
    figures.push(await measureModel(model, hashing))
  }
  return figures
}

async function measureModel({ name, graph }: BenchModel, hashing: Hashing): Promise<DisputeFigures> {
  const model = buildModel(encodeGraph(await graph()), hashing.hash)
  const { manifest } = model
  const { cost, inputs, provider, close } = await measureTrace(model, hashing)
  const question = {
    modelId: manifest.modelId,
    inputRoot: bytesToHex(inputRoot(manifest.inputs, inputs, hashing.hash)),
  }
  const trace = await claimsOf(provider, encodeManifest(manifest), manifest.inputs.length)
  const dispute = await disputeGas(question, trace, heaviestStep(model))
  await close()
  return { name, ...cost, ...gasFigures(dispute) }
}

async function claimsOf(provider: TraceProvider, manifest: Uint8Array, inputCount: number): Promise<TraceClaims> {
  return {
    steps: provider.steps,
    outputRoot: bytesToHex(await provider.outputRoot()),
    stateAt: async (t) => bytesToHex(await provider.stateAt(t)),
    witnessAt: (t) => provider.witnessAt(t),
    opening: async () => ({
      manifest,
      inputTensorRoots: provider.inputTensorRoots.map(bytesToHex),
      siblings: startSiblings(provider.startValues, inputCount).map(bytesToHex),
    }),
  }
}

function gasFigures({ transactions, capitalWei }: DisputeCost) {
  const inference = transactions.filter(({ rung }) => INFERENCE_RUNGS.has(rung))
  const ladder = transactions.filter(({ rung }) => !INFERENCE_RUNGS.has(rung))
  const ofKind = (kind: string) => inference.filter((transaction) => transaction.kind === kind)
  const sums = (price: 'floor' | 'at64') => {
    const sum = (some: readonly DisputeTransaction[]) => some.reduce((total, { gas }) => total + gas[price], 0)
    return { gasInference: sum(inference), gasLadder: sum(ladder), gasTotal: sum(transactions) }
  }
  return {
    txs: inference.length,
    ...sums('floor'),
    gasPerMove: ofKind('dissect').map(({ gas }) => gas.floor),
    openGas: ofKind('open-inference')[0]?.gas.floor ?? 0,
    stepGas: ofKind('prove')[0]?.gas.floor ?? 0,
    at64: sums('at64'),
    moveMs: inference.map(({ thinkMs }) => thinkMs),
    transactions,
    capital: capitalWei.map(({ games, wei }) => ({ games, ether: Number(wei) / 1e18 })),
  }
}

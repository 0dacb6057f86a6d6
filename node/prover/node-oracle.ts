import type { ValueId } from '../exact/graph.ts'
import { buildModel, type Model } from '../exact/model.ts'
import { requireContent } from '../executor/content-overlay.ts'
import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { type BlockHasher, blockHasher, type Hasher, keccak256 } from '../protocol/keccak.ts'
import type { Infer, ModelManifest } from '../protocol/model-manifest.ts'
import { createChainClaims } from './chain-claims.ts'
import type { GameOracle, TraceClaims } from './game-oracle.ts'
import type { DisputedInference } from './game-stage.ts'
import { findInference } from './replay-block.ts'
import { startSiblings } from './start-witness.ts'
import { type RunValues, tracedValues } from './stored-values.ts'
import { createTraceProvider, type TraceProvider, type TraceProviderOptions } from './trace-provider.ts'
import { hashConstants, type Pause } from './value-trees.ts'

/** What a node's claims are made from. */
export interface OracleParts {
  readonly spec: ChainSpec
  readonly content: ContentReader
  getBlockByNumber(number: number): Promise<ExecutedBlock | undefined>
  readonly infer: Infer
  /** Runs a model natively for the values that its traces store. */
  valueRunner(manifest: ModelManifest, values: readonly ValueId[]): RunValues
  /** Default: in plain ECMAScript. */
  readonly hashing?: { readonly hash: Hasher; readonly hashBlocks: BlockHasher }
  /** Lets other work of the process have its turn while much is hashed. Default: never. */
  readonly pause?: Pause
  /** Makes the trace of an inference; for fault injection. Default: the true one. */
  readonly openTrace?: (options: TraceProviderOptions) => TraceProvider
}

/** Traces kept, with their values: those of the games going on. */
const MAX_TRACES = 4
const MAX_MODELS = 8

/** A model, and what all its traces share. */
interface KnownModel {
  readonly model: Model
  readonly constantRoots: readonly Uint8Array[]
}

/**
 * What a node knows, from its own chain. Blocks are executed again to find the input of a disputed inference, since logs hold roots only.
 * Memory: at most {@link MAX_TRACES} traces (see `TraceOptions.cacheBytes`).
 */
export function createNodeOracle(parts: OracleParts): GameOracle {
  const hashing = parts.hashing ?? { hash: keccak256, hashBlocks: blockHasher(keccak256) }
  const pause = parts.pause ?? (async () => {})
  const models = createRecent<KnownModel>(MAX_MODELS)
  const traces = createRecent<TraceClaims>(MAX_TRACES)
  const modelOf = (manifest: ModelManifest) =>
    models.get(manifest.modelId, async () => {
      const graph = await requireContent(parts.content, hexToBytes(manifest.graphHash), 'model graph')
      const model = buildModel(graph, hashing.hash)
      return { model, constantRoots: await hashConstants(model.program, hashing, pause) }
    })
  const openTrace = async (disputed: DisputedInference): Promise<TraceClaims> => {
    const { manifest, input } = await inferenceOf(parts, disputed)
    const { model, constantRoots } = await modelOf(manifest)
    const runValues = parts.valueRunner(manifest, tracedValues(model))
    const open = parts.openTrace ?? createTraceProvider
    const provider = open({ model, inputs: input, runValues, constantRoots, pause, ...hashing })
    return claimsOf(parts.content, model, provider, hashing.hash)
  }
  return {
    ...createChainClaims(parts),
    traceOf: (disputed) => {
      const { modelId, inputRoot } = disputed.record
      return traces.get(`${disputed.block}/${modelId}/${inputRoot}`, () => openTrace(disputed))
    },
  }
}

async function inferenceOf(parts: OracleParts, { block: number, record }: DisputedInference) {
  const block = await requireBlock(parts, number)
  const { header: parent } = await requireBlock(parts, number - 1)
  const { spec, content, infer } = parts
  return findInference({ spec, content, infer, parent, block }, record)
}

async function requireBlock(parts: OracleParts, number: number): Promise<ExecutedBlock> {
  const block = await parts.getBlockByNumber(number)
  if (block !== undefined) return block
  throw new UnavailableError('BlockUnavailable', `L2 block ${number} is not derived yet`, { meta: { number } })
}

async function claimsOf(
  content: ContentReader,
  { manifest, program }: Model,
  provider: TraceProvider,
  hash: Hasher,
): Promise<TraceClaims> {
  return {
    steps: provider.steps,
    outputRoot: bytesToHex(await provider.outputRoot()),
    stateAt: async (t) => bytesToHex(await provider.stateAt(t)),
    witnessAt: (t) => provider.witnessAt(t),
    opening: async () => ({
      manifest: await requireContent(content, hexToBytes(manifest.modelId), 'model manifest'),
      inputTensorRoots: provider.inputTensorRoots.map(bytesToHex),
      siblings: startSiblings(provider.startValues, program.inputCount, hash).map(bytesToHex),
    }),
  }
}

/** Remembers the outcome of the last few questions; a failed one is asked again. */
function createRecent<T>(limit: number): { get(key: Hex | string, make: () => Promise<T>): Promise<T> } {
  const known = new Map<string, Promise<T>>()
  return {
    get(key, make) {
      const found = known.get(key)
      const value = found ?? make()
      known.delete(key)
      known.set(key, value)
      if (found === undefined) value.catch(() => known.delete(key))
      const [oldest] = known.keys()
      if (known.size > limit && oldest !== undefined) known.delete(oldest)
      return value
    },
  }
}

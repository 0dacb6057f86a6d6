import type { BlockHeader } from '@ethereumjs/block'
import { firstUseGas, inferenceGas, scanGas } from '../executor/gas-schedule.ts'
import { readLogCommitment } from '../executor/log-commitment.ts'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { INFERENCE_PRECOMPILE } from '../protocol/constants.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { inputSizeBytes, outputSizeBytes, specLanes } from '../protocol/inference-roots.ts'
import type { ModelManifest, TensorSpec } from '../protocol/model-manifest.ts'
import { decodeTensor } from '../protocol/tensor-encoding.ts'
import { returnDataOf } from './call-failure.ts'
import { type ChainReader, findBlock, requireHeader } from './chain-reader.ts'
import { blockId, data, hash32, LATEST, safeQuantity } from './ethereum-codecs.ts'
import type { RpcObject } from './format-transaction.ts'
import { method, optional, type RpcMethod, required } from './method.ts'
import type { ModelRecord, Models } from './models.ts'
import { toQuantity } from './quantity.ts'
import { RPC_CODES, RpcError } from './rpc-error.ts'
import type { Simulator } from './simulator.ts'

/** Models of one `ai_listModels` answer. */
const DEFAULT_LISTED = 100
const MAX_LISTED = 1_000
/** Outputs of more lanes are answered as bytes alone. */
const MAX_DECODED_LANES = 65_536
/** More than any call gets: the simulator's cap applies. */
const ALL_GAS = 2n ** 63n

/** What the AI methods use. */
export interface AiDeps {
  readonly chain: ChainReader
  readonly content: ContentReader
  readonly models: Models
  readonly simulator: Simulator
}

/** Models, inferences outside of transactions, and the inference log of blocks. */
export function aiMethods(deps: AiDeps): RpcMethod[] {
  const { chain, models } = deps
  const modelId = required('modelId', hash32)
  const at = optional('block', blockId, LATEST)
  return [
    method(
      'ai_listModels',
      {
        summary: 'Active models in order of activation.',
        params: [optional('start', safeQuantity, 0), optional('count', safeQuantity, DEFAULT_LISTED)],
      },
      async (start, count) => {
        const { header } = await requireHeader(chain, LATEST)
        const ids = await models.ids(header, start, Math.min(count, MAX_LISTED))
        const listed = []
        for (const id of ids) listed.push(await describeModel(deps, header, id))
        return { total: await models.count(header), models: listed.filter((entry) => entry !== null) }
      },
    ),
    method(
      'ai_getModel',
      { summary: 'An active model: owner, inputs, outputs, cost; null where there is none.', params: [modelId, at] },
      async (id, block) => describeModel(deps, (await requireHeader(chain, block)).header, id),
    ),
    method(
      'ai_infer',
      {
        summary: 'Runs a model outside of a transaction: outputs, and what it would cost inside one.',
        params: [modelId, required('input', data), at],
      },
      async (id, input, block) => infer(deps, (await requireHeader(chain, block)).header, id, input),
    ),
    method(
      'ai_getInferences',
      { summary: "A block's inference log with its commitment; null where there is no block.", params: [at] },
      (block) => inferencesOf(deps, block),
    ),
  ]
}

async function describeModel({ models }: AiDeps, header: BlockHeader, modelId: Hex): Promise<RpcObject | null> {
  const record = await models.record(header, modelId)
  return record === undefined ? null : formatModel(record, await models.manifest(modelId))
}

function formatModel(record: ModelRecord, manifest: ModelManifest): RpcObject {
  const inputBytes = inputSizeBytes(manifest)
  return {
    ...record,
    profile: manifest.profile,
    programRoot: manifest.programRoot,
    constantsRoot: manifest.constantsRoot,
    inputs: manifest.inputs,
    outputs: manifest.outputs,
    inputBytes,
    outputBytes: outputSizeBytes(manifest),
    counters: manifest.counters,
    inferenceGas: toQuantity(scanGas(inputBytes) + inferenceGas(manifest.counters)),
    firstUseGas: toQuantity(firstUseGas(manifest.counters)),
  }
}

async function infer(deps: AiDeps, header: BlockHeader, modelId: Hex, input: Hex): Promise<RpcObject> {
  const { models, simulator } = deps
  if ((await models.record(header, modelId)) === undefined) {
    throw new RpcError(RPC_CODES.resourceNotFound, `no active model ${modelId}`)
  }
  const manifest = await models.manifest(modelId)
  const payload = concatBytes(hexToBytes(modelId), hexToBytes(input))
  const result = await simulator.call(header, { to: INFERENCE_PRECOMPILE, data: payload, gas: ALL_GAS })
  const output = returnDataOf(result)
  const gas = scanGas((input.length - 2) / 2) + firstUseGas(manifest.counters) + inferenceGas(manifest.counters)
  return {
    modelId,
    output: bytesToHex(output),
    outputs: decodeOutputs(manifest.outputs, output),
    inputRoot: result.inferences[0]?.inputRoot,
    outputRoot: result.inferences[0]?.outputRoot,
    gas: toQuantity(gas),
    transactionGas: toQuantity(result.gasUsed),
    cost: toQuantity(result.gasUsed * header.calcNextBaseFee()),
  }
}

/** Output tensors as numbers; null when there are too many. */
function decodeOutputs(specs: readonly TensorSpec[], output: Uint8Array): readonly RpcObject[] | null {
  if (specs.reduce((sum, spec) => sum + specLanes(spec), 0) > MAX_DECODED_LANES) return null
  let at = 0
  return specs.map((spec) => {
    const lanes = specLanes(spec)
    const bytes = output.subarray(at, at + lanes * spec.laneBytes)
    at += bytes.length
    return { shape: spec.shape, values: [...decodeTensor(bytes, spec.laneBytes, lanes)] }
  })
}

async function inferencesOf(
  { chain, content }: AiDeps,
  id: Parameters<typeof findBlock>[1],
): Promise<RpcObject | null> {
  const block = await findBlock(chain, id)
  if (block === undefined) return null
  const { logRoot, logCount, accumulatorRoot } = await readLogCommitment(content, block.header)
  return {
    blockNumber: toQuantity(block.number),
    blockHash: block.hash,
    commitment: bytesToHex(block.header.extraData),
    logRoot,
    logCount,
    accumulatorRoot,
    inferences: block.inferences,
  }
}

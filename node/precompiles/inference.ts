import type { ExecResult } from '@ethereumjs/evm'
import { bytesToHex } from '../protocol/bytes.ts'
import { BugError, UnavailableError } from '../protocol/errors.ts'
import { inputRoot, inputSizeBytes, outputRoot, outputSizeBytes } from '../protocol/inference-roots.ts'
import type { ModelManifest } from '../protocol/model-manifest.ts'
import { decodeManifest } from '../protocol/model-manifest-codec.ts'
import { abiBigUint, abiUint } from './abi-words.ts'
import { findLaneOutOfRange } from './lane-range.ts'
import { isModelActive } from './model-activity.ts'
import type { PrecompileHost } from './precompile-host.ts'
import { customError, outOfGas, reverted, succeeded } from './precompile-result.ts'

/**
 * The inference precompile: `modelId (32) ‖ canonical inputs` → canonical outputs. In this order: length ≥ 32, value = 0, model
 * active, input length, full gas (short: all is used, nothing logged), lane ranges, block limit, run, log.
 * A call that fails a check reverts with a custom error and keeps the gas of dispatch, or of dispatch and scan.
 * Allowed in static context: the log is no state of the EVM.
 * @throws UnavailableError when this node cannot read the model or run it: the block must be given up, for it is no verdict.
 */
export async function runInference(host: PrecompileHost, data: Uint8Array, gasLimit: bigint): Promise<ExecResult> {
  const dispatchGas = host.prices.scanGas(0)
  if (gasLimit < dispatchGas) return outOfGas(gasLimit)
  if (data.length < 32) return reverted(dispatchGas, inputLength(32, data.length))
  const { value } = host.currentCall()
  if (value !== 0n) return reverted(dispatchGas, customError('ValueNotZero(uint256)', abiBigUint(value)))
  const modelId = data.subarray(0, 32)
  if (!(await isModelActive(host, modelId))) {
    return reverted(dispatchGas, customError('ModelNotActive(bytes32)', modelId))
  }
  const manifest = await readManifest(host, modelId)
  const input = data.subarray(32)
  const expectedBytes = inputSizeBytes(manifest)
  if (input.length !== expectedBytes) return reverted(dispatchGas, inputLength(expectedBytes, input.length))
  return runActiveModel(host, manifest, input, gasLimit)
}

async function runActiveModel(
  host: PrecompileHost,
  manifest: ModelManifest,
  input: Uint8Array,
  gasLimit: bigint,
): Promise<ExecResult> {
  const { prices, ledger } = host
  const scanGas = prices.scanGas(input.length)
  const firstUseGas = ledger.hasUsed(manifest.modelId) ? 0n : prices.firstUseGas(manifest.counters)
  const fullGas = scanGas + firstUseGas + prices.inferenceGas(manifest.counters)
  if (gasLimit < fullGas) return outOfGas(gasLimit)
  const wrongLane = findLaneOutOfRange(manifest.inputs, input)
  if (wrongLane !== undefined) {
    return reverted(scanGas, customError('InputOutOfRange(uint256)', abiUint(wrongLane)))
  }
  if (!ledger.reserve(manifest.modelId, fullGas)) return outOfGas(gasLimit)
  const output = await infer(host, manifest, input)
  ledger.record({
    modelId: manifest.modelId,
    inputRoot: bytesToHex(inputRoot(manifest.inputs, input, host.hash)),
    outputRoot: bytesToHex(outputRoot(manifest.outputs, output, host.hash)),
  })
  return succeeded(fullGas, output)
}

async function infer(host: PrecompileHost, manifest: ModelManifest, input: Uint8Array): Promise<Uint8Array> {
  const output = await host.infer(manifest, Uint8Array.from(input))
  const expectedBytes = outputSizeBytes(manifest)
  if (output.length !== expectedBytes) {
    throw new BugError(`inference of ${manifest.modelId} gave ${output.length} bytes, not ${expectedBytes}`)
  }
  return output
}

/** Cost: one content read and a strict decode of about 1 KB, once a block. @throws UnavailableError `ModelMissing`. */
async function readManifest(host: PrecompileHost, modelId: Uint8Array): Promise<ModelManifest> {
  const id = bytesToHex(modelId)
  const known = host.manifests.get(id)
  if (known !== undefined) return known
  const bytes = await host.content.get(modelId)
  if (bytes === undefined) {
    throw new UnavailableError('ModelMissing', `model ${id} is active but its manifest is not in the content store`, {
      meta: { modelId: id },
    })
  }
  const manifest = decodeManifest(bytes)
  host.manifests.set(id, manifest)
  return manifest
}

function inputLength(expected: number, got: number): Uint8Array {
  return customError('InputLength(uint256,uint256)', abiUint(expected), abiUint(got))
}

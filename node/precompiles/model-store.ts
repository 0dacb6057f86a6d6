import type { ExecResult } from '@ethereumjs/evm'
import { type Admit, buildModel } from '../exact/model.ts'
import { asciiToBytes, bytesEqual, bytesToHex, concatBytes, hexToBytes } from '../protocol/bytes.ts'
import { MAX_MODEL_CHUNK_BYTES, MAX_MODEL_GRAPH_BYTES, MODEL_REGISTRY } from '../protocol/constants.ts'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import type { ModelManifest } from '../protocol/model-manifest.ts'
import { encodeManifest } from '../protocol/model-manifest-codec.ts'
import { AbiReader, abiAddress, abiBytesTail, abiUint } from './abi-words.ts'
import type { PrecompileHost } from './precompile-host.ts'
import { customError, outOfGas, reverted, succeeded } from './precompile-result.ts'

/** Most bytes of a reason in `ModelInvalid(string)`. */
const MAX_REASON_BYTES = 256
/** Code of the error that stops an activation whose gas does not cover the check. */
const WORK_NOT_PAID = 'ActivationGas'

const STORE_CHUNK = selector('storeChunk(bytes)')
const ACTIVATE = selector('activate(bytes32,bytes32[],uint256)')

/**
 * The model store precompile: keeps model bytes by content hash, outside the EVM state. Only the ModelRegistry may call it,
 * with CALL, no value, outside static context; it then records in the state what was stored, so that what a later call may
 * refer to is decided by the state and never by what one node happens to hold.
 * @throws UnavailableError when a chunk that the registry recorded is not in this node's store.
 */
export async function runModelStore(host: PrecompileHost, data: Uint8Array, gasLimit: bigint): Promise<ExecResult> {
  const baseGas = host.prices.storeChunkGas(0)
  if (gasLimit < baseGas) return outOfGas(gasLimit)
  const { caller, value, isStatic, isDirect } = host.currentCall()
  if (caller !== MODEL_REGISTRY || value !== 0n || isStatic || !isDirect) {
    return reverted(baseGas, customError('ModelStoreCall(address)', abiAddress(hexToBytes(caller))))
  }
  const args = new AbiReader(data.subarray(4))
  if (bytesEqual(data.subarray(0, 4), STORE_CHUNK)) return storeChunk(host, args, gasLimit)
  if (bytesEqual(data.subarray(0, 4), ACTIVATE)) return activate(host, args, gasLimit)
  return reverted(baseGas, new Uint8Array(0))
}

function storeChunk(host: PrecompileHost, args: AbiReader, gasLimit: bigint): ExecResult {
  const chunk = args.bytes(0)
  if (chunk === undefined || chunk.length > MAX_MODEL_CHUNK_BYTES) {
    return reverted(host.prices.storeChunkGas(0), modelInvalid(`a chunk is at most ${MAX_MODEL_CHUNK_BYTES} bytes`))
  }
  const gas = host.prices.storeChunkGas(chunk.length)
  if (gasLimit < gas) return outOfGas(gasLimit)
  const hash = host.hash(chunk)
  host.content.put(hash, Uint8Array.from(chunk))
  return succeeded(gas, hash)
}

async function activate(host: PrecompileHost, args: AbiReader, gasLimit: bigint): Promise<ExecResult> {
  const modelId = args.word(0)
  const chunkHashes = args.words(1)
  const graphBytes = args.uint(2)
  const baseGas = host.prices.storeChunkGas(0)
  if (
    modelId === undefined ||
    chunkHashes === undefined ||
    graphBytes === undefined ||
    graphBytes > MAX_MODEL_GRAPH_BYTES
  ) {
    return reverted(baseGas, modelInvalid(`malformed call, or a graph above ${MAX_MODEL_GRAPH_BYTES} bytes`))
  }
  const gas = host.prices.activationGas(graphBytes)
  if (gasLimit < gas) return outOfGas(gasLimit)
  const missing = chunkHashes.find(isZero)
  if (missing !== undefined) return reverted(gas, customError('ChunkMissing(bytes32)', missing))
  const graph = await joinChunks(host, chunkHashes, graphBytes)
  if (graph === undefined) return reverted(gas, modelInvalid(`the chunks do not add up to ${graphBytes} bytes`))
  return activateGraph(host, modelId, graph, gas, gasLimit)
}

/**
 * Checks and commits the model. The check is paid as soon as decoding has told how much work it is, and before it is done; the self-test
 * that nodes do later, once the counters tell.
 */
function activateGraph(
  host: PrecompileHost,
  modelId: Uint8Array,
  graph: Uint8Array,
  gasSoFar: bigint,
  gasLimit: bigint,
): ExecResult {
  let gas = gasSoFar
  const manifest = checkModel(graph, host.hash, (work) => {
    gas += host.prices.activationWorkGas(work)
    if (gasLimit < gas) throw new InvalidError(WORK_NOT_PAID, `the check takes ${gas} gas, of ${gasLimit}`)
  })
  if (manifest instanceof InvalidError) {
    return manifest.code === WORK_NOT_PAID ? outOfGas(gasLimit) : reverted(gas, modelInvalid(manifest.message))
  }
  const manifestBytes = encodeManifest(manifest)
  const got = keccak256(manifestBytes)
  if (!bytesEqual(got, modelId)) {
    return reverted(gas, customError('ModelMismatch(bytes32,bytes32)', modelId, got))
  }
  gas += host.prices.selfTestGas(manifest.counters)
  if (gasLimit < gas) return outOfGas(gasLimit)
  const graphHash = hexToBytes(manifest.graphHash)
  host.content.put(graphHash, graph)
  host.content.put(got, manifestBytes)
  return succeeded(gas, concatBytes(graphHash, abiUint(64), abiBytesTail(manifestBytes)))
}

function checkModel(graph: Uint8Array, hash: Hasher, admit: Admit): ModelManifest | InvalidError {
  try {
    return buildModel(graph, hash, admit).manifest
  } catch (error) {
    if (error instanceof InvalidError) return error
    throw error
  }
}

/** The joined chunks, or undefined when their sizes do not sum up to `graphBytes`. Cost: one content read a chunk, while they fit. */
async function joinChunks(
  host: PrecompileHost,
  hashes: readonly Uint8Array[],
  graphBytes: number,
): Promise<Uint8Array | undefined> {
  const graph = new Uint8Array(graphBytes)
  let at = 0
  for (const hash of hashes) {
    const chunk = await host.content.get(hash)
    if (chunk === undefined) {
      const key = bytesToHex(hash)
      throw new UnavailableError('ContentMissing', `model chunk ${key} is not in the content store`, {
        meta: { hash: key },
      })
    }
    if (at + chunk.length > graphBytes) return undefined
    graph.set(chunk, at)
    at += chunk.length
  }
  return at === graphBytes ? graph : undefined
}

function isZero(word: Uint8Array): boolean {
  return word.every((byte) => byte === 0)
}

/** Printable ASCII only, and bounded: the text becomes return data of the chain. */
function modelInvalid(reason: string): Uint8Array {
  const ascii = reason.replace(/[^ -~]/g, '?').slice(0, MAX_REASON_BYTES)
  return customError('ModelInvalid(string)', abiUint(32), abiBytesTail(asciiToBytes(ascii)))
}

function selector(signature: string): Uint8Array {
  return customError(signature)
}

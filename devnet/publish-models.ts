import { encodeFunctionData, keccak256 } from 'viem'
import { modelRegistryAbi } from '../contracts/generated/model-registry.ts'
import { activationGas, activationWorkGas, selfTestGas, storeChunkGas } from '../node/executor/gas-schedule.ts'
import { bytesToHex, type Hex } from '../node/protocol/bytes.ts'
import { MAX_MODEL_CHUNK_BYTES, MODEL_REGISTRY } from '../node/protocol/constants.ts'
import type { ModelManifest } from '../node/protocol/model-manifest.ts'
import type { TransactionSender } from './transaction-sender.ts'

/** A model ready for upload. */
export interface PublishableModel {
  readonly name: string
  readonly graphBytes: Uint8Array
  readonly manifest: ModelManifest
  /** Labels, scales and documents for people. */
  readonly metadataUri: string
}

/** Gas besides the registry's precompile calls: chunk hashes, rights, metadata and call data. */
const REGISTRY_MARGIN_GAS = 600_000n
/** Gas of a byte of call data (EIP-7623 floor, non-zero). */
const CALL_DATA_GAS_PER_BYTE = 40n

/**
 * Commits to models, uploads their graphs in chunks and activates them, as ordinary L2 transactions: one block for all
 * commitments and chunks, a later one for all activations. Models that are active already are left alone.
 * @throws UnavailableError `TransactionFailed` naming the model and the step
 */
export async function publishModels(sender: TransactionSender, models: readonly PublishableModel[]): Promise<void> {
  const active = await Promise.all(models.map((model) => isActive(sender, model)))
  const pending = models.filter((_, index) => !active[index])
  await Promise.all(pending.flatMap((model) => [commit(sender, model), ...upload(sender, model)]))
  await Promise.all(pending.map((model) => activate(sender, model)))
}

function isActive({ reader }: TransactionSender, { manifest }: PublishableModel): Promise<boolean> {
  const call = { address: MODEL_REGISTRY, abi: modelRegistryAbi, functionName: 'isActive' } as const
  return reader.readContract({ ...call, args: [manifest.modelId] })
}

async function commit(sender: TransactionSender, { name, manifest }: PublishableModel): Promise<void> {
  const { modelId } = manifest
  const { address } = sender.account
  const registry = { address: MODEL_REGISTRY, abi: modelRegistryAbi } as const
  const commitment = await sender.reader.readContract({
    ...registry,
    functionName: 'commitmentHash',
    args: [address, modelId, saltOf(modelId)],
  })
  const made = await sender.reader.readContract({
    ...registry,
    functionName: 'getCommitment',
    args: [address, commitment],
  })
  if (made.sequence !== 0n) return
  const data = encodeFunctionData({ abi: modelRegistryAbi, functionName: 'commit', args: [commitment] })
  await sender.send(`committing to ${name}`, { to: MODEL_REGISTRY, data, gas: 200_000n })
}

function upload(sender: TransactionSender, { name, manifest, graphBytes }: PublishableModel): Promise<unknown>[] {
  return chunksOf(graphBytes).map((chunk, index) => {
    const args = [manifest.modelId, BigInt(index), bytesToHex(chunk)] as const
    const data = encodeFunctionData({ abi: modelRegistryAbi, functionName: 'uploadChunk', args })
    const gas = 300_000n + storeChunkGas(chunk.length) + CALL_DATA_GAS_PER_BYTE * BigInt(chunk.length)
    return sender.send(`uploading chunk ${index} of ${name}`, { to: MODEL_REGISTRY, data, gas })
  })
}

async function activate(sender: TransactionSender, model: PublishableModel): Promise<void> {
  const { name, manifest, graphBytes, metadataUri } = model
  const sizes = [BigInt(chunksOf(graphBytes).length), BigInt(graphBytes.length)] as const
  const args = [manifest.modelId, saltOf(manifest.modelId), ...sizes, metadataUri] as const
  const data = encodeFunctionData({ abi: modelRegistryAbi, functionName: 'activate', args })
  const { counters } = manifest
  const gas =
    REGISTRY_MARGIN_GAS + activationGas(graphBytes.length) + activationWorkGas(counters) + selfTestGas(counters)
  await sender.send(`activating ${name}`, { to: MODEL_REGISTRY, data, gas })
}

/** The devnet's salts need not be secret: nobody competes for its models. */
function saltOf(modelId: Hex): Hex {
  return keccak256(modelId)
}

function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += MAX_MODEL_CHUNK_BYTES) {
    chunks.push(bytes.subarray(at, at + MAX_MODEL_CHUNK_BYTES))
  }
  return chunks
}

import { type Account, encodeAbiParameters, keccak256, type PublicClient, type WalletClient } from 'viem'
import { modelRegistryAbi } from '../contracts/generated/model-registry.ts'
import { activationGas, activationWorkGas, storeChunkGas } from '../node/executor/gas-schedule.ts'
import { bytesToHex, type Hex } from '../node/protocol/bytes.ts'
import { MAX_MODEL_CHUNK_BYTES, MODEL_REGISTRY } from '../node/protocol/constants.ts'
import { UnavailableError } from '../node/protocol/errors.ts'
import type { ModelManifest } from '../node/protocol/model-manifest.ts'

/** A model ready for upload. */
export interface PublishableModel {
  readonly name: string
  readonly graphBytes: Uint8Array
  readonly manifest: ModelManifest
  /** Labels, scales and documents for people. */
  readonly metadataUri: string
}

/** Who uploads, and through which node. `nonce` counts on from the account's next one. */
export interface Publisher {
  readonly reader: PublicClient
  readonly wallet: WalletClient
  readonly account: Account
}

/** Gas besides the registry's precompile calls: storage of chunk hashes, rights and metadata. */
const REGISTRY_MARGIN_GAS = 600_000n

/**
 * Commits to models, uploads their graphs in chunks and activates them, as ordinary L2 transactions: one block for all
 * commitments and chunks, a later one for all activations. Models that are active already are left alone.
 * @throws UnavailableError `PublishFailed` naming the model and the transaction
 */
export async function publishModels(publisher: Publisher, models: readonly PublishableModel[]): Promise<void> {
  const pending = await inactive(publisher.reader, models)
  const send = await createSender(publisher)
  const uploads = pending.flatMap((model) => [
    send(model, { functionName: 'commit', args: [commitmentOf(publisher.account.address, model)] }, 200_000n),
    ...chunksOf(model.graphBytes).map((chunk, index) =>
      send(
        model,
        { functionName: 'uploadChunk', args: [model.manifest.modelId, BigInt(index), bytesToHex(chunk)] },
        300_000n + storeChunkGas(chunk.length) + 40n * BigInt(chunk.length),
      ),
    ),
  ])
  await Promise.all(uploads)
  await Promise.all(pending.map((model) => send(model, activation(model), activationGasOf(model))))
}

type RegistryCall =
  | { readonly functionName: 'commit'; readonly args: readonly [Hex] }
  | { readonly functionName: 'uploadChunk'; readonly args: readonly [Hex, bigint, Hex] }
  | { readonly functionName: 'activate'; readonly args: readonly [Hex, Hex, bigint, bigint, string] }

type Send = (model: PublishableModel, call: RegistryCall, gas: bigint) => Promise<void>

async function createSender({ reader, wallet, account }: Publisher): Promise<Send> {
  let nonce = await reader.getTransactionCount({ address: account.address, blockTag: 'pending' })
  return async (model, call, gas) => {
    const request = { address: MODEL_REGISTRY, abi: modelRegistryAbi, account, chain: wallet.chain ?? null, gas }
    const hash = await wallet.writeContract({ ...request, ...call, nonce: nonce++ } as never)
    const receipt = await reader.waitForTransactionReceipt({ hash })
    if (receipt.status === 'success') return
    const what = `publishing "${model.name}": ${call.functionName} failed in transaction ${hash}`
    throw new UnavailableError('PublishFailed', what)
  }
}

function activation(model: PublishableModel): RegistryCall {
  const { modelId } = model.manifest
  const chunkCount = BigInt(chunksOf(model.graphBytes).length)
  const graphBytes = BigInt(model.graphBytes.length)
  return { functionName: 'activate', args: [modelId, saltOf(modelId), chunkCount, graphBytes, model.metadataUri] }
}

function activationGasOf({ graphBytes, manifest }: PublishableModel): bigint {
  return REGISTRY_MARGIN_GAS + activationGas(graphBytes.length) + activationWorkGas(manifest.counters)
}

async function inactive(reader: PublicClient, models: readonly PublishableModel[]): Promise<PublishableModel[]> {
  const active = await Promise.all(
    models.map(({ manifest }) =>
      reader.readContract({
        address: MODEL_REGISTRY,
        abi: modelRegistryAbi,
        functionName: 'isActive',
        args: [manifest.modelId],
      }),
    ),
  )
  return models.filter((_, index) => active[index] === false)
}

/** The devnet's salts need not be secret: nobody competes for its models. */
function saltOf(modelId: Hex): Hex {
  return keccak256(modelId)
}

function commitmentOf(owner: Hex, { manifest }: PublishableModel): Hex {
  const types = [{ type: 'address' }, { type: 'bytes32' }, { type: 'bytes32' }] as const
  return keccak256(encodeAbiParameters(types, [owner, manifest.modelId, saltOf(manifest.modelId)]))
}

function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += MAX_MODEL_CHUNK_BYTES) {
    chunks.push(bytes.subarray(at, at + MAX_MODEL_CHUNK_BYTES))
  }
  return chunks
}

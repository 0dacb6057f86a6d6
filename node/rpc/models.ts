import type { BlockHeader } from '@ethereumjs/block'
import { decodeFunctionResult, encodeFunctionData } from 'viem'
import { modelRegistryAbi } from '../../contracts/generated/model-registry.ts'
import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import { MODEL_REGISTRY } from '../protocol/constants.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { ModelManifest } from '../protocol/model-manifest.ts'
import { decodeManifest } from '../protocol/model-manifest-codec.ts'
import { returnDataOf } from './call-failure.ts'
import type { Simulator } from './simulator.ts'

/** Manifests that are kept decoded. */
const MAX_CACHED_MANIFESTS = 256

/** What the registry says about an active model. */
export interface ModelRecord {
  readonly modelId: Hex
  readonly owner: Hex
  readonly deprecated: boolean
  /** Seconds since the Unix epoch. */
  readonly activatedAt: number
  readonly graphHash: Hex
  readonly metadataURI: string
}

/** Active models, as the RPC reads them. Rejects with UnavailableError when state or content is not there. */
export interface Models {
  count(header: BlockHeader): Promise<number>
  /** Ids in order of activation. */
  ids(header: BlockHeader, start: number, count: number): Promise<readonly Hex[]>
  /** Undefined for a model that is not active. */
  record(header: BlockHeader, modelId: Hex): Promise<ModelRecord | undefined>
  manifest(modelId: Hex): Promise<ModelManifest>
}

/** Reads models from the registry predeploy and manifests from the content store. A chain without the registry has no models. */
export function createModels(simulator: Simulator, content: ContentReader): Models {
  const manifests = new Map<Hex, ModelManifest>()
  const view = async (header: BlockHeader, data: Hex): Promise<Hex> => {
    const result = await simulator.call(header, { to: MODEL_REGISTRY, data: hexToBytes(data) })
    return bytesToHex(returnDataOf(result))
  }
  const count = async (header: BlockHeader) => {
    const data = await view(header, encodeFunctionData({ abi: modelRegistryAbi, functionName: 'modelCount' }))
    return data === '0x' ? 0 : Number(decodeFunctionResult({ abi: modelRegistryAbi, functionName: 'modelCount', data }))
  }
  return {
    count,
    ids: async (header, start, most) => {
      const args = [BigInt(start), BigInt(most)] as const
      const data = await view(header, encodeFunctionData({ abi: modelRegistryAbi, functionName: 'modelIds', args }))
      if (data === '0x') return []
      return decodeFunctionResult({ abi: modelRegistryAbi, functionName: 'modelIds', data })
    },
    record: async (header, modelId) => {
      if ((await count(header)) === 0) return undefined
      const args = [modelId] as const
      const active = await view(header, encodeFunctionData({ abi: modelRegistryAbi, functionName: 'isActive', args }))
      if (!decodeFunctionResult({ abi: modelRegistryAbi, functionName: 'isActive', data: active })) return undefined
      const data = await view(header, encodeFunctionData({ abi: modelRegistryAbi, functionName: 'getModel', args }))
      const model = decodeFunctionResult({ abi: modelRegistryAbi, functionName: 'getModel', data })
      const { owner, deprecated, activatedAt, graphHash, metadataURI } = model
      return {
        modelId,
        owner: owner.toLowerCase() as Hex,
        deprecated,
        activatedAt: Number(activatedAt),
        graphHash,
        metadataURI,
      }
    },
    manifest: async (modelId) => {
      const known = manifests.get(modelId)
      if (known !== undefined) return known
      const bytes = await content.get(hexToBytes(modelId))
      if (bytes === undefined) throw new UnavailableError('ModelMissing', `the content store has no model ${modelId}`)
      const manifest = decodeManifest(bytes)
      const [oldest] = manifests.keys()
      if (manifests.size >= MAX_CACHED_MANIFESTS && oldest !== undefined) manifests.delete(oldest)
      manifests.set(modelId, manifest)
      return manifest
    },
  }
}

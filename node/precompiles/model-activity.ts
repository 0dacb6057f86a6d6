import { concatBytes } from '../protocol/bytes.ts'
import { MODEL_REGISTRY } from '../protocol/constants.ts'
import { keccak256 } from '../protocol/keccak.ts'
import type { PrecompileHost } from './precompile-host.ts'

/** Storage slot of the registry's activity flag: `mapping(bytes32 modelId => uint256)` at slot 0, so keccak256(modelId ‖ 0). */
export function activitySlot(modelId: Uint8Array): Uint8Array {
  return keccak256(concatBytes(modelId, new Uint8Array(32)))
}

/** Whether the registry's state says that the model is active. Cost: one slot read; it warms nothing. */
export async function isModelActive(host: PrecompileHost, modelId: Uint8Array): Promise<boolean> {
  const flag = await host.readStorage(MODEL_REGISTRY, activitySlot(modelId))
  return flag.some((byte) => byte !== 0)
}

import type { Hex } from '../node/protocol/bytes.ts'
import type { GenesisAccount } from '../node/protocol/chain-spec.ts'
import {
  CREATE2_DEPLOYER,
  INFERENCE_PRECOMPILE,
  L1_BLOCK,
  L2_TO_L1_MESSAGE_PASSER,
  MODEL_REGISTRY,
  MODEL_STORE_PRECOMPILE,
  MULTICALL3,
  P256VERIFY_PRECOMPILE,
} from '../node/protocol/constants.ts'
import { l1BlockDeployedBytecode } from './generated/l1-block.ts'
import { l2ToL1MessagePasserDeployedBytecode } from './generated/l2-to-l1-message-passer.ts'
import { modelRegistryDeployedBytecode } from './generated/model-registry.ts'
import { multicall3DeployedBytecode } from './generated/multicall3.ts'

/** Runtime code of the deterministic deployment proxy: call data is a salt and creation code, the answer an address. */
export const create2DeployerDeployedBytecode: Hex =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3'

/** INVALID: one byte that makes tools see a contract where the EVM runs a precompile. */
const precompileMarker: Hex = '0xfe'

const genesisCode: Readonly<Record<Hex, Hex>> = {
  [INFERENCE_PRECOMPILE]: precompileMarker,
  [MODEL_STORE_PRECOMPILE]: precompileMarker,
  [P256VERIFY_PRECOMPILE]: precompileMarker,
  [MODEL_REGISTRY]: modelRegistryDeployedBytecode,
  [L1_BLOCK]: l1BlockDeployedBytecode,
  [L2_TO_L1_MESSAGE_PASSER]: l2ToL1MessagePasserDeployedBytecode,
  [MULTICALL3]: multicall3DeployedBytecode,
  [CREATE2_DEPLOYER]: create2DeployerDeployedBytecode,
}

/** The L2 genesis accounts that have code, by lower-case address; nonce 1 as of any contract (EIP-161). */
export function predeploys(): Record<Hex, GenesisAccount> {
  return Object.fromEntries(Object.entries(genesisCode).map(([address, code]) => [address, { nonce: 1, code }]))
}

import type { Hex } from './bytes.ts'

/** The inference precompile. */
export const INFERENCE_PRECOMPILE: Hex = '0x00000000000000000000000000000000000000a1'
/** The model store precompile: only {@link MODEL_REGISTRY} may call it. */
export const MODEL_STORE_PRECOMPILE: Hex = '0x00000000000000000000000000000000000000a2'
/** P256VERIFY (RIP-7212 / EIP-7951). */
export const P256VERIFY_PRECOMPILE: Hex = '0x0000000000000000000000000000000000000100'
/** The ModelRegistry predeploy. AI predeploys live under the 20-byte prefix 0xa1…, outside the OP namespace. */
export const MODEL_REGISTRY: Hex = '0xa100000000000000000000000000000000000001'
/** OP predeploys (standard addresses). */
export const L1_BLOCK: Hex = '0x4200000000000000000000000000000000000015'
export const L2_TO_L1_MESSAGE_PASSER: Hex = '0x4200000000000000000000000000000000000016'
export const SEQUENCER_FEE_VAULT: Hex = '0x4200000000000000000000000000000000000011'
/** Sender of the L1 attributes transaction, first in every L2 block. */
export const L1_ATTRIBUTES_DEPOSITOR: Hex = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001'
/** The deterministic CREATE2 deployer that forge script expects. */
export const CREATE2_DEPLOYER: Hex = '0x4e59b44847b379578588920ca78fbf26c0b4956c'
export const MULTICALL3: Hex = '0xca11bde05977b3631167028862be2a173976ca11'
/** Profile of ExactGraphs that this software knows. */
export const PROFILE_V1 = 1
/** Greatest magnitude of any lane or partial sum: 2^53 − 1. */
export const MAX_SAFE_LANE: number = Number.MAX_SAFE_INTEGER
/** Most bytes in one chunk of a model upload: with its call data it fits an ordinary transaction of 128 KiB. */
export const MAX_MODEL_CHUNK_BYTES: number = 96 * 1024
/** Most chunks that one model is uploaded in. */
export const MAX_MODEL_CHUNKS = 512
/** Most canonical ExactGraph bytes of one model. */
export const MAX_MODEL_GRAPH_BYTES: number = 8 * 1024 * 1024

import type { ExecResult, PrecompileInput } from '@ethereumjs/evm'
import type { Hex } from '../protocol/bytes.ts'
import { INFERENCE_PRECOMPILE, MODEL_STORE_PRECOMPILE, P256VERIFY_PRECOMPILE } from '../protocol/constants.ts'
import { runInference } from './inference.ts'
import { runModelStore } from './model-store.ts'
import { runP256Verify } from './p256-verify.ts'
import { runPointEvaluation } from './point-evaluation.ts'
import type { PrecompileHost } from './precompile-host.ts'

/** A precompile as the EVM takes it. */
export interface PrecompileEntry {
  readonly address: Hex
  readonly function: (input: PrecompileInput) => Promise<ExecResult> | ExecResult
}

type Run = (host: PrecompileHost, data: Uint8Array, gasLimit: bigint) => Promise<ExecResult> | ExecResult

const TABLE: Readonly<Record<Hex, Run>> = {
  '0x000000000000000000000000000000000000000a': (_, data, gasLimit) => runPointEvaluation(data, gasLimit),
  [INFERENCE_PRECOMPILE]: runInference,
  [MODEL_STORE_PRECOMPILE]: runModelStore,
  [P256VERIFY_PRECOMPILE]: (_, data, gasLimit) => runP256Verify(data, gasLimit),
}

/** Assay's precompiles for one block: ours, P256VERIFY, and a point evaluation that needs no injected library. */
export function precompileTable(host: PrecompileHost): PrecompileEntry[] {
  return Object.entries(TABLE).map(([address, run]) => ({
    address: address as Hex,
    function: ({ data, gasLimit }: PrecompileInput) => run(host, data, gasLimit),
  }))
}

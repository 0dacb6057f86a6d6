import { asciiToBytes } from './bytes.ts'
import { keccak256 } from './keccak.ts'

/**
 * A 32-byte domain separator: keccak256 of an ASCII name such as `assay/tensor/v1`. It opens the preimage of every hash
 * that Assay defines, so that a preimage of one kind never passes for another.
 */
export function domainSeparator(name: string): Uint8Array {
  return keccak256(asciiToBytes(name))
}

/** Opens the preimage of a tensor root. */
export const TENSOR_DOMAIN: Uint8Array = domainSeparator('assay/tensor/v1')
/** Opens the preimage of an inputRoot. */
export const INPUTS_DOMAIN: Uint8Array = domainSeparator('assay/inputs/v1')
/** Opens the preimage of an outputRoot. */
export const OUTPUTS_DOMAIN: Uint8Array = domainSeparator('assay/outputs/v1')
/** Opens the leaf of an inference record. */
export const RECORD_DOMAIN: Uint8Array = domainSeparator('assay/record/v1')
/** Opens the preimage of a modelId. */
export const MODEL_DOMAIN: Uint8Array = domainSeparator('assay/model/v1')
/** Opens the preimage of a programRoot. */
export const PROGRAM_DOMAIN: Uint8Array = domainSeparator('assay/program/v1')
/** Opens the leaf of one op descriptor of a Program. */
export const PROGRAM_OP_DOMAIN: Uint8Array = domainSeparator('assay/program-op/v1')
/** Opens the preimage of a running state of an inference's trace. */
export const TRACE_STATE_DOMAIN: Uint8Array = domainSeparator('assay/trace-state/v1')
/** Opens the preimage of the state in which a trace ends. */
export const TRACE_HALT_DOMAIN: Uint8Array = domainSeparator('assay/trace-halt/v1')
/** The whole preimage of the state of a trace that broke a rule. */
export const TRACE_TRAP_DOMAIN: Uint8Array = domainSeparator('assay/trace-trap/v1')

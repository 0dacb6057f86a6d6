import type { Model } from '../../node/exact/model.ts'
import { firstSteps, stepAt } from '../../node/exact/program/steps.ts'
import { hexToBytes } from '../../node/protocol/bytes.ts'
import type { TraceProvider } from '../../node/prover/trace-provider.ts'
import { type StepEvm, stepTransactionGas } from './step-evm.ts'

/** What one step costs on L1. */
export interface StepGas {
  readonly t: number
  /** As in `fold 128 terms`, `fold 64 terms, last`, `map 32 lanes`, `finish`. */
  readonly kind: string
  readonly witnessBytes: number
  /** Gas of the call without its call data. */
  readonly executionGas: number
  /** Gas of a transaction that makes this call alone, at EIP-7623's floor or the ordinary price, whichever is more. */
  readonly transactionGas: number
}

/** What a step does, in words. */
export function stepKind({ program }: Model, t: number): string {
  const step = stepAt(program, firstSteps(program), t)
  if (step.kind === 'finish') return 'finish'
  const kind = program.ops[step.op]?.kind
  if (step.kind === 'lanes') return `${kind} ${step.endLane - step.firstLane} lanes`
  return `${kind} ${step.endTerm - step.firstTerm} terms${step.isLast ? ', last' : ''}`
}

/** Executes a step of a trace in the EVM. @throws when the state after it is not the trace's. */
export async function measureStep(evm: StepEvm, model: Model, trace: TraceProvider, t: number): Promise<StepGas> {
  const witness = await trace.witnessAt(t)
  const call = await evm.step(hexToBytes(model.manifest.programRoot), await trace.stateAt(t), t, witness)
  const after = await trace.stateAt(t + 1)
  const result = call.result === undefined ? undefined : hexToBytes(call.result)
  if (result?.some((byte, i) => byte !== after[i]) !== false) throw new Error(`step ${t}: ${call.error ?? call.result}`)
  return {
    t,
    kind: stepKind(model, t),
    witnessBytes: witness.length,
    executionGas: call.gas,
    transactionGas: stepTransactionGas(call.gas, witness),
  }
}

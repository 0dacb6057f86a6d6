import type { BlockHeader } from '@ethereumjs/block'
import type { MachineDeps } from '../executor/block-machine.ts'
import type { CallRequest, CallResult } from '../executor/call-request.ts'
import { estimateGas, type GasEstimate } from '../executor/estimate-gas.ts'
import { simulateCall } from '../executor/simulate-call.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { type AccessListOutcome, traceAccessList } from './access-list.ts'
import { createLimiter } from './limiter.ts'

/** Runs calls on past states without leaving a trace. Rejects with InvalidError `InsufficientFunds`, or UnavailableError. */
export interface Simulator {
  call(header: BlockHeader, request: CallRequest): Promise<CallResult>
  estimateGas(header: BlockHeader, request: CallRequest): Promise<GasEstimate>
  accessList(header: BlockHeader, request: CallRequest): Promise<AccessListOutcome>
}

/** Bounds on simulation, which shares the processor with block production. */
export interface SimulatorLimits {
  /** Most gas that one call gets, whatever it asks for. */
  readonly callGasCap: bigint
  readonly maxRunning: number
  readonly maxWaiting: number
}

/** Defaults for a node that also builds blocks. */
export const DEFAULT_SIMULATOR_LIMITS: SimulatorLimits = { callGasCap: 100_000_000n, maxRunning: 8, maxWaiting: 512 }

/** Runs calls on the executor. */
export function createSimulator(spec: ChainSpec, deps: MachineDeps, limits: SimulatorLimits): Simulator {
  const limited = createLimiter(limits.maxRunning, limits.maxWaiting)
  const capped = (header: BlockHeader, request: CallRequest): CallRequest => {
    const gas = request.gas ?? header.gasLimit
    return gas > limits.callGasCap ? { ...request, gas: limits.callGasCap } : { ...request, gas }
  }
  return {
    call: (header, request) => limited(() => simulateCall(spec, deps, header, capped(header, request))),
    estimateGas: (header, request) => limited(() => estimateGas(spec, deps, header, capped(header, request))),
    accessList: (header, request) => limited(() => traceAccessList(spec, deps, header, capped(header, request))),
  }
}

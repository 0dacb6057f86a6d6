import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Devnet } from '../../devnet/devnet.ts'
import type { Fault } from '../../devnet/faults/fault.ts'
import { faultDisputes, faultNamed, runFault } from '../../devnet/faults/run-fault.ts'
import { DEVNET_DISPUTES, type DisputeParameters } from '../../devnet/l1-contracts.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { CommandContext } from './command.ts'

/** What a devnet is started with for a fault, or for none: in a fault the scenario brings the players. */
export function disputesFor(fault: Fault | undefined): {
  readonly disputes: DisputeParameters
  readonly plays: boolean
} {
  return fault === undefined
    ? { disputes: DEVNET_DISPUTES, plays: true }
    : { disputes: faultDisputes(fault), plays: false }
}

/**
 * The fault that was asked for, if any.
 * @throws InvalidError where there is no such fault, or the data directory holds a chain, whose disputes go on already.
 */
export function requestedFault(name: string | null, dataDir: string, reset: boolean): Fault | undefined {
  if (name === null) return undefined
  const fault = faultNamed(name)
  if (reset || !existsSync(join(dataDir, 'devnet.json'))) return fault
  throw new InvalidError('DataDirUsed', `a fault needs a chain of its own, and ${dataDir} holds one: add --reset`)
}

/** Runs the fault and shows its course. Resolves to the exit code: 0 only where it ended as it should. */
export async function showFault(
  devnet: Devnet,
  fault: Fault,
  json: boolean,
  context: CommandContext,
  signal: AbortSignal,
): Promise<number> {
  const { report, text } = await runFault(devnet, fault, context.report, signal)
  context.print(json ? JSON.stringify(report, bigintsAsDecimals) : text)
  return report.ok ? 0 : 1
}

function bigintsAsDecimals(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

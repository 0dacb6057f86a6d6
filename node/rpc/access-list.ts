import type { BlockHeader } from '@ethereumjs/block'
import type { BlockMachine, MachineDeps } from '../executor/block-machine.ts'
import type { CallRequest, CallResult } from '../executor/call-request.ts'
import type { AccessListEntry } from '../executor/decode-transaction.ts'
import { openSimulation, simulateOn, simulationGas } from '../executor/simulate-call.ts'
import { bytesToHex, type Hex, hexToBytes } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'

/** A longer list may make a call touch more; it settles in two rounds mostly. */
const MAX_ROUNDS = 8

/** What a call touches, and how it ends when its access list says so. */
export interface AccessListOutcome {
  readonly accessList: readonly AccessListEntry[]
  readonly result: CallResult
}

/**
 * The access list (EIP-2930) of a call: what it touches beyond sender, target and precompiles, which are warm anyway.
 * Cost: a trial run a round. @throws what `simulateCall` throws.
 */
export async function traceAccessList(
  spec: ChainSpec,
  deps: MachineDeps,
  header: BlockHeader,
  request: CallRequest,
): Promise<AccessListOutcome> {
  let accessList: readonly AccessListEntry[] = request.accessList ?? []
  for (let round = 1; ; round++) {
    const machine = await openSimulation(spec, deps, header, { ...request, accessList })
    const { journal } = machine.evm
    journal.startReportingAccessList()
    // The journal drops its list when the transaction ends; the map itself is filled by then.
    const touched = journal.accessList
    const result = await simulateOn(machine, { ...request, accessList }, simulationGas(header, request))
    const next = selectEntries(touched ?? new Map(), machine, request)
    const merged = mergeEntries(accessList, next)
    if (countOf(merged) === countOf(accessList) || round === MAX_ROUNDS) return { accessList, result }
    accessList = merged
  }
}

type Touched = ReadonlyMap<string, ReadonlySet<string>>

function selectEntries(touched: Touched, machine: BlockMachine, { from, to }: CallRequest): AccessListEntry[] {
  const warm = new Set<string | undefined | null>([from, to, machine.header.coinbase.toString()])
  for (const address of machine.evm.precompiles.keys()) warm.add(`0x${address}`)
  const entries: AccessListEntry[] = []
  for (const [address, slots] of touched) {
    if (slots.size === 0 && warm.has(`0x${address}`)) continue
    entries.push([hexToBytes(`0x${address}`), [...slots].map((slot) => hexToBytes(`0x${slot}`))])
  }
  return entries
}

function mergeEntries(a: readonly AccessListEntry[], b: readonly AccessListEntry[]): AccessListEntry[] {
  const merged = new Map<Hex, Set<Hex>>()
  for (const [address, slots] of [...a, ...b]) {
    const known = merged.get(bytesToHex(address)) ?? new Set()
    for (const slot of slots) known.add(bytesToHex(slot))
    merged.set(bytesToHex(address), known)
  }
  return [...merged].map(([address, slots]) => [hexToBytes(address), [...slots].map(hexToBytes)])
}

function countOf(list: readonly AccessListEntry[]): number {
  return list.reduce((sum, [, slots]) => sum + 1 + slots.length, 0)
}

import { checkGraph } from '../exact/check.ts'
import type { KernelSet } from '../exact/emit/emit-context.ts'
import { emitCpu } from '../exact/emit/emit-cpu.ts'
import type { ExactVector } from './exact-vector.ts'
import type { OpenSession } from './ort-session.ts'
import { compare } from './self-test.ts'
import { arithmeticVectors } from './vectors-arithmetic.ts'
import { convVectors } from './vectors-conv.ts'
import { matmulVectors } from './vectors-matmul.ts'
import { requantisedVectors } from './vectors-requantised.ts'

/** Every vector of the start-up self-test. */
export function startVectors(): ExactVector[] {
  return [...matmulVectors(), ...convVectors(), ...requantisedVectors(), ...arithmeticVectors()]
}

/**
 * Compares the CPU provider with the reference on every vector, on one thread and on `threads`.
 * @returns one line for each vector that differed or did not run; empty when the provider is exact.
 */
export async function runStartTest(openSession: OpenSession, kernelSet: KernelSet, threads: number): Promise<string[]> {
  const refusals: string[] = []
  for (const vector of startVectors()) {
    for (const count of new Set([1, threads])) {
      const difference = await tryVector(openSession, vector, kernelSet, count)
      if (difference !== undefined) refusals.push(`${vector.name} (${vector.kernel}, ${count} threads): ${difference}`)
    }
  }
  return refusals
}

async function tryVector(
  openSession: OpenSession,
  vector: ExactVector,
  kernelSet: KernelSet,
  threads: number,
): Promise<string | undefined> {
  const checked = checkGraph(vector.graph)
  try {
    const runner = await openSession(emitCpu(checked, kernelSet), threads)
    const difference = await compare(checked, runner, vector.inputs)
    await runner.close()
    return difference
  } catch (error) {
    return `it does not load: ${error instanceof Error ? error.message : String(error)}`
  }
}

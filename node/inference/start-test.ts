import { checkGraph } from '../exact/check.ts'
import { emitCpu } from '../exact/emit/emit-cpu.ts'
import { runReference } from '../exact/reference.ts'
import type { ExactVector } from './exact-vector.ts'
import { openOrtSession } from './ort-session.ts'
import { firstDifference } from './self-test.ts'
import { arithmeticVectors } from './vectors-arithmetic.ts'
import { convVectors } from './vectors-conv.ts'
import { matmulVectors } from './vectors-matmul.ts'

/** Every vector of the start-up self-test. */
export function startVectors(): ExactVector[] {
  return [...matmulVectors(), ...convVectors(), ...arithmeticVectors()]
}

/**
 * Compares the CPU provider with the reference on every vector, on one thread and on `threads`.
 * @returns one line for each vector that differed or did not run; empty when the provider is exact.
 */
export async function runStartTest(threads: number): Promise<string[]> {
  const refusals: string[] = []
  for (const vector of startVectors()) {
    for (const count of new Set([1, threads])) {
      const difference = await tryVector(vector, count)
      if (difference !== undefined) refusals.push(`${vector.name} (${vector.kernel}, ${count} threads): ${difference}`)
    }
  }
  return refusals
}

async function tryVector(vector: ExactVector, threads: number): Promise<string | undefined> {
  const checked = checkGraph(vector.graph)
  try {
    const runner = await openOrtSession(emitCpu(checked), threads)
    const outputs = await runner.run(vector.inputs)
    await runner.close()
    return firstDifference(outputs, runReference(checked, vector.inputs))
  } catch (error) {
    return `it does not run: ${error instanceof Error ? error.message : String(error)}`
  }
}

import { checkGraph } from '../exact/check.ts'
import { UnavailableError } from '../protocol/errors.ts'
import type { Backend } from './backend.ts'
import type { ExactVector } from './exact-vector.ts'
import { compare } from './self-test.ts'
import { arithmeticVectors } from './vectors-arithmetic.ts'
import { convVectors } from './vectors-conv.ts'
import { divisionVectors } from './vectors-division.ts'
import { fusedVectors } from './vectors-fused.ts'
import { matmulVectors } from './vectors-matmul.ts'
import { requantisedVectors } from './vectors-requantised.ts'

/** Every vector of the start-up self-test. */
export function startVectors(): ExactVector[] {
  const contractions = [...matmulVectors(), ...convVectors(), ...requantisedVectors(), ...fusedVectors()]
  return [...contractions, ...arithmeticVectors(), ...divisionVectors()]
}

/**
 * Compares a backend with the reference on every vector that it has kernels for, on one thread and on `threads`.
 * @returns one line for each vector that differed or did not run; empty when the backend is exact.
 * @throws UnavailableError, as `ProviderMissing`, when the backend cannot be asked.
 */
export async function runStartTest(backend: Backend, threads: number): Promise<string[]> {
  const refusals: string[] = []
  for (const vector of startVectors()) {
    for (const count of new Set([1, threads])) {
      const difference = await tryVector(backend, vector, count)
      if (difference !== undefined) refusals.push(`${vector.name} (${vector.kernel}, ${count} threads): ${difference}`)
    }
  }
  return refusals
}

async function tryVector(backend: Backend, vector: ExactVector, threads: number): Promise<string | undefined> {
  const checked = checkGraph(vector.graph)
  try {
    const runner = await backend.open(backend.emit(checked), threads)
    try {
      return await compare(checked, runner, vector.inputs)
    } finally {
      await runner.close()
    }
  } catch (error) {
    if (error instanceof UnavailableError && error.code === 'KernelMissing') return undefined
    if (error instanceof UnavailableError) throw error
    return `it does not load: ${error instanceof Error ? error.message : String(error)}`
  }
}

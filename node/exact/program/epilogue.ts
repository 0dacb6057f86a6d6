import type { CheckedGraph, Op, ValueId } from '../graph.ts'
import type { ChainLink } from './fusion.ts'
import type { EpilogueOp } from './program.ts'
import { type ScalarStep, scalarSteps } from './scalar-steps.ts'

/** The scalar ops of a chain, and the values that they read besides the accumulator, in operand order. */
export interface Epilogue {
  readonly epilogue: readonly EpilogueOp[]
  readonly reads: readonly ValueId[]
}

/** Turns the links of a chain into scalar ops. @param firstOperand number of the nest's first operand that is free. */
export function epilogueOf(checked: CheckedGraph, links: readonly ChainLink[], firstOperand: number): Epilogue {
  const epilogue: EpilogueOp[] = []
  const reads: ValueId[] = []
  for (const { op, accumulator } of links) {
    const steps = scalarSteps(checked, checked.graph.ops[op] as Op, accumulator)
    const own = readsOf(steps)
    for (const step of steps) {
      if ('id' in step) epilogue.push({ fn: step.fn, operand: firstOperand + reads.length + own.indexOf(step.id) })
      else epilogue.push(step)
    }
    reads.push(...own)
  }
  return { epilogue, reads }
}

/** The values that the steps of one op read, each once. */
export function readsOf(steps: readonly ScalarStep[]): ValueId[] {
  return [...new Set(steps.flatMap((step) => ('id' in step ? [step.id] : [])))]
}

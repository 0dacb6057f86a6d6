import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../../test/support/random-graph.ts'
import { graphOf, inputOf } from '../../../test/support/small-graph.ts'
import { merkleDepth } from '../../protocol/merkle.ts'
import { checkGraph } from '../check.ts'
import type { TensorData } from '../graph.ts'
import { loopIndices, runProgramAll } from './interpret.ts'
import { lower } from './lower.ts'
import type { Affine, Program, ProgramOp, ProgramValue } from './program.ts'
import { firstSteps, type Step, stepAt } from './steps.ts'

const at = ({ offset, strides }: Affine, index: readonly number[]) =>
  strides.reduce((sum, stride, loop) => sum + stride * (index[loop] as number), offset)

/** Bytes of chunks with all their siblings that a step opens, operand by operand. */
function openedBytes(program: Program, values: readonly TensorData[], step: Step): number {
  if (step.kind === 'finish') return 0
  const op = program.ops[step.op] as ProgramOp
  const foldLoops = op.kind === 'fold' ? op.foldLoops : []
  const [first, end] = step.kind === 'lanes' ? [step.firstLane, step.endLane] : [step.firstTerm, step.endTerm]
  const opened = op.operands.map(() => new Set<number>())
  for (let i = first; i < end; i++) {
    const outIndex = loopIndices(op.outLoops, step.kind === 'run' ? step.lane : i)
    const index = [...outIndex, ...loopIndices(foldLoops, step.kind === 'run' ? i : 0)]
    const [indices] = op.operands
    op.operands.forEach((operand, position) => {
      const inRange = operand.checks.every((check) => at(check, index) >= 0 && at(check, index) < check.extent)
      if (!inRange) return
      let lane = at(operand.address, index)
      if (op.kind === 'lookup' && position === 1 && indices !== undefined) {
        lane += op.axisStride * (values[indices.value]?.[at(indices.address, index)] as number)
      }
      opened[position]?.add(Math.floor((lane * (program.values[operand.value] as ProgramValue).laneBytes) / 256))
    })
  }
  return op.operands.reduce((bytes, operand, position) => {
    const { laneBytes, lanes } = program.values[operand.value] as ProgramValue
    return bytes + (opened[position]?.size ?? 0) * (256 + 32 * merkleDepth(Math.ceil((lanes * laneBytes) / 256)))
  }, 0)
}

function expectSmallOpenings(program: Program, values: readonly TensorData[]): void {
  const firsts = firstSteps(program)
  for (let t = 0; t < (firsts.at(-1) as number); t++) {
    expect(openedBytes(program, values, stepAt(program, firsts, t))).toBeLessThanOrEqual(16_384)
  }
}

describe('a step', () => {
  it('opens 16 KiB of operands at most', () => {
    const property = fc.property(graphCases({ maxOps: 5 }), ({ checked, inputSets }) => {
      const program = lower(checked)
      expectSmallOpenings(program, runProgramAll(program, inputSets[3] ?? []))
    })
    fc.assert(property, { numRuns: numRuns(60) })
  })

  it('opens no more of large tensors that it reads across the grain', () => {
    const shape = [300, 40, 7]
    const graph = graphOf({
      inputs: [inputOf(shape, -(2 ** 40), 2 ** 40), inputOf([7, 40, 1], -5, 5)],
      ops: [
        { kind: 'transpose', inputs: [0], permutation: [2, 1, 0] },
        { kind: 'add', inputs: [2, 1] },
      ],
    })
    const program = lower(checkGraph(graph))
    const inputs = graph.inputs.map((input) => ({
      shape: input.shape,
      data: new Float64Array(input.shape.reduce((size, extent) => size * extent, 1)),
    }))
    expectSmallOpenings(program, runProgramAll(program, inputs))
  })
})

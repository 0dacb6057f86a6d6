import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GraphCase, graphCases, numRuns } from '../../../test/support/random-graph.ts'
import type { OpKind } from '../graph.ts'
import { OPS } from '../ops.ts'
import { runReference } from '../reference.ts'
import { evaluateLane, finishFold, foldTerms, loopIndices, runProgram, runProgramAll, startFold } from './interpret.ts'
import { lower } from './lower.ts'
import { MAX_EPILOGUE_OPS, MAX_LOOPS, MAX_NEST_OPERANDS, type Program, type ProgramValue } from './program.ts'
import { decodeDescriptor, encodeDescriptor } from './program-codec.ts'
import { firstSteps, stepAt } from './steps.ts'

const storageOf = (program: Program, id: number) => program.values[id] as ProgramValue

function expectSameOutputs({ checked, inputSets }: GraphCase): void {
  const program = lower(checked)
  for (const inputs of inputSets) {
    const expected = runReference(checked, inputs)
    const got = runProgram(program, inputs)
    expect(got.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape))
    got.forEach(({ data }, i) => {
      expect(data.BYTES_PER_ELEMENT).toBe(checked.graph.outputs[i]?.laneBytes)
      expect(Array.from(data)).toEqual(Array.from(expected[i]?.data ?? []))
    })
  }
}

describe('lower', () => {
  it('yields a Program that computes what the graph computes', () => {
    fc.assert(fc.property(graphCases(), expectSameOutputs), { numRuns: numRuns(150) })
  })

  it.each(Object.keys(OPS) as OpKind[])('lowers %s', (kind) => {
    fc.assert(fc.property(graphCases({ kinds: [kind], maxOps: 3 }), expectSameOutputs), { numRuns: numRuns(15) })
  })

  it('keeps every nest within its limits, and its descriptor round-trips', () => {
    const property = fc.property(graphCases(), ({ checked }) => {
      const program = lower(checked)
      for (const op of program.ops) {
        const foldLoops = op.kind === 'fold' ? op.foldLoops : []
        expect(op.outLoops.length + foldLoops.length).toBeLessThanOrEqual(MAX_LOOPS)
        if (op.kind === 'map' || op.kind === 'fold') {
          expect(op.operands.length).toBeLessThanOrEqual(MAX_NEST_OPERANDS)
          expect(op.epilogue.length).toBeLessThanOrEqual(MAX_EPILOGUE_OPS)
        }
        const descriptor = { op, value: storageOf(program, op.output) }
        expect(decodeDescriptor(encodeDescriptor(descriptor))).toEqual(descriptor)
      }
    })
    fc.assert(property, { numRuns: numRuns(150) })
  })

  it('is deterministic', () => {
    const property = fc.property(graphCases(), ({ checked }) => {
      expect(lower(checked)).toEqual(lower(checked))
    })
    fc.assert(property, { numRuns: numRuns(20) })
  })
})

describe('the trace', () => {
  it('computes every lane of every op once, run by run, and then finishes', () => {
    const property = fc.property(graphCases({ maxOps: 5 }), ({ checked, inputSets }) => {
      const program = lower(checked)
      const values = runProgramAll(program, inputSets[3] ?? [])
      const firsts = firstSteps(program)
      const total = firsts.at(-1) as number
      const written = program.values.map(() => [] as number[])
      let accumulator = { value: 0, index: 0 }
      for (let t = 0; t < total; t++) {
        const step = stepAt(program, firsts, t)
        expect(step.kind === 'finish').toBe(t === total - 1)
        if (step.kind === 'finish') continue
        const op = program.ops[step.op] as Program['ops'][number]
        const lanes = written[op.output] as number[]
        if (step.kind === 'lanes') {
          expect(Math.floor(step.firstLane / 64)).toBe(Math.floor((step.endLane - 1) / 64))
          for (let lane = step.firstLane; lane < step.endLane; lane++) lanes.push(evaluateLane(op, values, lane))
        } else if (op.kind === 'fold') {
          expect(step.lane).toBe(lanes.length)
          const index = loopIndices(op.outLoops, step.lane)
          const start = step.firstTerm === 0 ? startFold(op) : accumulator
          accumulator = foldTerms(op, index, values, step.firstTerm, step.endTerm, start)
          if (step.isLast) lanes.push(finishFold(op, index, values, accumulator) + 0)
        }
      }
      for (const op of program.ops) {
        expect((written[op.output] as number[]).map((lane) => lane + 0)).toEqual(Array.from(values[op.output] ?? []))
      }
    })
    fc.assert(property, { numRuns: numRuns(60) })
  })
})

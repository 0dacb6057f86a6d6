import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkGraph } from '../node/exact/check.ts'
import { lower } from '../node/exact/program/lower.ts'
import { bytesToHex, concatBytes, uintToBytes } from '../node/protocol/bytes.ts'
import { AssayError } from '../node/protocol/errors.ts'
import { endedWitness, executeStep, stepWitness } from '../node/prover/execute-step.ts'
import { slowTrace } from '../node/prover/slow-trace.ts'
import type { StepSource } from '../node/prover/step-witness.ts'
import { haltState, NO_PARTIAL, runningState, TRAP_STATE, type TraceState } from '../node/prover/trace-state.ts'
import { hostileParts, hostileStep } from './support/hostile-step.ts'
import { graphCases, numRuns } from './support/random-graph.ts'
import { constantOf, graphOf, inputOf, tensorOf } from './support/small-graph.ts'
import { openStepEvm, type StepEvm } from './support/step-evm.ts'

let evm: StepEvm
beforeAll(async () => {
  evm = await openStepEvm()
})

/** A step with its witness. */
interface Judged {
  readonly programRoot: Uint8Array
  readonly preState: Uint8Array
  readonly t: number
  readonly witness: Uint8Array
}

function judged(programRoot: Uint8Array, source: StepSource): Judged {
  const { witness } = stepWitness(programRoot, source)
  return { programRoot, preState: runningState(source.state), t: source.state.t, witness }
}

/** The error under which TypeScript refuses a step, or its state after it. */
function inTypeScript({ programRoot, preState, t, witness }: Judged): string {
  try {
    return bytesToHex(executeStep(programRoot, preState, t, witness))
  } catch (error) {
    if (error instanceof AssayError) return error.code
    throw error
  }
}

/** The error under which the contract refuses a step, or its state after it. */
async function inEvm({ programRoot, preState, t, witness }: Judged): Promise<string> {
  const call = await evm.step(programRoot, preState, t, witness)
  return call.error ?? (call.result as string)
}

async function expectRefused(step: Judged, name?: string): Promise<void> {
  const error = inTypeScript(step)
  expect(error).toMatch(/^StepVerifier_/)
  if (name !== undefined) expect(error).toBe(`StepVerifier_${name}`)
  expect(await inEvm(step)).toBe(error)
}

/** Steps of checked and of unchecked Programs. */
const anyStep: fc.Arbitrary<Judged> = fc.oneof(
  fc.tuple(graphCases({ maxOps: 3 }), fc.nat()).map(([{ checked, inputSets }, place]) => {
    const trace = slowTrace(lower(checked), inputSets[3] ?? [])
    return judged(trace.programRoot, trace.sources[place % trace.sources.length] as StepSource)
  }),
  hostileParts.map((parts) => {
    const { programRoot, source } = hostileStep(parts)
    return judged(programRoot, source)
  }),
)

function flipped(witness: Uint8Array, at: number, mask: number): Uint8Array {
  const changed = witness.slice()
  changed[at] = (changed[at] as number) ^ mask
  return changed
}

describe('a witness', () => {
  it('is refused with any byte changed', async () => {
    const masks = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 16, maxLength: 16 })
    const property = fc.asyncProperty(anyStep, masks, fc.nat(), async (step, masks, offset) => {
      const { length } = step.witness
      const change = (at: number) => ({ ...step, witness: flipped(step.witness, at, masks[at % 16] as number) })
      for (let at = 0; at < length; at++) expect(inTypeScript(change(at))).toMatch(/^StepVerifier_/)
      const heads = Array.from({ length: Math.min(24, length) }, (_, i) => i * 7)
      const others = Array.from({ length: 24 }, (_, i) => offset + Math.ceil((i * length) / 24))
      for (const at of [...heads, ...others]) await expectRefused(change(at % length))
    })
    await fc.assert(property, { numRuns: numRuns(5) })
  })

  it('is refused with bytes left out or added, at its end and within', async () => {
    const property = fc.asyncProperty(anyStep, fc.nat(), fc.nat(40), async (step, place, size) => {
      const at = place % step.witness.length
      const [before, after] = [step.witness.subarray(0, at), step.witness.subarray(at)]
      await expectRefused({ ...step, witness: before })
      await expectRefused({ ...step, witness: concatBytes(before, after.subarray(Math.min(after.length, size + 1))) })
      await expectRefused({ ...step, witness: concatBytes(step.witness, new Uint8Array(size + 1)) }, 'WitnessTrailing')
      await expectRefused({ ...step, witness: concatBytes(before, step.witness.subarray(at, at + 32), after) })
    })
    await fc.assert(property, { numRuns: numRuns(60) })
  })

  it('is refused for another Program, state or step', async () => {
    const property = fc.asyncProperty(anyStep, fc.nat(31), fc.integer({ min: 1, max: 255 }), async (step, at, mask) => {
      await expectRefused({ ...step, programRoot: flipped(step.programRoot, at, mask) }, 'ProgramMismatch')
      await expectRefused({ ...step, preState: flipped(step.preState, at, mask) }, 'StateMismatch')
      await expectRefused({ ...step, t: step.t + 1 }, 'StateMismatch')
    })
    await fc.assert(property, { numRuns: numRuns(30) })
  })

  it('is bounded', async () => {
    const step = { programRoot: NO_PARTIAL, preState: NO_PARTIAL, t: 0, witness: new Uint8Array(32_769).fill(1) }
    await expectRefused(step, 'WitnessTooLong')
    await expectRefused({ ...step, witness: new Uint8Array(0) }, 'WitnessTruncated')
    await expectRefused({ ...step, witness: Uint8Array.of(4) }, 'WitnessKind')
  })
})

describe('a state that ended', () => {
  const step = { programRoot: NO_PARTIAL, t: 5 }
  const outputRoot = new Uint8Array(32).fill(3)

  it('absorbs every further step', async () => {
    const trapped = { ...step, preState: TRAP_STATE, witness: endedWitness() }
    const halted = { ...step, preState: haltState(outputRoot), witness: endedWitness(outputRoot) }
    for (const ended of [trapped, halted]) {
      expect(inTypeScript(ended)).toBe(bytesToHex(ended.preState))
      expect(await inEvm(ended)).toBe(bytesToHex(ended.preState))
    }
  })

  it('is no other state', async () => {
    await expectRefused({ ...step, preState: haltState(outputRoot), witness: endedWitness() }, 'StateMismatch')
    await expectRefused({ ...step, preState: TRAP_STATE, witness: endedWitness(outputRoot) }, 'StateMismatch')
    await expectRefused({ ...step, preState: TRAP_STATE, witness: Uint8Array.of(3, 0) }, 'WitnessTrailing')
  })
})

describe('what a step is bound to', () => {
  // Input, a matmul of two runs a lane, a Map; three chunks of input, so that every kind of opening occurs.
  const graph = graphOf({
    inputs: [inputOf([4, 130], -8, 7)],
    constants: [
      constantOf(
        [130, 3],
        Array.from({ length: 390 }, (_, i) => (i % 9) - 4),
      ),
    ],
    ops: [
      { kind: 'matmul', inputs: [0, 1] },
      { kind: 'transpose', inputs: [2], permutation: [1, 0] },
    ],
    outputs: [{ value: 3, laneBytes: 4 }],
  })
  const input = tensorOf(
    [4, 130],
    Array.from({ length: 520 }, (_, i) => (i % 15) - 8),
  )
  const trace = slowTrace(lower(checkGraph(graph)), [input])
  const steps = trace.sources.length
  const sourceAt = (t: number) => trace.sources[t] as StepSource
  const [MIDDLE_OF_LANE, END_OF_LANE, MOVE] = [2, 3, steps - 2]

  /** The step with a state that differs in one field; the witness opens that state, and everything else as it was. */
  function withState(t: number, change: Partial<TraceState>): Judged {
    const step = judged(trace.programRoot, sourceAt(t))
    const state = { ...sourceAt(t).state, ...change }
    const witness = step.witness.slice()
    const low = (value: bigint) => uintToBytes(Number(BigInt.asUintN(48, value)), 8)
    witness.set(concatBytes(state.valuesRoot, state.partialRoot, low(state.acc), low(state.accIndex)), 1)
    return { ...step, preState: runningState(state), t: state.t, witness }
  }

  it('program root, step index and op', async () => {
    const step = judged(trace.programRoot, sourceAt(MIDDLE_OF_LANE))
    await expectRefused({ ...step, programRoot: NO_PARTIAL }, 'ProgramMismatch')
    await expectRefused(withState(MOVE, { t: 0 }), 'StepNotInOp')
    await expectRefused({ ...step, t: MIDDLE_OF_LANE - 1 }, 'StateMismatch')
  })

  it('value roots: operands, the place of the result, outputs', async () => {
    const valuesRoot = sourceAt(steps - 1).state.valuesRoot
    await expectRefused(withState(MIDDLE_OF_LANE, { valuesRoot }), 'ValueMismatch')
    await expectRefused(withState(steps - 1, { valuesRoot: NO_PARTIAL }), 'ValuesMismatch')
    const finish = judged(trace.programRoot, sourceAt(steps - 1))
    await expectRefused({ ...finish, witness: flipped(finish.witness, finish.witness.length - 1, 1) }, 'ValueMismatch')
  })

  it('partial root: the lanes written before', async () => {
    expect(sourceAt(END_OF_LANE).state.partialRoot).not.toEqual(NO_PARTIAL)
    await expectRefused(withState(END_OF_LANE, { partialRoot: NO_PARTIAL }), 'PartialMismatch')
    await expectRefused(withState(1, { partialRoot: sourceAt(END_OF_LANE).state.partialRoot }), 'PartialMismatch')
  })

  it('accumulator and its index', async () => {
    const step = judged(trace.programRoot, sourceAt(END_OF_LANE))
    for (const change of [{ acc: sourceAt(END_OF_LANE).state.acc + 1n }, { accIndex: 1n }]) {
      // A witness opens one accumulator only…
      await expectRefused({ ...withState(END_OF_LANE, change), witness: step.witness }, 'StateMismatch')
      await expectRefused({ ...withState(END_OF_LANE, change), preState: step.preState }, 'StateMismatch')
    }
    // … and from another one follows another state.
    const other = withState(END_OF_LANE, { acc: sourceAt(END_OF_LANE).state.acc + 1n })
    expect(inTypeScript(other)).not.toBe(inTypeScript(step))
    expect(await inEvm(other)).toBe(inTypeScript(other))
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import type { EpilogueOp, FoldOp, MapOp, MoveOp, OperandMap, ProgramOp } from '../node/exact/program/program.ts'
import { VALUE_TREE_DEPTH } from '../node/exact/program/program.ts'
import { encodeDescriptor, encodeFinish } from '../node/exact/program/program-codec.ts'
import { opSteps } from '../node/exact/program/steps.ts'
import { bytesToHex, concatBytes } from '../node/protocol/bytes.ts'
import { encodeTensor } from '../node/protocol/tensor-encoding.ts'
import { executeStep, stepWitness } from '../node/prover/execute-step.ts'
import { MAX_WITNESS_BYTES } from '../node/prover/step-tape.ts'
import { runningState, TRAP_STATE } from '../node/prover/trace-state.ts'
import { type HostileParts, type HostileValue, hostileStep } from './support/hostile-step.ts'
import { openStepEvm, type StepEvm } from './support/step-evm.ts'

let evm: StepEvm
beforeAll(async () => {
  evm = await openStepEvm()
})

/** The state after a step, the same in TypeScript and in the EVM, and the gas. */
async function execute(parts: HostileParts) {
  const { programRoot, source } = hostileStep(parts)
  const { witness, postState } = stepWitness(programRoot, source)
  const preState = runningState(source.state)
  expect(executeStep(programRoot, preState, source.state.t, witness)).toEqual(postState)
  const call = await evm.step(programRoot, preState, source.state.t, witness)
  expect(call).toMatchObject({ result: bytesToHex(postState) })
  return { trapped: bytesToHex(postState) === bytesToHex(TRAP_STATE), gas: call.gas, witness }
}

const tensor = (laneBytes: 1 | 2 | 4 | 8, lanes: readonly number[]): HostileValue => ({
  laneBytes,
  lanes: lanes.length,
  bytes: encodeTensor(lanes, laneBytes),
})
const along = (value: number, offset = 0, stride = 1): OperandMap => ({
  value,
  address: { offset, strides: [stride] },
  checks: [],
})
const outside: OperandMap['checks'] = [{ offset: 5, strides: [0], extent: 5 }]

/** Reads four lanes of value 0. */
function map(change: Partial<MapOp> = {}): MapOp {
  return { kind: 'map', output: 2, outLoops: [4], operands: [along(0)], epilogue: [], lanesPerStep: 4, ...change }
}

/** One lane: a fold over eight lanes of value 0. */
function fold(change: Partial<FoldOp> = {}): FoldOp {
  const base = { kind: 'fold', output: 2, outLoops: [], foldLoops: [8], operands: [along(0)], epilogue: [] } as const
  return { ...base, reduction: 'sum', product: false, run: 128, ...change }
}

const VALUES: readonly HostileValue[] = [tensor(1, [1, 2, 3, 4, 5, 6, 7, -8]), tensor(1, [3, 0, 2, 9])]

function stepOf(op: ProgramOp, change: Partial<HostileParts> & { laneBytes?: 1 | 2 | 4 | 8 } = {}): HostileParts {
  const lanes = op.outLoops.reduce((product, extent) => product * extent, 1)
  const { laneBytes = 1, ...rest } = change
  return {
    values: VALUES,
    descriptor: encodeDescriptor({ op, value: { laneBytes, lanes } }),
    stepCount: opSteps(op, lanes),
    within: 0,
    outputBytes: lanes * laneBytes,
    ...rest,
  }
}

const epilogue = (...ops: EpilogueOp[]) => ({ epilogue: ops })
const unsafe: HostileValue = { laneBytes: 8, lanes: 4, bytes: new Uint8Array(32).fill(0x7f) }
const lookup = (axisExtent: number): ProgramOp => ({
  kind: 'lookup',
  output: 2,
  outLoops: [4],
  operands: [along(1), { value: 0, address: { offset: 0, strides: [0] }, checks: [] }],
  axisStride: 1,
  axisExtent,
  lanesPerStep: 4,
})
const finish = (...values: number[]) => encodeFinish(values.map((value) => ({ value, shape: [] })))

const SOUND: Readonly<Record<string, HostileParts>> = {
  'a Map': stepOf(map()),
  'a Fold': stepOf(fold()),
  'a product of 8-byte lanes': stepOf(fold({ foldLoops: [4], product: true, operands: [along(0), along(1)] }), {
    values: [tensor(8, [1, 2, 3, 4]), tensor(8, [5, 6, 7, 8])],
  }),
  'a quotient of negative lanes, a root and a comparison': stepOf(
    map({
      operands: [along(0, 4)],
      ...epilogue(
        { fn: 'floordiv', value: 3 },
        { fn: 'clip', lo: 0, hi: 9 },
        { fn: 'isqrt' },
        { fn: 'greater', value: 0 },
      ),
    }),
  ),
  'a Finish': { values: VALUES, descriptor: finish(1, 0, 1), isFinish: true, stepCount: 1, within: 0, firstStep: 3 },
}

const TRAPS: Readonly<Record<string, HostileParts>> = {
  'a value that is not written': stepOf(map(), { values: [undefined, VALUES[1]] }),
  'a tensor of 3-byte lanes': stepOf(map(), {
    values: [{ laneBytes: 3, lanes: 4, bytes: new Uint8Array(12) }, undefined],
  }),
  'a tensor of too many lanes': stepOf(map(), {
    values: [{ laneBytes: 8, lanes: 2 ** 53 - 1, bytes: new Uint8Array(8) }, undefined],
  }),
  'an address below 0': stepOf(map({ operands: [along(0, -1)] })),
  'an address beyond the end': stepOf(map({ operands: [along(0, 5)] })),
  'an address beyond the end of an open value': stepOf(map({ operands: [along(0, 0, 3)] })),
  'an address far beyond': stepOf(map({ operands: [along(0, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)] })),
  'a lane beyond 2^53': stepOf(map(), { values: [unsafe, undefined], laneBytes: 8 }),
  'a lane beyond 2^53 in a product': stepOf(fold({ foldLoops: [4], product: true, operands: [along(1), along(0)] }), {
    values: [unsafe, VALUES[1]],
  }),
  // Found by chance: the contract opened the second factor before it looked at the first.
  'a lane beyond 2^53 whose partner is not open yet': stepOf(
    fold({ foldLoops: [4], product: true, operands: [along(0), along(1)] }),
    { values: [unsafe, VALUES[1]] },
  ),
  'a result too wide for its lane': stepOf(map(epilogue({ fn: 'mul', value: 50 }))),
  'a result too wide for 8 bytes': stepOf(
    map(epilogue({ fn: 'shift-left', bits: 52 }, { fn: 'shift-left', bits: 52 })),
    {
      laneBytes: 8,
    },
  ),
  'a scalar op beyond 2^53': stepOf(
    map(epilogue({ fn: 'mul', value: Number.MAX_SAFE_INTEGER }, { fn: 'clip', lo: 0, hi: 1 })),
  ),
  'an accumulator beyond 2^53': stepOf(fold({ run: 4 }), {
    within: 0,
    values: [tensor(8, new Array(8).fill(2 ** 52)), undefined],
  }),
  'a quotient by 0': stepOf(map(epilogue({ fn: 'floordiv', value: 0 }))),
  'a quotient by a lane below 1': stepOf(
    map({ operands: [along(0), along(1)], ...epilogue({ fn: 'floordiv-tensor', operand: 1 }) }),
  ),
  'the root of a negative lane': stepOf(map({ operands: [along(0, 4)], ...epilogue({ fn: 'isqrt' }) })),
  'a Map out of range': stepOf(map({ operands: [{ ...along(0), checks: outside }] })),
  'a scalar op out of range': stepOf(
    map({ operands: [along(0), { ...along(1), checks: outside }], ...epilogue({ fn: 'add-tensor', operand: 1 }) }),
  ),
  'a lookup below 0': stepOf(lookup(8), { values: [VALUES[0], tensor(1, [-1, 0, 0, 0])] }),
  'a lookup beyond the axis': stepOf(lookup(8)),
  'a lookup beyond the table': stepOf(lookup(100)),
  'a maximum of nothing': stepOf(fold({ reduction: 'max', operands: [{ ...along(0), checks: outside }] })),
  'a first place of nothing': stepOf(fold({ reduction: 'argmax', operands: [{ ...along(0), checks: outside }] })),
  'too many terms': stepOf(
    fold({ foldLoops: [2 ** 20, 8], operands: [{ ...along(0), address: { offset: 0, strides: [0, 1] } }] }),
  ),
  'too many chunks': stepOf(map({ outLoops: [64], lanesPerStep: 64, operands: [along(0, 0, 256)] }), {
    values: [{ laneBytes: 1, lanes: 64 * 256, bytes: new Uint8Array(64 * 256) }, undefined],
  }),
  'a step count that the op does not have': stepOf(map(), { stepCount: 2 }),
  'an output in another op’s place': stepOf(map({ output: 3 })),
  'an op in the last place': stepOf(map(), { isFinish: true }),
  'a Finish in an op’s place': { values: VALUES, descriptor: finish(0), stepCount: 1, within: 0 },
  'a Finish of a value that does not exist': {
    values: VALUES,
    descriptor: finish(3),
    isFinish: true,
    stepCount: 1,
    within: 0,
  },
  'a Finish of a value that is not written': {
    values: VALUES,
    descriptor: finish(0, 2),
    isFinish: true,
    stepCount: 1,
    within: 0,
  },
  'a Finish of several steps': { values: VALUES, descriptor: finish(0), isFinish: true, stepCount: 2, within: 0 },
  'a Finish of 65 outputs': {
    values: VALUES,
    descriptor: finish(...new Array<number>(65).fill(0)),
    isFinish: true,
    stepCount: 1,
    within: 0,
  },
  'half a word': stepOf(map(), { descriptor: new Uint8Array(7) }),
  'no words': stepOf(map(), { descriptor: new Uint8Array(0) }),
  'words after the end': stepOf(map(), { descriptor: concatBytes(stepOf(map()).descriptor, new Uint8Array(8)) }),
  'words left out': stepOf(map(), { descriptor: stepOf(map()).descriptor.subarray(0, -8) }),
  'a Program of another profile': stepOf(map(), { head: { profile: 2 } }),
  'a Program that ends before': stepOf(map(), { head: { steps: 0 } }),
  'a Program of too many values': stepOf(map(), { head: { constantCount: 2 ** 16 } }),
  'a Program of 2^32 − 1 constants': stepOf(map(), { head: { constantCount: 2 ** 32 - 1 } }),
}

describe('a step that keeps to the rules', () => {
  it.each(Object.keys(SOUND))('goes on: %s', async (name) => {
    expect((await execute(SOUND[name] as HostileParts)).trapped).toBe(false)
  })
})

describe('a step that breaks a rule', () => {
  it.each(Object.keys(TRAPS))('traps, and does not revert: %s', async (name) => {
    expect((await execute(TRAPS[name] as HostileParts)).trapped).toBe(true)
  })
})

describe('the most expensive steps', () => {
  const loops = new Array<number>(12).fill(2)
  const every = (stride: number) => loops.map(() => stride)
  const passing = { offset: 0, strides: every(1), extent: 100 }
  const failing = { offset: 100, strides: every(1), extent: 100 }
  const wide = (stride: number, checks: OperandMap['checks']): OperandMap => ({
    value: 0,
    address: { offset: 0, strides: loops.map((_, loop) => stride * 2 ** (11 - loop)) },
    checks,
  })
  const chunks = (count: number): HostileValue => ({
    laneBytes: 1,
    lanes: 256 * count,
    bytes: new Uint8Array(256 * count),
  })
  const values = [chunks(40), undefined]
  const move: MoveOp = {
    kind: 'move',
    output: 2,
    outLoops: loops,
    operands: [
      ...Array.from({ length: 7 }, () => wide(1, [passing, passing, passing, passing, passing, failing])),
      wide(150, new Array(6).fill(passing)),
    ],
    padValue: 0,
    lanesPerStep: 64,
  }
  const scattered = map({
    outLoops: loops,
    lanesPerStep: 64,
    operands: Array.from({ length: 4 }, (_, i) => wide(18 - i, new Array(6).fill(passing))),
    epilogue: Array.from({ length: 8 }, (_, i) => ({ fn: 'max-tensor', operand: (i + 1) % 4 })),
  })
  const strided = fold({
    outLoops: [],
    foldLoops: [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 128],
    product: true,
    operands: [0, 1].map(
      (shift): OperandMap => ({
        value: 0,
        address: { offset: shift, strides: [...new Array<number>(11).fill(0), 30] },
        checks: new Array(6).fill({ offset: 0, strides: new Array(12).fill(1), extent: 1000 }),
      }),
    ),
  })
  const limits = { 'a Move': move, 'a Map': scattered, 'a Fold': strided }

  it.each(Object.keys(limits) as (keyof typeof limits)[])('cost less than 3 M gas: %s', async (name) => {
    const parts = stepOf(limits[name], { values })
    const { gas, witness } = await execute(parts)
    expect(witness.length).toBeLessThan(MAX_WITNESS_BYTES)
    expect(gas).toBeGreaterThan(300_000)
    expect(gas).toBeLessThan(3_000_000)
  })

  it('fit a witness: a Finish of 64 outputs scattered over a full value tree', async () => {
    const values = new Array<HostileValue>(2 ** VALUE_TREE_DEPTH - 1).fill(undefined)
    const outputs = Array.from({ length: 64 }, (_, i) => (i * 40_503 + 11) % values.length)
    for (const value of outputs) values[value] = tensor(1, [value % 100])
    const { trapped, gas, witness } = await execute({
      values,
      descriptor: finish(...outputs),
      isFinish: true,
      stepCount: 1,
      within: 0,
    })
    expect(trapped).toBe(false)
    expect(witness.length).toBeLessThan(MAX_WITNESS_BYTES)
    expect(gas).toBeLessThan(3_000_000)
  })
})

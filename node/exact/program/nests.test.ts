import { describe, expect, it } from 'vitest'
import { constantOf, type GraphParts, graphOf, inputOf } from '../../../test/support/small-graph.ts'
import { checkGraph } from '../check.ts'
import type { ConvOp, Op } from '../graph.ts'
import { lower } from './lower.ts'
import { type FoldOp, MAX_RUN, type Program } from './program.ts'
import { opSteps } from './steps.ts'

const lowered = (parts: GraphParts): Program => lower(checkGraph(graphOf(parts)))
const kinds = (program: Program) => program.ops.map(({ kind }) => kind)
const foldAt = (program: Program, index: number) => program.ops[index] as FoldOp
const ramp = (length: number) => Array.from({ length }, (_, i) => (i % 5) - 2)
const conv = (inputs: readonly [number, number], change: Partial<ConvOp> = {}): ConvOp => ({
  kind: 'conv',
  inputs,
  groups: 1,
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
  ...change,
})

describe('chains', () => {
  const dense: readonly Op[] = [
    { kind: 'matmul', inputs: [0, 1] },
    { kind: 'add', inputs: [3, 2] },
    { kind: 'shift-right', inputs: [4], bits: 2, rounding: 'half-even' },
    { kind: 'clip', inputs: [5], lo: 0, hi: 127 },
  ]
  const parts = {
    inputs: [inputOf([1, 4], -8, 7)],
    constants: [constantOf([4, 3], ramp(12)), constantOf([3], [10, 20, 30])],
    ops: dense,
  }

  it('turns bias, shift and clip into the epilogue of the contraction before them', () => {
    const program = lowered(parts)
    expect(kinds(program)).toEqual(['fold'])
    expect(foldAt(program, 0).epilogue).toEqual([
      { fn: 'add-tensor', operand: 2 },
      { fn: 'shift-right-half-even', bits: 2 },
      { fn: 'clip', lo: 0, hi: 127 },
    ])
    expect(program.values).toHaveLength(4)
  })

  it('stores a value that is read twice, or is an output', () => {
    const twice = [...dense, { kind: 'mul', inputs: [4, 6] } satisfies Op]
    expect(kinds(lowered({ ...parts, ops: twice }))).toEqual(['fold', 'map'])
    const outputs = [
      { value: 4, laneBytes: 8 },
      { value: 6, laneBytes: 8 },
    ] as const
    expect(kinds(lowered({ ...parts, outputs }))).toEqual(['fold', 'map'])
  })

  it('writes scalar constants into the descriptor, and commits only constants that are read', () => {
    const program = lowered({
      inputs: [inputOf([5], -8, 7)],
      constants: [constantOf([1], [3]), constantOf([], [100])],
      ops: [
        { kind: 'mul', inputs: [0, 1] },
        { kind: 'sub', inputs: [2, 3] },
        { kind: 'max', inputs: [4, 1] },
      ],
    })
    expect(program.constants).toHaveLength(0)
    expect(program.ops[0]).toMatchObject({
      epilogue: [
        { fn: 'mul', value: 3 },
        { fn: 'mul', value: -1 },
        { fn: 'add', value: 100 },
        { fn: 'clip', lo: 3, hi: Number.MAX_SAFE_INTEGER },
      ],
    })
  })

  it('chooses between a tensor and another in one Map, from the tensor', () => {
    const select: Op = { kind: 'select', inputs: [0, 1, 2] }
    const tensors = lowered({ inputs: [inputOf([3], 0, 1), inputOf([3], -8, 7), inputOf([3], 0, 7)], ops: [select] })
    expect(tensors.ops).toMatchObject([
      {
        kind: 'map',
        operands: [{ value: 1 }, { value: 2 }, { value: 0 }],
        epilogue: [
          { fn: 'sub-tensor', operand: 1 },
          { fn: 'mul-tensor', operand: 2 },
          { fn: 'add-tensor', operand: 1 },
        ],
      },
    ])
    const mask = lowered({
      inputs: [inputOf([3], 0, 1), inputOf([3, 3], -8, 7)],
      constants: [constantOf([], [-100])],
      ops: [
        { kind: 'reduce-max', inputs: [1], axes: [1], keepDims: false },
        { kind: 'select', inputs: [0, 3, 2] },
      ],
    })
    expect(mask.ops).toMatchObject([
      {
        kind: 'fold',
        epilogue: [
          { fn: 'add', value: 100 },
          { fn: 'mul-tensor', operand: 1 },
          { fn: 'add', value: -100 },
        ],
      },
    ])
  })

  it('chooses between scalars in the chain of the condition', () => {
    const program = lowered({
      inputs: [inputOf([3], -8, 7)],
      constants: [constantOf([], [5]), constantOf([1], [-3]), constantOf([], [2])],
      ops: [
        { kind: 'less', inputs: [1, 0] },
        { kind: 'select', inputs: [4, 2, 3] },
      ],
    })
    expect(program.ops).toMatchObject([
      {
        kind: 'map',
        epilogue: [
          { fn: 'greater', value: 5 },
          { fn: 'mul', value: -5 },
          { fn: 'add', value: 2 },
        ],
      },
    ])
  })

  it('divides what it holds, and never by it', () => {
    const program = lowered({
      inputs: [inputOf([3], 1, 7)],
      constants: [constantOf([], [100])],
      ops: [
        { kind: 'shift-left', inputs: [0], bits: 2 },
        { kind: 'floordiv', inputs: [1, 2] },
        { kind: 'isqrt', inputs: [3] },
      ],
    })
    expect(program.ops).toMatchObject([
      { kind: 'map', epilogue: [{ fn: 'shift-left', bits: 2 }] },
      {
        kind: 'map',
        operands: [{ value: 1 }, { value: 2 }],
        epilogue: [{ fn: 'floordiv-tensor', operand: 1 }, { fn: 'isqrt' }],
      },
    ])
  })

  it('opens another nest where an epilogue is full', () => {
    const ops = Array.from({ length: 20 }, (_, i): Op => ({ kind: 'clip', inputs: [i], lo: -8 + i, hi: 40 }))
    expect(kinds(lowered({ inputs: [inputOf([3], -8, 7)], ops }))).toEqual(['map', 'map', 'map'])
  })

  it('costs nothing for a reshape', () => {
    const program = lowered({
      inputs: [inputOf([2, 3], -8, 7)],
      ops: [
        { kind: 'reduce-max', inputs: [0], axes: [1], keepDims: false },
        { kind: 'reshape', inputs: [1], shape: [1, 2, 1] },
        { kind: 'shift-left', inputs: [2], bits: 1 },
      ],
    })
    expect(kinds(program)).toEqual(['fold', 'map'])
  })
})

describe('runs', () => {
  it('lays the weights of a matmul out along the reduction', () => {
    const program = lowered({
      inputs: [inputOf([2, 300], -8, 7)],
      constants: [constantOf([300, 2], ramp(600))],
      ops: [{ kind: 'matmul', inputs: [0, 1] }],
    })
    const fold = foldAt(program, 0)
    expect(fold).toMatchObject({ outLoops: [2, 2], foldLoops: [300], run: MAX_RUN })
    expect(Array.from(program.constants[0] ?? []).slice(0, 300)).toEqual(ramp(600).filter((_, i) => i % 2 === 0))
    expect(opSteps(fold, 4)).toBe(4 * 3)
  })

  it('stores activations between convolutions with channels innermost', () => {
    const program = lowered({
      inputs: [inputOf([1, 1, 5, 5], -8, 7)],
      constants: [constantOf([6, 1, 3, 3], ramp(54)), constantOf([2, 6, 3, 3], ramp(108))],
      ops: [conv([0, 1]), { kind: 'clip', inputs: [3], lo: -8, hi: 7 }, conv([4, 2])],
    })
    expect(kinds(program)).toEqual(['fold', 'fold'])
    expect(foldAt(program, 0)).toMatchObject({ outLoops: [5, 5, 6], foldLoops: [3, 3], run: MAX_RUN })
    expect(foldAt(program, 1)).toMatchObject({ outLoops: [2, 5, 5], foldLoops: [3, 3, 6], run: MAX_RUN })
  })

  it('joins loops that run on evenly', () => {
    const program = lowered({
      inputs: [inputOf([1, 1, 4, 4], -8, 7)],
      constants: [constantOf([3, 1, 4, 4], ramp(48))],
      ops: [conv([0, 1], { pads: [0, 0, 0, 0] })],
    })
    expect(foldAt(program, 0)).toMatchObject({ outLoops: [3], foldLoops: [16], run: MAX_RUN })
    expect(foldAt(program, 0).operands.every(({ checks }) => checks.length === 0)).toBe(true)
  })

  it('takes terms one by one where an operand is strided', () => {
    const program = lowered({
      inputs: [inputOf([2, 3], -8, 7), inputOf([3, 2], -8, 7)],
      ops: [{ kind: 'matmul', inputs: [0, 1] }],
    })
    expect(foldAt(program, 0).run).toBe(1)
    expect(opSteps(foldAt(program, 0), 4)).toBe(12)
  })

  it('keeps a constant in two orders at most', () => {
    const program = lowered({
      inputs: [inputOf([2, 4], -8, 7), inputOf([4, 4], -8, 7)],
      constants: [constantOf([4, 4], ramp(16))],
      ops: [
        { kind: 'matmul', inputs: [0, 2] },
        { kind: 'matmul', inputs: [2, 1] },
        { kind: 'matmul', inputs: [3, 4] },
      ],
    })
    expect(program.constants).toHaveLength(2)
  })
})

describe('steps of several lanes', () => {
  it('are 64 lanes of neighbours, and fewer where the operand is scattered over a large value', () => {
    const transposed = (shape: readonly number[]) =>
      lowered({
        inputs: [inputOf(shape, -8, 7)],
        ops: [{ kind: 'transpose', inputs: [0], permutation: [1, 0] }],
        outputs: [{ value: 1, laneBytes: 1 }],
      }).ops[0]
    expect(transposed([4, 8])).toMatchObject({ kind: 'move', lanesPerStep: 64 })
    expect(transposed([512, 512])).toMatchObject({ kind: 'move', lanesPerStep: 16 })
  })

  it('stay within a chunk of 8-byte lanes', () => {
    const wide = lowered({
      inputs: [inputOf([100], -(2 ** 40), 2 ** 40)],
      ops: [{ kind: 'clip', inputs: [0], lo: 0, hi: 2 ** 40 }],
    })
    expect(wide.ops[0]).toMatchObject({ lanesPerStep: 32 })
    expect(wide.ops.map((op) => opSteps(op, 100))).toEqual([4])
  })
})

describe('concat', () => {
  it('is one Move of few parts, and a tree of Moves of many', () => {
    const few = { kind: 'concat', inputs: [0, 0, 0], axis: 0 } satisfies Op
    expect(
      kinds(lowered({ inputs: [inputOf([2], -8, 7)], ops: [few], outputs: [{ value: 1, laneBytes: 1 }] })),
    ).toEqual(['move'])
    const many = { kind: 'concat', inputs: new Array<number>(65).fill(0), axis: 0 } satisfies Op
    const program = lowered({ inputs: [inputOf([2], -8, 7)], ops: [many], outputs: [{ value: 1, laneBytes: 1 }] })
    expect(kinds(program)).toHaveLength(9 + 2 + 1)
  })
})

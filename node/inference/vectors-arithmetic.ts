import type { Bounds, Op, OpKind, ValueId } from '../exact/graph.ts'
import { constant, type ExactVector, type VectorInput, vector } from './exact-vector.ts'

const SAFE = Number.MAX_SAFE_INTEGER

/** An element type at its edge: inputs that reach `reach`, which ops of value `id` then compute in `dtype`. */
interface Edge {
  readonly dtype: 'float32' | 'int32' | 'float64'
  readonly reach: number
  /** Makes the inputs; a float32 one is 2-byte lanes shifted up, since 4-byte lanes are computed as the int32 they are. */
  readonly bits: number
}

const EDGES: readonly Edge[] = [
  { dtype: 'float32', reach: 32_767, bits: 9 },
  { dtype: 'int32', reach: 2 ** 31 - 1, bits: 0 },
  { dtype: 'float64', reach: SAFE, bits: 0 },
]

/** Lane-wise ops and reductions at the edges of float32, int32 and float64, and rounding ties of both signs. */
export function arithmeticVectors(): ExactVector[] {
  return [...roundings(), ...EDGES.flatMap(edgeVectors), ...products(), ...indexing()]
}

function roundings(): ExactVector[] {
  const ties = [-13, -12, -11, -10, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13]
  const shift = (name: string, dtype: string, reach: number, bits: number, rounding: 'floor' | 'half-even') =>
    vector({
      name: `${name}, ${rounding}`,
      kernel: `shift-right-${dtype}`,
      inputs: [{ lo: -reach, hi: reach, shape: [37], lanes: [...ties, reach, -reach, 1 - reach, reach - 1] }],
      ops: [{ kind: 'shift-right', inputs: [0], bits, rounding }],
    })
  return (['floor', 'half-even'] as const).flatMap((rounding) => [
    shift('ties in float32', 'float32', 2 ** 24, 1, rounding),
    shift('quarters in float32', 'float32', 2 ** 24, 2, rounding),
    shift('ties in float64', 'float64', SAFE, 1, rounding),
    shift('nearly all bits in float64', 'float64', SAFE, 52, rounding),
  ])
}

/** Every lane-wise op and reduction whose result is as great as its operands. */
function edgeVectors(edge: Edge): ExactVector[] {
  const axes = { axes: [0, 2], keepDims: false } as const
  const one = (kind: OpKind, op: (id: ValueId) => Op, scale = 1): ExactVector => edgeVector(edge, kind, op, scale)
  const top = edge.reach * 2 ** edge.bits
  return [
    one('min', (id) => ({ kind: 'min', inputs: [id, 0] })),
    one('max', (id) => ({ kind: 'max', inputs: [0, id] })),
    one('add', (id) => ({ kind: 'add', inputs: [id, id] }), 1 / 2),
    one('sub', (id) => ({ kind: 'sub', inputs: [0, id] }), 1 / 2),
    one('clip', (id) => ({ kind: 'clip', inputs: [id], lo: 1 - top, hi: SAFE })),
    one('shift-left', (id) => ({ kind: 'shift-left', inputs: [id], bits: 3 }), 1 / 8),
    one('reduce-sum', (id) => ({ kind: 'reduce-sum', inputs: [id], ...axes }), 1 / 8),
    one('reduce-max', (id) => ({ kind: 'reduce-max', inputs: [id], ...axes })),
    one('reduce-min', (id) => ({ kind: 'reduce-min', inputs: [id], ...axes })),
    one('less', (id) => ({ kind: 'less', inputs: [id, 0] })),
    one('equal', (id) => ({ kind: 'equal', inputs: [0, id] })),
    one('argmax', (id) => ({ kind: 'argmax', inputs: [id], axis: 2, keepDims: true })),
  ]
}

function edgeVector({ dtype, reach, bits }: Edge, kind: OpKind, op: (id: ValueId) => Op, scale: number): ExactVector {
  const top = bits === 0 ? Math.floor(reach * scale) : reach
  const shift = bits + Math.round(Math.log2(bits === 0 ? 1 : scale))
  const input = { lo: -top, hi: top, shape: [2, 3, 4], lanes: [top, top, -top, top - 1, top, 0, -1] }
  const name = `${kind} at the edge of ${dtype}`
  const kernel = `${kind}-${dtype}`
  if (shift === 0) return vector({ name, kernel, inputs: [input], ops: [op(0)] })
  return vector({ name, kernel, inputs: [input], ops: [{ kind: 'shift-left', inputs: [0], bits: shift }, op(1)] })
}

function products(): ExactVector[] {
  const product = (dtype: string, reach: number, other: number): ExactVector =>
    vector({
      name: `mul of ${reach} and ${other}`,
      kernel: `mul-${dtype}`,
      inputs: [
        { lo: -reach, hi: reach, shape: [3, 7], lanes: [reach, -reach, 0, 1, reach - 1] },
        { lo: -other, hi: other, shape: [7], lanes: [other, -other, 0, other] },
      ],
      ops: [{ kind: 'mul', inputs: [0, 1] }],
    })
  return [product('float32', 4096, 4096), product('int32', 46_341, 46_340), product('float64', 2 ** 26, 2 ** 26 + 1)]
}

/** Ops that move lanes, on values that only float64 tells apart, and a lookup with indices from an argmax. */
function indexing(): ExactVector[] {
  const bounds: Bounds = { lo: -SAFE, hi: SAFE }
  const input: VectorInput = { ...bounds, shape: [2, 3, 4], lanes: [SAFE, -SAFE, SAFE - 1, 2 - SAFE, 0, 5, -7] }
  const moved = (op: Op): ExactVector => vector({ name: op.kind, kernel: op.kind, inputs: [input], ops: [op] })
  return [
    moved({ kind: 'reshape', inputs: [0], shape: [4, 6] }),
    moved({ kind: 'transpose', inputs: [0], permutation: [2, 0, 1] }),
    moved({ kind: 'slice', inputs: [0], starts: [1, 2, 0], sizes: [2, 2, 2], steps: [-1, -2, 3] }),
    vector({
      name: 'slice backwards, in float32',
      kernel: 'slice',
      inputs: [{ lo: -99, hi: 99, shape: [3, 5], lanes: [1, 2, 3, 4, 5, 6, 7] }],
      ops: [
        { kind: 'mul', inputs: [0, 0] },
        { kind: 'slice', inputs: [1], starts: [2, 3], sizes: [2, 2], steps: [-1, -2] },
      ],
    }),
    moved({ kind: 'pad', inputs: [0], pads: [0, 1, 2, 1, 0, 0], value: SAFE - 2 }),
    moved({ kind: 'concat', inputs: [0, 0, 0], axis: 1 }),
    moved({ kind: 'expand', inputs: [0], shape: [2, 2, 3, 4] }),
    vector({
      name: 'select, by a comparison that broadcasts',
      kernel: 'where',
      inputs: [{ lo: 0, hi: SAFE - 1, shape: [2, 3, 4], lanes: [SAFE - 1, 0, SAFE - 2, 3, 2] }],
      constants: [constant([4], [3, -1, SAFE - 1, 2]), constant([3, 1], [-1, 7, 0])],
      ops: [
        { kind: 'less', inputs: [0, 1] },
        { kind: 'select', inputs: [3, 0, 2] },
      ],
    }),
    vector({
      name: 'gather-elements along an inner axis',
      kernel: 'gather-elements',
      inputs: [{ ...input, shape: [2, 3, 2] }],
      constants: [constant([2, 4, 2], [2, 0, 1, 1, 0, 2])],
      ops: [{ kind: 'gather-elements', inputs: [1, 0], axis: 1 }],
    }),
    vector({
      name: 'lookup in a table of one axis',
      kernel: 'gather-elements',
      inputs: [{ lo: 0, hi: 2, shape: [2, 3, 2], lanes: [2, 0, 1, 1, 0] }],
      constants: [constant([3], [SAFE, -SAFE, 7])],
      ops: [{ kind: 'lookup', inputs: [0, 1], axis: 0 }],
    }),
    vector({
      name: 'lookup, with indices from an argmax: the first of equals',
      kernel: 'gather',
      inputs: [{ lo: -9, hi: 9, shape: [4, 3], lanes: [1, 9, 9, -9, -9, -9, 0, 0, 1] }],
      constants: [constant([3, 2], [SAFE, -SAFE, 1, -1, 2, 0])],
      ops: [
        { kind: 'argmax', inputs: [0], axis: 1, keepDims: false },
        { kind: 'lookup', inputs: [2, 1], axis: 0 },
      ],
    }),
  ]
}

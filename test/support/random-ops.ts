import type { Op, OpKind, ValueId } from '../../node/exact/graph.ts'
import { shapeSize } from '../../node/exact/tensor-data.ts'
import type { GraphBuilder } from './graph-builder.ts'
import {
  broadcastable,
  clipTo,
  factors,
  factsOf,
  permutation,
  pickConstant,
  pickImage,
  pickPartner,
  pickPositive,
  pickRange,
  pickRanked,
  pickValue,
  pickWindow,
  rankOf,
  tamed,
  valueAs,
} from './random-picks.ts'
import type { Pick } from './random-source.ts'

/** Adds an op of one kind, and whatever it needs around it, onto values of the builder. Adds nothing where nothing fits. */
export type Grow = (builder: GraphBuilder, pick: Pick) => void

/** One way to grow for each kind of op. */
export const GROW: { readonly [K in OpKind]: Grow } = {
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  min: binary('min'),
  max: binary('max'),
  clip: (b, pick) => {
    const x = pickValue(b, pick)
    const { lo, hi } = pickRange(pick)
    b.op({ kind: 'clip', inputs: [x], lo, hi })
  },
  'shift-left': (b, pick) => {
    tamed(b, pickValue(b, pick), pick, (x) => b.op({ kind: 'shift-left', inputs: [x], bits: 1 + pick(12) }))
  },
  'shift-right': (b, pick) => {
    const bits = pick(4) === 3 ? 1 + pick(52) : 1 + pick(12)
    b.op({ kind: 'shift-right', inputs: [pickValue(b, pick)], bits, rounding: pick(2) === 0 ? 'floor' : 'half-even' })
  },
  floordiv: (b, pick) => {
    const divisor = pickPositive(b, pick, 2 ** 53 - 1)
    b.op({ kind: 'floordiv', inputs: [pickPartner(b, divisor, pick), divisor] })
  },
  isqrt: (b, pick) => {
    const x = pickValue(b, pick)
    const { lo, hi } = factsOf(b, x)
    const top = [2 ** 52 - 1, 2 ** 24, 2 ** 24 + 1, 1000][pick(4)] as number
    const radicand = lo >= 0 && hi < 2 ** 52 ? x : clipTo(b, x, { lo: 0, hi: top })
    if (radicand !== undefined) b.op({ kind: 'isqrt', inputs: [radicand] })
  },
  less: compare('less'),
  equal: compare('equal'),
  select,
  matmul,
  conv,
  'sum-pool': pool('sum-pool'),
  'max-pool': pool('max-pool'),
  'reduce-sum': reduce('reduce-sum'),
  'reduce-max': reduce('reduce-max'),
  'reduce-min': reduce('reduce-min'),
  argmax: (b, pick) => {
    const x = pickRanked(b, pick, 1)
    b.op({ kind: 'argmax', inputs: [x], axis: pick(rankOf(b, x)), keepDims: pick(2) === 1 })
  },
  lookup,
  'gather-elements': gatherElements,
  reshape: (b, pick) => {
    const x = pickValue(b, pick)
    b.op({ kind: 'reshape', inputs: [x], shape: factors(shapeSize(factsOf(b, x).shape), pick(5), pick) })
  },
  transpose: (b, pick) => {
    const x = pickValue(b, pick)
    b.op({ kind: 'transpose', inputs: [x], permutation: permutation(rankOf(b, x), pick) })
  },
  slice,
  pad: (b, pick) => {
    const x = pickValue(b, pick)
    const pads = Array.from({ length: 2 * rankOf(b, x) }, () => pick(3))
    b.op({ kind: 'pad', inputs: [x], pads, value: [0, 1, -7, 300][pick(4)] as number })
  },
  concat,
  expand: (b, pick) => {
    const x = pickValue(b, pick)
    const { shape } = factsOf(b, x)
    const extents = shape.map((extent) => (extent === 1 ? 1 + pick(3) : extent))
    const outer = Array.from({ length: pick(2) }, () => 1 + pick(3))
    b.op({ kind: 'expand', inputs: [x], shape: [...outer, ...extents] })
  },
}

function binary(kind: 'add' | 'sub' | 'mul' | 'min' | 'max'): Grow {
  return (b, pick) => {
    tamed(b, pickValue(b, pick), pick, (x) => {
      const y = pick(3) === 2 ? pickValue(b, pick) : pickConstant(b, broadcastable(factsOf(b, x).shape, pick), pick)
      const inputs = pick(2) === 0 ? ([x, y] as const) : ([y, x] as const)
      return b.op({ kind, inputs }) ?? b.op({ kind, inputs: [x, x] })
    })
  }
}

function compare(kind: 'less' | 'equal'): Grow {
  return (b, pick) => {
    const x = pickValue(b, pick)
    const y = pickPartner(b, x, pick)
    b.op({ kind, inputs: pick(2) === 0 ? [x, y] : [y, x] })
  }
}

function select(b: GraphBuilder, pick: Pick): void {
  const chosen = pick(3) === 2 ? pickConstant(b, broadcastable(factsOf(b, 0).shape, pick), pick) : pickValue(b, pick)
  tamed(b, chosen, pick, (x) => {
    const y = pickPartner(b, x, pick)
    const given = pickPartner(b, x, pick)
    const { lo, hi } = factsOf(b, given)
    const condition = lo >= 0 && hi <= 1 ? given : clipTo(b, given, { lo: 0, hi: 1 })
    if (condition === undefined) return undefined
    return b.op({ kind: 'select', inputs: pick(2) === 0 ? [condition, x, y] : [condition, y, x] })
  })
}

function matmul(b: GraphBuilder, pick: Pick): void {
  tamed(b, pickRanked(b, pick, 2), pick, (x) => {
    const { shape } = factsOf(b, x)
    const depth = shape.at(-1) as number
    const other = 1 + pick(5)
    const batch = pick(3) === 2 ? shape.slice(0, -2).map((extent) => (pick(2) === 0 ? extent : 1)) : []
    const style = pick(4)
    if (style === 2) {
      const constant = pickConstant(b, [...batch, other, shape.at(-2) as number], pick)
      return b.op({ kind: 'matmul', inputs: [constant, x] })
    }
    if (style === 3) {
      const axes = shape.map((_, axis) => axis)
      const swap = [...axes.slice(0, -2), axes.length - 1, axes.length - 2]
      const transposed = b.op({ kind: 'transpose', inputs: [x], permutation: swap })
      return transposed === undefined ? undefined : b.op({ kind: 'matmul', inputs: [x, transposed] })
    }
    return b.op({ kind: 'matmul', inputs: [x, pickConstant(b, [...batch, depth, other], pick)] })
  })
}

function conv(b: GraphBuilder, pick: Pick): void {
  const image = pickImage(b, pick)
  if (image === undefined) return
  tamed(b, image, pick, (x) => {
    const [, channels = 1, ...spatial] = factsOf(b, x).shape
    const groups = pick(3) === 2 ? channels : 1
    const outChannels = groups * (1 + pick(3))
    const { kernel, ...window } = pickWindow(spatial, pick)
    const shape = [outChannels, channels / groups, ...kernel]
    const weights = (pick(4) === 3 ? valueAs(b, x, shape) : undefined) ?? pickConstant(b, shape, pick)
    return b.op({ kind: 'conv', inputs: [x, weights], groups, ...window })
  })
}

function pool(kind: 'sum-pool' | 'max-pool'): Grow {
  return (b, pick) => {
    const image = pickImage(b, pick)
    if (image === undefined) return
    tamed(b, image, pick, (x) => {
      const window = pickWindow(factsOf(b, x).shape.slice(2), pick)
      const unpadded = { ...window, pads: window.pads.map(() => 0) }
      return b.op({ kind, inputs: [x], ...window }) ?? b.op({ kind, inputs: [x], ...unpadded })
    })
  }
}

function reduce(kind: 'reduce-sum' | 'reduce-max' | 'reduce-min'): Grow {
  return (b, pick) => {
    tamed(b, pickRanked(b, pick, 1), pick, (x) => {
      const first = pick(rankOf(b, x))
      const axes = factsOf(b, x).shape.flatMap((_, axis) => (axis === first || pick(3) === 2 ? [axis] : []))
      return b.op({ kind, inputs: [x], axes, keepDims: pick(2) === 1 })
    })
  }
}

function lookup(b: GraphBuilder, pick: Pick): void {
  const x = pickValue(b, pick)
  const extent = 1 + pick(2) * 255 + pick(9)
  const around = [[extent], [2, extent], [extent, 3], [2, extent, 2]][pick(4)] as number[]
  const other = pickRanked(b, pick, 1)
  const table = pick(4) === 3 ? other : pickConstant(b, around, pick)
  const { shape } = factsOf(b, table)
  const axis =
    table === other ? pick(shape.length) : Math.min(shape.length - 1, around.length > 1 && around[0] === 2 ? 1 : 0)
  const { lo, hi } = factsOf(b, x)
  const top = (shape[axis] as number) - 1
  const indices = lo >= 0 && hi <= top ? x : b.op({ kind: 'clip', inputs: [x], lo: 0, hi: top })
  if (indices !== undefined) b.op({ kind: 'lookup', inputs: [indices, table], axis })
}

function gatherElements(b: GraphBuilder, pick: Pick): void {
  const x = pickRanked(b, pick, 1)
  const { shape, lo, hi } = factsOf(b, x)
  const axis = pick(shape.length)
  const own = pickValue(b, pick)
  const fits = (id: ValueId) => {
    const other = factsOf(b, id).shape
    return other.length === shape.length && other.every((extent, i) => i === axis || extent === shape[i])
  }
  const table = fits(own) ? own : pickConstant(b, shape.with(axis, 1 + pick(9)), pick)
  const top = (factsOf(b, table).shape[axis] as number) - 1
  const indices = lo >= 0 && hi <= top ? x : clipTo(b, x, { lo: 0, hi: top })
  if (indices !== undefined) b.op({ kind: 'gather-elements', inputs: [indices, table], axis })
}

function slice(b: GraphBuilder, pick: Pick): void {
  const x = pickValue(b, pick)
  const cuts = factsOf(b, x).shape.map((extent) => {
    const size = extent - pick(extent)
    const stride = 1 + pick(2)
    const reach = (size - 1) * stride
    const step = pick(3) === 2 ? -stride : stride
    if (reach >= extent) return step < 0 ? { start: size - 1, size, step: -1 } : { start: 0, size, step: 1 }
    const first = pick(extent - reach)
    return { start: step < 0 ? first + reach : first, size, step }
  })
  const op: Op = {
    kind: 'slice',
    inputs: [x],
    starts: cuts.map((cut) => cut.start),
    sizes: cuts.map((cut) => cut.size),
    steps: cuts.map((cut) => cut.step),
  }
  b.op(op)
}

function concat(b: GraphBuilder, pick: Pick): void {
  const x = pickRanked(b, pick, 1)
  const { shape } = factsOf(b, x)
  const axis = pick(shape.length)
  const parts = Array.from({ length: pick(4) }, () => {
    const y = pickValue(b, pick)
    const other = factsOf(b, y).shape
    const fits = other.length === shape.length && other.every((extent, i) => i === axis || extent === shape[i])
    return fits ? y : pickConstant(b, shape.with(axis, 1 + pick(3)), pick)
  })
  b.op({ kind: 'concat', inputs: [x, ...parts], axis })
}

import { shapeEquals, shapeSize } from '../../exact/tensor-data.ts'
import type { FloatGraph, FloatNode, FloatTensor } from '../float-graph.ts'
import type { GraphEditor } from './graph-editor.ts'
import { eitherWay, type GraphIndex } from './graph-index.ts'

/** What is added to scores at or below this says that they take no part. Biases that models learn are far above. */
const MASKED = -1000

/** Which lanes take part: a boolean value, or all, or none. */
export type Kept = string | 'all' | 'none'

/** What an additive mask says: which lanes take part, and what is added to them. */
export interface Mask {
  readonly kept: Kept
  /** A constant, where it is not zero. */
  readonly bias?: string
}

/** A float or integer value that is one of two numbers. */
interface TwoValued {
  /** A boolean value of the same shape. */
  readonly condition: string
  readonly whenTrue: number
  readonly whenFalse: number
}

/** Reads masks: it adds boolean nodes that say which lanes take part, in the place of the arithmetic that writes that in floats. */
export interface MaskReader {
  /** The mask that an addend of scores is; undefined where it is something else. */
  read(name: string): Mask | undefined
  /** Lanes that take part in both. */
  both(a: Kept, b: Kept): Kept
  /** The boolean value that is the opposite of one. */
  opposite(condition: string): string
  /** A boolean value moved as a node moves its first operand. */
  move(node: FloatNode, condition: string): string
}

const MOVEMENTS: ReadonlySet<string> = new Set([
  'Expand',
  'Flatten',
  'Gather',
  'Identity',
  'Reshape',
  'Slice',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
])

/** Arithmetic of a number with a constant on its right. */
const RIGHT: Readonly<Record<string, (x: number, constant: number) => number>> = {
  Add: (x, c) => x + c,
  Sub: (x, c) => x - c,
  // 0 · −∞ is what float models avoid, too.
  Mul: (x, c) => (x === 0 ? 0 : x * c),
  Div: (x, c) => x / c,
  Max: (x, c) => Math.max(x, c),
  Min: (x, c) => Math.min(x, c),
}

/** A reader of the masks of one graph. */
export function createMaskReader(graph: FloatGraph, index: GraphIndex, editor: GraphEditor): MaskReader {
  const known = new Map<string, Mask | undefined>()
  const shapeOf = (name: string) => editor.value(name).shape

  function boolean(opType: string, inputs: readonly string[], shape: readonly number[], wanted: string): string {
    return editor.add({ opType, inputs, wanted }, { kind: 'boolean', shape })
  }

  function opposite(condition: string): string {
    return boolean('Not', [condition], shapeOf(condition), `${condition}/opposite`)
  }

  function both(a: Kept, b: Kept): Kept {
    if (a === 'none' || b === 'none') return 'none'
    if (a === 'all' || b === 'all') return a === 'all' ? b : a
    return boolean('And', [a, b], broadcast(shapeOf(a), shapeOf(b)), `${a}/and`)
  }

  function move(node: FloatNode, condition: string): string {
    const [result = ''] = node.outputs
    const inputs = [condition, ...node.inputs.slice(1)]
    const { opType, attributes } = node
    const moved = { opType, inputs, attributes, wanted: `${result}/kept` }
    return editor.add(moved, { kind: 'boolean', shape: shapeOf(result) })
  }

  function isMovement({ opType, inputs }: FloatNode): boolean {
    return MOVEMENTS.has(opType) && inputs.slice(1).every((name) => graph.constants.has(name))
  }

  /** A value that is one of two numbers: a cast boolean, or a cast integer input of 0 and 1, through arithmetic with constants. */
  function twoValued(name: string): TwoValued | undefined {
    const node = index.maker(name)
    if (node === undefined) return graph.inputs.includes(name) ? inputBits(name) : undefined
    const [operand = ''] = node.inputs
    if (node.opType === 'Cast') {
      return editor.value(operand).kind === 'boolean'
        ? { condition: operand, whenTrue: 1, whenFalse: 0 }
        : twoValued(operand)
    }
    if (isMovement(node)) {
      const inner = twoValued(operand)
      return inner && { ...inner, condition: move(node, inner.condition) }
    }
    if (node.opType === 'Where') {
      const [whenTrue, whenFalse] = [index.number(node.inputs[1]), index.number(node.inputs[2])]
      const isWhole = shapeEquals(shapeOf(operand), shapeOf(name))
      return isWhole && whenTrue !== undefined && whenFalse !== undefined
        ? { condition: operand, whenTrue, whenFalse }
        : undefined
    }
    return arithmetic(node)
  }

  /** An integer input that a mask is made of holds 0 and 1: it is declared so. */
  function inputBits(name: string): TwoValued | undefined {
    if (editor.value(name).kind !== 'integer') return undefined
    const condition = boolean('Cast', [name], shapeOf(name), `${name}/kept`)
    return { condition, whenTrue: 1, whenFalse: 0 }
  }

  function arithmetic(node: FloatNode): TwoValued | undefined {
    const compute = RIGHT[node.opType]
    if (compute === undefined || node.inputs.length !== 2) return undefined
    for (const [name, other] of eitherWay(node)) {
      const constant = index.number(other)
      if (constant === undefined) continue
      const inner = twoValued(name)
      if (inner === undefined || !shapeEquals(shapeOf(name), shapeOf(node.outputs[0] as string))) return undefined
      const isRight = other === node.inputs[1]
      const f = (x: number) => (isRight ? compute(x, constant) : fromLeft(node.opType, constant, x))
      return { condition: inner.condition, whenTrue: f(inner.whenTrue), whenFalse: f(inner.whenFalse) }
    }
    const [a, b] = node.inputs.map(twoValued)
    const areBits = [a, b].every((one) => one?.whenTrue === 1 && one.whenFalse === 0)
    if (node.opType !== 'Mul' || !areBits || a === undefined || b === undefined) return undefined
    return { condition: both(a.condition, b.condition), whenTrue: 1, whenFalse: 0 }
  }

  function ofConstant(name: string, { shape, data }: FloatTensor): Mask | undefined {
    const lanes = Array.from(data)
    const isMasked = lanes.map((x) => x <= MASKED)
    const addends = lanes.map((x) => (x <= MASKED ? 0 : x))
    const hasBias = addends.some((x) => x !== 0)
    if (!isMasked.includes(true)) return hasBias ? undefined : { kept: 'all' }
    if (!isMasked.includes(false)) return { kept: 'none' }
    const bits = Float64Array.from(isMasked, (masked) => (masked ? 0 : 1))
    const kept = editor.constant(`${name}/kept`, { kind: 'boolean', shape, data: bits })
    if (!hasBias) return { kept }
    return { kept, bias: editor.constant(`${name}/bias`, { kind: 'float', shape, data: Float64Array.from(addends) }) }
  }

  function find(name: string): Mask | undefined {
    const constant = graph.constants.get(name)
    if (constant !== undefined) return shapeSize(constant.shape) > 0 ? ofConstant(name, constant) : undefined
    const bits = twoValued(name)
    if (bits !== undefined) return ofTwo(bits)
    const node = index.maker(name)
    if (node === undefined) return undefined
    if (isMovement(node)) {
      const inner = read(node.inputs[0] as string)
      if (inner === undefined || inner.bias !== undefined) return undefined
      return typeof inner.kept === 'string' && inner.kept !== 'all' && inner.kept !== 'none'
        ? { kept: move(node, inner.kept) }
        : inner
    }
    return ofArithmetic(node)
  }

  function ofTwo({ condition, whenTrue, whenFalse }: TwoValued): Mask | undefined {
    const [isTrueMasked, isFalseMasked] = [whenTrue <= MASKED, whenFalse <= MASKED]
    if (isTrueMasked === isFalseMasked || (isTrueMasked ? whenFalse : whenTrue) !== 0) return undefined
    return { kept: isTrueMasked ? opposite(condition) : condition }
  }

  function ofArithmetic(node: FloatNode): Mask | undefined {
    const [first = '', second = '', third = ''] = node.inputs
    if (node.opType === 'Where') return ofChoice(first, plain(read(second)), plain(read(third)))
    if (node.opType === 'Add') {
      const [a, b] = [plain(read(first)), plain(read(second))]
      return a === undefined || b === undefined ? undefined : { kept: both(a, b) }
    }
    for (const [name, other] of eitherWay(node)) {
      const constant = index.number(other)
      const keeps = node.opType === 'Mul' ? (constant ?? 0) > 0 : node.opType === 'Max' && (constant ?? 0) <= MASKED
      if (keeps && constant !== undefined) return read(name)
    }
    return undefined
  }

  function ofChoice(condition: string, a: Kept | undefined, b: Kept | undefined): Mask | undefined {
    if (a === undefined || b === undefined) return undefined
    if (a === 'none') return { kept: both(opposite(condition), b) }
    if (b === 'none') return { kept: both(condition, a) }
    if (a === 'all' && b === 'all') return { kept: 'all' }
    const [whenTrue, whenFalse] = [a === 'all' ? b : a, b === 'all' ? a : b]
    if (a === 'all') return { kept: either(condition, whenFalse) }
    if (b === 'all') return { kept: either(opposite(condition), whenTrue) }
    const shape = broadcast(shapeOf(condition), broadcast(shapeOf(a), shapeOf(b)))
    return { kept: boolean('Where', [condition, a, b], shape, `${condition}/chosen`) }
  }

  function either(a: string, b: string): string {
    return boolean('Or', [a, b], broadcast(shapeOf(a), shapeOf(b)), `${a}/or`)
  }

  function read(name: string): Mask | undefined {
    if (!known.has(name)) known.set(name, find(name))
    return known.get(name)
  }

  return { read, both, opposite, move }
}

function fromLeft(opType: string, constant: number, x: number): number {
  if (opType === 'Sub') return constant - x
  if (opType === 'Div') return constant / x
  return (RIGHT[opType] as (x: number, c: number) => number)(x, constant)
}

/** What a mask keeps, where it adds nothing else. */
function plain(mask: Mask | undefined): Kept | undefined {
  return mask?.bias === undefined ? mask?.kept : undefined
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    return Math.max(a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1)
  })
}

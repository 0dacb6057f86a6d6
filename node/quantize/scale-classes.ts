import type { FloatNode } from './float-graph.ts'
import { type Interval, stepFor } from './formats.ts'
import { bitsOf, type PlanInputs } from './widths.ts'

/** What the choice of scales needs to know of the plan so far. */
interface Wanted {
  wanted(name: string): readonly number[]
  covered(name: string, bits: number): Interval
  isStream(bits: number): boolean
  stepOf(name: string, bits: number): number
}

/**
 * Classes of values whose steps differ by known ratios and powers of two. Within a class shifts convert between formats, and a
 * contraction whose result is in it makes its weights absorb the scale.
 */
export interface ScaleClasses {
  /** Chooses a scale for every class; in the order of the nodes, so that derived ones follow their operands. */
  resolve(): void
  /** The value's steps are this times a power of two. */
  scale(name: string): number
  /** The power of two that all streams of the value's class share. */
  streamFactor(name: string, bits: number): number
}

const NO_DEMAND = { bits: 0, exact: 0 }

/** One class of a value alone, until `ties` join them (union-find with ratios, in log2). */
export function createScaleClasses(inputs: PlanInputs, wanted: Wanted): ScaleClasses {
  const { graph } = inputs
  const parents = new Map<string, { readonly parent: string; readonly log: number }>()
  const members = new Map<string, string[]>()
  const scales = new Map<string, number>()
  /** Classes whose streams have a decimal step. */
  const decimal = new Set<string>()
  const streamFactors = new Map<string, number>()
  const outputs = new Set(graph.outputs)
  const isFloat = (name: string) => graph.values.get(name)?.kind === 'float'

  /** The root of a value's class, and log2 of step(name) / step(root). */
  function find(name: string): { readonly root: string; readonly log: number } {
    let [root, log] = [name, 0]
    for (let link = parents.get(root); link !== undefined; link = parents.get(root)) {
      root = link.parent
      log += link.log
    }
    if (root !== name) parents.set(name, { parent: root, log })
    return { root, log }
  }

  const membersOf = (root: string): string[] => members.get(root) ?? [root]

  function join(a: string, b: string, ratio: number): void {
    const [left, right] = [find(a), find(b)]
    if (left.root === right.root) return
    parents.set(right.root, { parent: left.root, log: left.log + Math.log2(ratio) - right.log })
    members.set(left.root, membersOf(left.root).concat(membersOf(right.root)))
  }

  for (const node of graph.nodes) {
    for (const { a, b, ratio } of inputs.handlerOf(node).ties?.(node, graph) ?? []) {
      if (isFloat(a) && isFloat(b) && ratio > 0 && Number.isFinite(ratio)) join(a, b, ratio)
    }
  }

  function scale(name: string): number {
    const { root, log } = find(name)
    const found = scales.get(root) ?? choose(root)
    scales.set(root, found)
    return found * 2 ** log
  }

  /** The scale at which the formats of the class's operands waste the fewest bits in all. */
  function choose(root: string): number {
    const isWanted = membersOf(root).some((name) => wanted.wanted(name).length > 0)
    // Values that nothing wants rounded may still be: in the widest format, as streams are.
    const unwanted = isWanted ? [] : [inputs.precisionOf(undefined).streamBits]
    const demands = membersOf(root).flatMap((name) => {
      const { log } = find(name)
      return [...wanted.wanted(name), ...unwanted].map((bits) => {
        const { lo, hi } = wanted.covered(name, bits)
        return { bits, exact: (Math.max(hi, 0) - Math.min(lo, 0)) / (2 ** bits - 1) / 2 ** log }
      })
    })
    // What people read gets a decimal step, where nothing needs another.
    const read = membersOf(root).find((name) => outputs.has(name))
    const isFree = demands.every(({ bits }) => wanted.isStream(bits))
    if (read !== undefined && isFree) {
      const { exact } = demands.reduce((most, demand) => (demand.exact > most.exact ? demand : most), NO_DEMAND)
      if (exact > 0) {
        decimal.add(root)
        const places = Math.ceil(Math.log10(exact * 2 ** find(read).log))
        // The nearest number to the decimal: 10 ** -4 is not.
        return Number(`1e${places}`) / 2 ** find(read).log
      }
    }
    const spans = demands.filter(({ exact }) => exact > 0)
    const narrow = spans.filter(({ bits }) => !wanted.isStream(bits))
    const judges = narrow.length > 0 ? narrow : spans
    const waste = (candidate: number) =>
      judges.reduce((sum, { exact }) => sum + Math.log2(stepFor(candidate, { lo: 0, hi: exact }, 1) / exact), 0)
    let best = { scale: 1, waste: Number.POSITIVE_INFINITY }
    for (const { exact } of judges) {
      const found = waste(exact)
      if (found < best.waste) best = { scale: exact, waste: found }
    }
    return best.scale
  }

  function derive(node: FloatNode): void {
    const derives = inputs.handlerOf(node).derives
    const [result] = node.outputs
    if (derives === undefined || result === undefined || !isFloat(result)) return
    const { root, log } = find(result)
    if (scales.has(root)) return
    const step = derives(
      node,
      (index) => {
        const name = node.inputs[index] as string
        const bits =
          bitsOf(inputs, node, index) ?? wanted.wanted(name).at(-1) ?? inputs.precisionOf(undefined).streamBits
        return wanted.stepOf(name, bits)
      },
      graph,
    )
    if (step !== undefined && !scales.has(root)) scales.set(root, step / 2 ** log)
  }

  return {
    resolve: () => graph.nodes.forEach(derive),
    scale,
    streamFactor(name, bits) {
      const { root } = find(name)
      const key = `${root} ${bits}`
      const known = streamFactors.get(key)
      if (known !== undefined) return known
      const members = membersOf(root)
      const streams = members.filter((member) => wanted.wanted(member).some(wanted.isStream))
      const factors = (streams.length > 0 ? streams : members).map(
        (member) => stepFor(scale(member), wanted.covered(member, bits), bits) / scale(member),
      )
      const factor = decimal.has(root) ? 1 : Math.max(...factors)
      streamFactors.set(key, factor)
      return factor
    },
  }
}

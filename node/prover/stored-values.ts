import type { Tensor, TensorData, ValueFacts, ValueId } from '../exact/graph.ts'
import type { Model } from '../exact/model.ts'
import type { StoredSource } from '../exact/program/lowering.ts'
import type { ProgramValue } from '../exact/program/program.ts'
import { createByteLru } from '../protocol/byte-lru.ts'
import { AssayError, BugError, UnavailableError } from '../protocol/errors.ts'
import { storeLanes } from './lane-layout.ts'

/**
 * Runs a model natively and yields the row-major lanes of the graph's values asked for, in that order, whatever their arrays' width.
 * Each is the value of an op. One call is one inference.
 */
export type RunValues = (inputs: readonly Tensor[], values: readonly ValueId[]) => Promise<readonly TensorData[]>

/** The values of ops of the graph that a model's Program stores: all that {@link RunValues} is ever asked for. Ascending. */
export function tracedValues({ checked: { graph }, sources }: Pick<Model, 'checked' | 'sources'>): ValueId[] {
  const firstOp = graph.inputs.length + graph.constants.length
  const values = new Set(sources.map(({ value }) => value).filter((value) => value >= firstOp))
  return [...values].sort((a, b) => a - b)
}

/** The values of a Program for one input, as they are stored: in storage order and stored lane width. */
export interface StoredValues {
  /**
   * Lanes of these values of the Program, by id, in order. Callers do not write to them.
   * @throws UnavailableError when they cannot be computed now.
   */
  load(ids: readonly number[]): Promise<readonly TensorData[]>
}

/**
 * The values that native inference yields. Values are kept, the least recently used leaving first beyond `limitBytes`; one inference
 * brings what is asked for and as many of the following values as the limit has room for. So values that fit the limit together cost one
 * inference in all, and a walk through larger ones the size of them all over the limit.
 * Memory: the limit, and while an inference runs its results once more; a call that asks for more than the limit exceeds it by that.
 * @param inputs within the declared bounds, in the declared lanes.
 */
export function createNativeValues(
  model: Model,
  inputs: readonly Tensor[],
  runValues: RunValues,
  limitBytes: number,
): StoredValues {
  const { program, checked, sources } = model
  const firstOp = program.inputCount + program.constants.length
  const kept = createByteLru<TensorData>(limitBytes)

  function given(id: number): TensorData | undefined {
    return id < program.inputCount
      ? inputs[id]?.data
      : (program.constants[id - program.inputCount] ?? kept.get(`${id}`))
  }

  /** The values to compute for these missing ones: they, and what follows the first of them while there is room. */
  function plan(missing: readonly number[]): number[] {
    const planned = new Set(missing)
    let room = missing.reduce((left, id) => left - bytesOf(id), limitBytes)
    for (let id = Math.min(...missing); id < program.values.length; id++) {
      if (planned.has(id) || kept.get(`${id}`) !== undefined) continue
      room -= bytesOf(id)
      if (room < 0) break
      planned.add(id)
    }
    return [...planned].sort((a, b) => a - b)
  }

  function bytesOf(id: number): number {
    const { laneBytes, lanes } = program.values[id] as ProgramValue
    return laneBytes * lanes
  }

  async function compute(ids: readonly number[]): Promise<Map<number, TensorData>> {
    const wanted = [...new Set(ids.map((id) => sourceOf(id).value))].filter((value) => lanesGiven(value) === undefined)
    const lanes = wanted.length === 0 ? [] : await runSafely(wanted)
    const native = new Map(wanted.map((value, i) => [value, lanes[i] as TensorData]))
    return new Map(ids.map((id) => [id, store(id, native)]))
  }

  /** Lanes of a value of the graph that is no op's: outputs may be inputs or constants, in another lane width. */
  function lanesGiven(value: ValueId): TensorData | undefined {
    const { graph } = checked
    return inputs[value]?.data ?? graph.constants[value - graph.inputs.length]?.data
  }

  function store(id: number, native: ReadonlyMap<ValueId, TensorData>): TensorData {
    const source = sourceOf(id)
    const { shape, lo, hi } = checked.values[source.value] as ValueFacts
    const lanes = lanesGiven(source.value) ?? (native.get(source.value) as TensorData)
    return storeLanes(lanes, shape, { lo, hi }, source, program.values[id] as ProgramValue)
  }

  function sourceOf(id: number): StoredSource {
    const source = sources[id - firstOp]
    if (source === undefined) throw new BugError(`value ${id} of the Program is no op's`)
    return source
  }

  async function runSafely(values: readonly ValueId[]): Promise<readonly TensorData[]> {
    try {
      const lanes = await runValues(inputs, values)
      if (lanes.length === values.length) return lanes
      throw new UnavailableError(
        'NativeResultWrong',
        `the native engine gave ${lanes.length} values, not ${values.length}`,
      )
    } catch (cause) {
      if (cause instanceof AssayError && cause.kind !== 'Invalid') throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new UnavailableError('NativeRunFailed', `native inference failed: ${reason}`, { cause })
    }
  }

  return {
    async load(ids) {
      const found = ids.map(given)
      const missing = [...new Set(ids.filter((_, i) => found[i] === undefined))]
      const computed = missing.length === 0 ? new Map<number, TensorData>() : await compute(plan(missing))
      for (const [id, lanes] of computed) kept.set(`${id}`, lanes, bytesOf(id))
      return ids.map((id, i) => found[i] ?? (computed.get(id) as TensorData))
    },
  }
}

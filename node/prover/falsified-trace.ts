import type { TensorData, ValueFacts } from '../exact/graph.ts'
import type { Model } from '../exact/model.ts'
import { evaluateLane } from '../exact/program/interpret.ts'
import type { ProgramOp, ProgramValue } from '../exact/program/program.ts'
import { allocateData } from '../exact/tensor-data.ts'
import { concatBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { encodeLanes } from '../protocol/tensor-encoding.ts'
import { decodeInputs } from './canonical-inputs.ts'
import { createNativeValues, type StoredValues } from './stored-values.ts'
import { provideTrace, type TraceProvider, type TraceProviderOptions } from './trace-provider.ts'

/** Where a liar's trace leaves the truth: one lane of what an op writes is off by one. */
export interface Lie {
  /** Op of the Program, by index. */
  readonly op: number
  readonly lane: number
}

const VALUES_BYTES = 2 ** 28

/**
 * The trace of a liar, for fault injection: true up to one lane of one op, and from there on what follows from that lane, to outputs and
 * outputRoot. Such a liar has an answer to every question, and is right about every step but one.
 * Cost: later ops are evaluated lane by lane, so a lie early in a large model takes hours; memory: all of their values.
 * @throws InvalidError `LieImpossible` when there is no such lane, or its bounds allow one value only.
 */
export function createFalsifiedTraceProvider(options: TraceProviderOptions, lie: Lie): TraceProvider {
  const { model, runValues } = options
  const inputs = decodeInputs(model.manifest.inputs, options.inputs)
  const truth = createNativeValues(model, inputs, runValues, VALUES_BYTES)
  return provideTrace(options, inputs, falsifiedValues(model, truth, lie))
}

/** The canonical output bytes that go with {@link createFalsifiedTraceProvider}: what the liar's chain holds. Cost and errors: as there. */
export async function falsifiedOutput(options: TraceProviderOptions, lie: Lie): Promise<Uint8Array> {
  const { model, runValues } = options
  const inputs = decodeInputs(model.manifest.inputs, options.inputs)
  const truth = createNativeValues(model, inputs, runValues, VALUES_BYTES)
  const outputs = await falsifiedValues(model, truth, lie).load(model.program.outputs.map(({ value }) => value))
  return concatBytes(...outputs.map(encodeLanes))
}

/** A lie that shows: in the first lane of the model's first output. @throws InvalidError `LieImpossible` when no op writes that. */
export function lieInOutput({ program }: Model): Lie {
  const op = program.ops.findIndex(({ output }) => output === program.outputs[0]?.value)
  if (op < 0)
    throw new InvalidError('LieImpossible', 'the first output of the model is one of its inputs: no op writes it')
  return { op, lane: 0 }
}

/** The values of a Program with one lane off by one, and with all that follows from it. */
export function falsifiedValues({ program, checked, sources }: Model, truth: StoredValues, lie: Lie): StoredValues {
  const op = program.ops[lie.op]
  const source = sources[lie.op]
  if (op === undefined || source === undefined || !(lie.lane < (program.values[op.output] as ProgramValue).lanes)) {
    throw new InvalidError('LieImpossible', `the Program has no lane ${lie.lane} of op ${lie.op}`)
  }
  const { lo, hi } = checked.values[source.value] as ValueFacts
  if (lo === hi) throw new InvalidError('LieImpossible', `every lane of op ${lie.op} is ${lo}: choose another op`)
  const known: TensorData[] = []

  async function falsify({ output }: ProgramOp): Promise<void> {
    const [lanes] = (await truth.load([output])) as readonly [TensorData]
    const falsified = lanes.slice()
    const lane = lanes[lie.lane] as number
    // Within its proven bounds, so that all that follows is within its own.
    falsified[lie.lane] = lane === hi ? lane - 1 : lane + 1
    known[output] = falsified
  }

  async function evaluate(later: ProgramOp): Promise<void> {
    for (const { value } of later.operands) {
      known[value] ??= ((await truth.load([value])) as readonly [TensorData])[0]
    }
    const { laneBytes, lanes } = program.values[later.output] as ProgramValue
    const out = allocateData(laneBytes, lanes)
    for (let lane = 0; lane < lanes; lane++) out[lane] = evaluateLane(later, known, lane)
    known[later.output] = out
  }

  return {
    async load(ids) {
      const last = Math.max(...ids)
      for (const later of program.ops.slice(lie.op)) {
        if (later.output > last || known[later.output] !== undefined) continue
        await (later === op ? falsify(later) : evaluate(later))
      }
      const missing = ids.filter((id) => known[id] === undefined)
      const found = missing.length === 0 ? [] : await truth.load(missing)
      return ids.map((id) => known[id] ?? (found[missing.indexOf(id)] as TensorData))
    },
  }
}

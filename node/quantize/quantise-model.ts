import { buildFloatGraph, probedValues } from './build-float-graph.ts'
import { calibrate, feedsOf, measuredValues, type Progress, type Sample } from './calibration/calibrate.ts'
import type { Dimensions } from './dimensions.ts'
import type { FloatGraph, FloatNode } from './float-graph.ts'
import type { FloatSession, OpenFloatSession } from './float-session.ts'
import type { Interval } from './formats.ts'
import { chooseInputSpecs } from './input-specs.ts'
import { declareOutputs } from './observed-model.ts'
import { simplifyGraph } from './passes/simplify.ts'
import { PRECISIONS, type Precision } from './precision.ts'
import { refuse } from './quantise-error.ts'
import { type InputSpec, type QuantisedModel, quantiseGraph } from './quantise-graph.ts'
import { type FloatInput, type FloatModel, readFloatModel } from './read-float-model.ts'

/** A float model, read, simplified and calibrated: all that quantising needs, at any precision. */
export interface CalibratedModel {
  readonly graph: FloatGraph
  readonly inputs: readonly FloatInput[]
  readonly ranges: ReadonlyMap<string, Interval>
  readonly specs: readonly InputSpec[]
  readonly samples: readonly Sample[]
  /** The float file, able to give every value of the graph. Close it when the work is done. */
  readonly floats: FloatSession
}

/** Reads samples for the inputs of a model. @throws QuantiseError `QuantiseData`. */
export type ReadSamples = (inputs: readonly FloatInput[]) => readonly Sample[]

/**
 * Reads a float file and runs it over the samples.
 * @throws ImportError, QuantiseError naming what was wrong and the mend.
 */
export async function calibrateModel(
  file: Uint8Array,
  dimensions: Dimensions,
  readSamples: ReadSamples,
  open: OpenFloatSession,
  progress: Progress = () => {},
): Promise<CalibratedModel> {
  const model = readFloatModel(file, dimensions)
  const { inputs } = model
  const samples = readSamples(inputs)
  const [first] = samples
  if (first === undefined) refuse('QuantiseData', 'no calibration sample was given: name at least one with --calibrate')
  const graph = await readGraph(model, first as Sample, open)
  const session = await open(declareOutputs(file, computedValues(graph, model)))
  try {
    const ranges = await calibrate(graph, session, inputs, samples, progress)
    return { graph, inputs, ranges, specs: chooseInputSpecs(graph, inputs, samples), samples, floats: session }
  } catch (error) {
    await session.close()
    throw error
  }
}

async function readGraph(model: FloatModel, sample: Sample, open: OpenFloatSession): Promise<FloatGraph> {
  const session = await open(
    declareOutputs(
      model.bytes,
      probedValues(model).filter((name) => !model.declaredOutputs.has(name)),
    ),
  )
  try {
    return simplifyGraph(await buildFloatGraph(model, session, feedsOf(model.inputs, sample)))
  } finally {
    await session.close()
  }
}

/** Measured values that the file does not already give as outputs. */
function computedValues(graph: FloatGraph, { declaredOutputs, inputs }: FloatModel): string[] {
  const known = new Set([...declaredOutputs, ...inputs.map(({ name }) => name)])
  return measuredValues(graph).filter((name) => !known.has(name))
}

/** Quantises at the precision of each node. @throws QuantiseError. */
export function quantiseWith(
  { graph, ranges, specs }: CalibratedModel,
  precisionOf: (node: FloatNode | undefined) => Precision,
): QuantisedModel {
  return quantiseGraph(graph, { ranges, inputs: specs, precisionOf })
}

/** Quantises at one precision throughout. @throws QuantiseError. */
export function quantiseAt(calibrated: CalibratedModel, preset: 'fast' | 'precise'): QuantisedModel {
  return quantiseWith(calibrated, () => PRECISIONS[preset])
}

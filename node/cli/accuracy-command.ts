import { readFile } from 'node:fs/promises'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { emitCpu } from '../exact/emit/emit-cpu.ts'
import type { CheckedGraph, Tensor } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { importOnnx } from '../exact/import/import-onnx.ts'
import { buildModel } from '../exact/model.ts'
import { runReference } from '../exact/reference.ts'
import { shapeEquals } from '../exact/tensor-data.ts'
import { openOrtSession } from '../inference/ort-session.ts'
import { BugError, InvalidError } from '../protocol/errors.ts'
import type { Command } from './command.ts'
import { integer, toggle } from './settings.ts'

/** Accuracy of one model on its held-out set, in per cent, as float and as exact model. */
export interface AccuracyResult {
  readonly model: string
  readonly samples: number
  readonly floatPercent: number
  readonly exactPercent: number
  /** exactPercent − floatPercent. */
  readonly differencePoints: number
  /** Area under the ROC curve, for models that score. */
  readonly auc?: { readonly float: number; readonly exact: number }
  /** Samples that the reference interpreter answered too, with the same bits. */
  readonly referenceSamples: number
}

/** How a model of `models/` is judged. */
interface JudgedModel {
  readonly name: string
  /** File of the samples, beside the model. */
  readonly samplesFile: string
  readonly lanesPerSample: number
  readonly readSamples: (bytes: Uint8Array) => ArrayLike<number>
  /** What the answer says: its class, and its score where classes follow from a threshold. */
  readonly judgeFloat: (outputs: ArrayLike<number>) => Judgement
  readonly judgeExact: (outputs: readonly Tensor[]) => Judgement
}

interface Judgement {
  readonly label: number
  readonly score?: number
}

const MODELS: readonly JudgedModel[] = [
  {
    name: 'digits',
    samplesFile: 'heldout.images.bin',
    lanesPerSample: 28 * 28,
    readSamples: (bytes) => bytes,
    judgeFloat: (scores) => ({ label: Array.from(scores).indexOf(Math.max(...Array.from(scores))) }),
    judgeExact: ([digit]) => ({ label: digit?.data[0] as number }),
  },
  {
    name: 'risk',
    samplesFile: 'heldout.inputs.bin',
    lanesPerSample: 12,
    readSamples: (bytes) => new Int32Array(Uint8Array.from(bytes).buffer),
    judgeFloat: (probability) => threshold(probability[0] as number),
    judgeExact: ([probability]) => threshold((probability?.data[0] as number) / 10_000),
  },
]

function threshold(score: number): Judgement {
  return { label: score >= 0.5 ? 1 : 0, score }
}

/** Greatest difference between the accuracies of a model's float and exact forms, in percentage points. */
export const MAX_DIFFERENCE_POINTS = 0.5
const FLOAT_BATCH = 250
const MODELS_DIRECTORY = new URL('../../models/', import.meta.url)

/**
 * Measures every model on its whole held-out set: the float file in plain ONNX Runtime with all optimisations, the exact one
 * as nodes run it (emitted for the CPU provider), and the first samples by the reference interpreter too.
 * @throws BugError when emitter and reference differ in a bit.
 */
export async function measureAccuracy(referenceSamples: number): Promise<AccuracyResult[]> {
  const results: AccuracyResult[] = []
  for (const model of MODELS) results.push(await measureModel(model, referenceSamples))
  return results
}

async function measureModel(model: JudgedModel, referenceSamples: number): Promise<AccuracyResult> {
  const read = async (name: string) =>
    new Uint8Array(await readFile(new URL(`${model.name}/${name}`, MODELS_DIRECTORY)))
  const labels = await read('heldout.labels.bin')
  const lanes = model.readSamples(await read(model.samplesFile))
  if (lanes.length !== labels.length * model.lanesPerSample) {
    throw new InvalidError(
      'HeldOutMalformed',
      `models/${model.name}: ${labels.length} labels do not fit ${lanes.length} lanes`,
    )
  }
  const { checked } = buildModel(encodeGraph(importOnnx(await read(`${model.name}.exact.onnx`))))
  const float = await judgeFloat(model, await read(`${model.name}.float.onnx`), lanes, checked)
  const exact = await judgeExact(model, checked, lanes, referenceSamples)
  const floatPercent = percentRight(float, labels)
  const exactPercent = percentRight(exact, labels)
  const scored = float.every(({ score }) => score !== undefined)
  return {
    model: model.name,
    samples: labels.length,
    floatPercent,
    exactPercent,
    differencePoints: exactPercent - floatPercent,
    ...(scored ? { auc: { float: areaUnderCurve(float, labels), exact: areaUnderCurve(exact, labels) } } : {}),
    referenceSamples: Math.min(referenceSamples, labels.length),
  }
}

async function judgeFloat(
  model: JudgedModel,
  file: Uint8Array,
  lanes: ArrayLike<number>,
  { graph }: CheckedGraph,
): Promise<Judgement[]> {
  const session = await InferenceSession.create(file, { graphOptimizationLevel: 'all', logSeverityLevel: 3 })
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
  const sampleShape = graph.inputs[0]?.shape.slice(1) ?? []
  const judgements: Judgement[] = []
  const perBatch = FLOAT_BATCH * model.lanesPerSample
  for (let at = 0; at < lanes.length; at += perBatch) {
    const data = Float32Array.from({ length: Math.min(perBatch, lanes.length - at) }, (_, i) => lanes[at + i] as number)
    const count = data.length / model.lanesPerSample
    const results = await session.run({ [input]: new OrtTensor('float32', data, [count, ...sampleShape]) })
    const answers = results[output]?.data as Float32Array
    const width = answers.length / count
    for (let i = 0; i < count; i++) judgements.push(model.judgeFloat(answers.subarray(i * width, (i + 1) * width)))
  }
  await session.release()
  return judgements
}

async function judgeExact(
  model: JudgedModel,
  checked: CheckedGraph,
  lanes: ArrayLike<number>,
  referenceSamples: number,
): Promise<Judgement[]> {
  const runner = await openOrtSession(emitCpu(checked), 1)
  const shape = checked.graph.inputs[0]?.shape ?? []
  const judgements: Judgement[] = []
  for (let at = 0; at < lanes.length; at += model.lanesPerSample) {
    const data = Int32Array.from({ length: model.lanesPerSample }, (_, i) => lanes[at + i] as number)
    const outputs = await runner.run([{ shape, data }])
    if (judgements.length < referenceSamples) requireSame(outputs, runReference(checked, [{ shape, data }]), model.name)
    judgements.push(model.judgeExact(outputs))
  }
  await runner.close()
  return judgements
}

function requireSame(emitted: readonly Tensor[], reference: readonly Tensor[], name: string): void {
  const same = reference.every(({ shape, data }, i) => {
    const other = emitted[i]
    return other && shapeEquals(shape, other.shape) && data.every((lane, at) => lane === other.data[at])
  })
  if (!same) throw new BugError(`models/${name}: the emitted model and the reference interpreter differ`)
}

function percentRight(judgements: readonly Judgement[], labels: Uint8Array): number {
  return (100 * judgements.filter(({ label }, i) => label === labels[i]).length) / labels.length
}

/** Probability that a positive sample scores above a negative one, ties counted half. */
function areaUnderCurve(judgements: readonly Judgement[], labels: Uint8Array): number {
  const sorted = judgements
    .map(({ score = 0 }, i) => ({ score, positive: labels[i] === 1 }))
    .sort((a, b) => a.score - b.score)
  let [negatives, positives, wins] = [0, 0, 0]
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    while (sorted[end]?.score === sorted[start]?.score) end++
    const hits = sorted.slice(start, end).filter(({ positive }) => positive).length
    const misses = end - start - hits
    wins += hits * (negatives + misses / 2)
    positives += hits
    negatives += misses
  }
  return wins / (positives * negatives)
}

/** The results as a table for people. */
export function describeAccuracy(results: readonly AccuracyResult[]): string {
  const rows = results.map((result) => [
    result.model,
    String(result.samples),
    `${result.floatPercent.toFixed(2)} %`,
    `${result.exactPercent.toFixed(2)} %`,
    `${result.differencePoints >= 0 ? '+' : ''}${result.differencePoints.toFixed(2)} pp`,
    result.auc ? `${result.auc.float.toFixed(4)} / ${result.auc.exact.toFixed(4)}` : '',
    `${result.referenceSamples} equal`,
  ])
  const table = [['model', 'held out', 'float', 'exact', 'difference', 'AUC float / exact', 'reference'], ...rows]
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length))) ?? []
  return table
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const SETTINGS = {
  json: toggle('json', 'Print one JSON document instead of text'),
  referenceSamples: integer(
    'reference.samples',
    'COUNT',
    10,
    [0, 100_000],
    'Samples of each model that the reference interpreter answers too (slow)',
  ),
}

/** `assay accuracy [--json]`: exit code 0 when no model differs by more than {@link MAX_DIFFERENCE_POINTS}, else 1. */
export const accuracyCommand: Command<typeof SETTINGS> = {
  name: 'accuracy',
  summary: 'Compare float and exact accuracy of the models in this repository on held-out data',
  positionals: [],
  settings: SETTINGS,
  run: async ({ json, referenceSamples }, _, { print }) => {
    const results = await measureAccuracy(referenceSamples)
    print(
      json
        ? JSON.stringify({ maxDifferencePoints: MAX_DIFFERENCE_POINTS, models: results }, null, 2)
        : describeAccuracy(results),
    )
    return results.every(({ differencePoints }) => Math.abs(differencePoints) <= MAX_DIFFERENCE_POINTS) ? 0 : 1
  },
}

import { emitCpu, type KernelChoice } from '../exact/emit/emit-cpu.ts'
import type { CheckedGraph } from '../exact/graph.ts'
import { encodeGraph } from '../exact/graph-codec.ts'
import { importOnnx } from '../exact/import/import-onnx.ts'
import { buildModel } from '../exact/model.ts'
import {
  activationGas,
  activationWorkGas,
  firstUseGas,
  inferenceGas,
  scanGas,
  selfTestGas,
  storeChunkGas,
} from '../executor/gas-schedule.ts'
import { MAX_MODEL_CHUNK_BYTES } from '../protocol/constants.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { ModelManifest, TensorSpec } from '../protocol/model-manifest.ts'
import type { Command } from './command.ts'
import { readOnnxFile } from './read-onnx-file.ts'
import { toggle } from './settings.ts'

/** What `assay check` says of a file that is exact. */
export interface ExactVerdict {
  readonly verdict: 'exact'
  readonly modelId: string
  /** Size of what is uploaded. */
  readonly graphBytes: number
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly macs: { readonly total: number; readonly narrow: number; readonly medium: number; readonly wide: number }
  /** Micro-steps that a dispute bisects over. */
  readonly steps: number
  /** Gas of one inference without the call's own costs; the surcharge of its first use in a transaction; of upload and activation. */
  readonly gas: { readonly inference: number; readonly firstUse: number; readonly publish: number }
  /** The greatest magnitude that any lane or partial sum can reach; the budget is 2^53 − 1. */
  readonly widest: { readonly magnitude: number; readonly op: number; readonly kind: string }
  readonly kernels: readonly KernelChoice[]
}

/** What `assay check` says of any other file. */
export interface RefusedVerdict {
  readonly verdict: 'refused'
  readonly code: string
  readonly reason: string
}

/** Judges the bytes of an ONNX file as activation on chain would, from import to kernels. Never throws on bad bytes. */
export function checkFile(file: Uint8Array): ExactVerdict | RefusedVerdict {
  try {
    return exactVerdict(encodeGraph(importOnnx(file)))
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    return { verdict: 'refused', code: error.code, reason: error.message }
  }
}

function exactVerdict(graphBytes: Uint8Array): ExactVerdict {
  const { manifest, checked } = buildModel(graphBytes)
  const { inputs, outputs, counters } = manifest
  const { macsNarrow: narrow, macsMedium: medium, macsWide: wide } = counters
  return {
    verdict: 'exact',
    modelId: manifest.modelId,
    graphBytes: graphBytes.length,
    inputs,
    outputs,
    macs: { total: narrow + medium + wide, narrow, medium, wide },
    steps: counters.steps,
    gas: gasOf(manifest),
    widest: widestOf(checked),
    kernels: emitCpu(checked).kernels,
  }
}

function gasOf({ inputs, counters }: ModelManifest): ExactVerdict['gas'] {
  const inputBytes = inputs.reduce((sum, { shape, laneBytes }) => sum + shape.reduce((a, b) => a * b, laneBytes), 0)
  let publish = activationGas(counters.graphBytes) + activationWorkGas(counters) + selfTestGas(counters)
  for (let at = 0; at < counters.graphBytes; at += MAX_MODEL_CHUNK_BYTES) {
    publish += storeChunkGas(Math.min(MAX_MODEL_CHUNK_BYTES, counters.graphBytes - at))
  }
  const inference = scanGas(inputBytes) + inferenceGas(counters)
  return { inference: Number(inference), firstUse: Number(firstUseGas(counters)), publish: Number(publish) }
}

function widestOf({ graph, values, accumulations }: CheckedGraph): ExactVerdict['widest'] {
  const firstOp = graph.inputs.length + graph.constants.length
  let widest = { magnitude: 0, op: 0, kind: graph.ops[0]?.kind ?? '' }
  graph.ops.forEach(({ kind }, op) => {
    const { lo = 0, hi = 0 } = values[firstOp + op] ?? {}
    const magnitude = Math.max(-lo, hi, accumulations.get(op) ?? 0)
    if (magnitude > widest.magnitude) widest = { magnitude, op, kind }
  })
  return widest
}

/** The verdict as text for people, one fact a line. */
export function describeVerdict(path: string, verdict: ExactVerdict | RefusedVerdict): string {
  if (verdict.verdict === 'refused') return `${path}: refused (${verdict.code})\n  ${verdict.reason}`
  const { macs, gas, widest } = verdict
  const count = (value: number) => value.toLocaleString('en')
  const rows: readonly (readonly [string, string])[] = [
    ['model id', verdict.modelId],
    ['graph', `${count(verdict.graphBytes)} bytes`],
    ...verdict.inputs.map((spec, i) => [`input ${i}`, describeSpec(spec)] as const),
    ...verdict.outputs.map((spec, i) => [`output ${i}`, describeSpec(spec)] as const),
    [
      'MACs',
      `${count(macs.total)} (narrow ${count(macs.narrow)}, medium ${count(macs.medium)}, wide ${count(macs.wide)})`,
    ],
    ['steps', count(verdict.steps)],
    ['gas', `${count(gas.inference)} an inference, ${count(gas.firstUse)} more at first use in a transaction`],
    ['', `${count(gas.publish)} to upload and activate`],
    ['widest bound', `2^${Math.log2(widest.magnitude).toFixed(1)} of 2^53, at op ${widest.op} (${widest.kind})`],
    ...verdict.kernels.map(
      ({ op, kind, kernel }, i) => [i === 0 ? 'kernels' : '', `${op} ${kind}: ${kernel}`] as const,
    ),
  ]
  return [`${path}: exact`, ...rows.map(([name, value]) => `  ${name.padEnd(14)}${value}`)].join('\n')
}

function describeSpec({ shape, laneBytes, lo, hi }: TensorSpec): string {
  return `[${shape.join(', ')}] in ${laneBytes}-byte lanes, ${lo} to ${hi}`
}

const SETTINGS = { json: toggle('json', 'Print one JSON document instead of text') }

/** `assay check FILE.onnx [--json]`: exit code 0 for an exact file, 1 for a refused one. */
export const checkCommand: Command<typeof SETTINGS> = {
  name: 'check',
  summary: 'Check an exact ONNX file: verdict, modelId, cost, bounds and kernels',
  positionals: ['FILE.onnx'],
  settings: SETTINGS,
  run: async ({ json }, [path = ''], { print }) => {
    const verdict = await judgeFile(path)
    print(json ? JSON.stringify(verdict, null, 2) : describeVerdict(path, verdict))
    return verdict.verdict === 'exact' ? 0 : 1
  },
}

async function judgeFile(path: string): Promise<ExactVerdict | RefusedVerdict> {
  try {
    return checkFile(await readOnnxFile(path))
  } catch (error) {
    if (!(error instanceof InvalidError && error.code === 'OnnxTooLarge')) throw error
    return { verdict: 'refused', code: error.code, reason: error.message }
  }
}

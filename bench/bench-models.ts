import { readFile } from 'node:fs/promises'
import type { ExactGraph } from '../node/exact/graph.ts'
import { importOnnx } from '../node/exact/import/import-onnx.ts'
import { bertBase } from './models/bert-base.ts'
import { resnet18 } from './models/resnet18.ts'

/** A model that benches measure. */
export interface BenchModel {
  readonly name: string
  /** Makes or reads its graph. */
  graph(): Promise<ExactGraph>
}

/** The repository's models, and graphs of the shape of well-known ones with generated weights. */
export const BENCH_MODELS: readonly BenchModel[] = [
  { name: 'digits', graph: () => readModel('digits') },
  { name: 'risk', graph: () => readModel('risk') },
  { name: 'resnet18-shaped', graph: async () => resnet18() },
  { name: 'bert-base-shaped', graph: async () => bertBase() },
]

async function readModel(name: string): Promise<ExactGraph> {
  return importOnnx(new Uint8Array(await readFile(new URL(`../models/${name}/${name}.exact.onnx`, import.meta.url))))
}

import { bytesToHex } from '../protocol/bytes.ts'
import { type Hasher, keccak256 } from '../protocol/keccak.ts'
import type { ModelManifest, TensorSpec } from '../protocol/model-manifest.ts'
import { type ManifestBody, modelIdOf } from '../protocol/model-manifest-codec.ts'
import { checkGraph } from './check.ts'
import type { CheckedGraph, ExactGraph, GraphOutput, ValueFacts } from './graph.ts'
import { decodeGraph } from './graph-codec.ts'
import { constantsRoot, programRoot } from './program/commitments.ts'
import { type ActivationWork, activationWork, countModel } from './program/counters.ts'
import { lowerWithSources } from './program/lower.ts'
import type { StoredSource } from './program/lowering.ts'
import type { Program } from './program/program.ts'

/** A model that consensus admits: its graph, checked and lowered, and the manifest that its modelId commits to. */
export interface Model {
  readonly manifest: ModelManifest
  readonly checked: CheckedGraph
  readonly program: Program
  /** What the value of each op of the Program is in terms of the graph, by op index. */
  readonly sources: readonly StoredSource[]
}

/** Called with what the rest of the work costs, once the graph is decoded; may throw to stop there. */
export type Admit = (work: ActivationWork) => void

/**
 * Builds a model from untrusted canonical graph bytes: decode, check, lower, commit. The same on every machine; it is what
 * activation runs. Cost: decoding is linear in the bytes; all after `admit` is linear in the work that it is told.
 * @param hash keccak256; a faster one may be injected. @param admit charges for the work before it is done.
 * @throws InvalidError with the reason why the graph is refused.
 */
export function buildModel(graphBytes: Uint8Array, hash: Hasher = keccak256, admit: Admit = () => {}): Model {
  const decoded = decodeGraph(graphBytes)
  admit(activationWork(decoded))
  const checked = checkGraph(decoded)
  const { program, sources } = lowerWithSources(checked)
  const { graph, values } = checked
  const body: ManifestBody = {
    profile: graph.profile,
    graphHash: bytesToHex(hash(graphBytes)),
    programRoot: bytesToHex(programRoot(program, hash)),
    constantsRoot: bytesToHex(constantsRoot(program, hash)),
    inputs: inputSpecs(graph),
    outputs: graph.outputs.map((output) => outputSpec(output, values)),
    counters: countModel(checked, program, graphBytes.length),
  }
  return { manifest: { modelId: modelIdOf(body, hash), ...body }, checked, program, sources }
}

function inputSpecs(graph: ExactGraph): TensorSpec[] {
  return graph.inputs.map(({ shape, laneBytes, lo, hi }) => ({ shape: [...shape], laneBytes, lo, hi }))
}

function outputSpec({ value, laneBytes }: GraphOutput, values: readonly ValueFacts[]): TensorSpec {
  const { shape, lo, hi } = values[value] as ValueFacts
  return { shape: [...shape], laneBytes, lo, hi }
}

import type { Tensor } from '../../node/exact/graph.ts'
import type { Model } from '../../node/exact/model.ts'
import { runReferenceAll } from '../../node/exact/reference.ts'
import { concatBytes } from '../../node/protocol/bytes.ts'
import { encodeTensor } from '../../node/protocol/tensor-encoding.ts'
import type { RunValues } from '../../node/prover/stored-values.ts'

/** A native engine that is the reference interpreter. @param onRun is told of every run, with the values asked for. */
export function referenceValues(model: Model, onRun: (values: readonly number[]) => void = () => {}): RunValues {
  return async (inputs, values) => {
    onRun(values)
    const all = runReferenceAll(model.checked, inputs)
    return values.map((id) => (all[id] as Tensor).data)
  }
}

/** Canonical bytes of a model's inputs. */
export function canonicalInputs({ manifest }: Model, inputs: readonly Tensor[]): Uint8Array {
  return concatBytes(...inputs.map(({ data }, i) => encodeTensor(data, manifest.inputs[i]?.laneBytes ?? 8)))
}

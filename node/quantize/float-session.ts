import type { FloatTensor } from './float-graph.ts'

/** An input of the float model as a runtime takes it. */
export interface FloatFeed {
  readonly name: string
  /** TensorProto.DataType. */
  readonly dataType: number
  readonly tensor: FloatTensor
}

/** A float model loaded into a runtime. */
export interface FloatSession {
  /** Runs one set of inputs and returns the named values, inner ones too. */
  run(feeds: readonly FloatFeed[], values: readonly string[]): Promise<ReadonlyMap<string, FloatTensor>>
  close(): Promise<void>
}

/** Loads a float model. @throws QuantiseError `QuantiseModel` when the runtime refuses it. */
export type OpenFloatSession = (onnx: Uint8Array) => Promise<FloatSession>

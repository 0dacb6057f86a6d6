import {
  encodeOnnxModel,
  type OnnxAttribute,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValueInfo,
} from '../../../node/exact/emit/onnx-writer.ts'
import { createRandom } from '../graph-sketch.ts'

/** Builds an ordinary float32 ONNX file as torch.onnx writes them: opset 17, static shapes. Every method returns the name of a value. */
export interface FloatSketch {
  input(name: string, dtype: 'float32' | 'int64', shape: readonly number[]): string
  /** Weights of a normal distribution, the same for the same order of calls. @param deviation its standard deviation. */
  normal(shape: readonly number[], deviation: number, mean?: number): string
  /** A float32 constant. */
  floats(shape: readonly number[], values: ArrayLike<number>): string
  /** An int64 vector; `[]` gives a scalar for one value. */
  integers(values: readonly number[], shape?: readonly number[]): string
  /** Adds a node with one result. */
  node(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>): string
  /** The file, with these results as outputs. */
  finish(outputs: readonly { readonly name: string; readonly shape: readonly number[] }[]): Uint8Array
}

/** An empty sketch. */
export function createFloatSketch(): FloatSketch {
  const nodes: OnnxNode[] = []
  const inputs: OnnxValueInfo[] = []
  const initializers: OnnxInitializer[] = []
  const normal = createNormal()

  function addConstant(
    dtype: 'float32' | 'int64',
    shape: readonly number[],
    values: Float32Array | BigInt64Array,
  ): string {
    const name = `onnx::Constant_${initializers.length}`
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    initializers.push({ name, dtype, shape, bytes })
    return name
  }

  const sketch: FloatSketch = {
    input(name, dtype, shape) {
      inputs.push({ name, dtype, shape })
      return name
    },
    normal(shape, deviation, mean = 0) {
      const lanes = shape.reduce((size, extent) => size * extent, 1)
      const values = new Float32Array(lanes)
      for (let i = 0; i < lanes; i++) values[i] = mean + deviation * normal()
      return addConstant('float32', shape, values)
    },
    floats: (shape, values) => addConstant('float32', shape, Float32Array.from(values)),
    integers: (values, shape = [values.length]) => addConstant('int64', shape, BigInt64Array.from(values, BigInt)),
    node(opType, operands, attributes = {}) {
      const output = `/${opType}_${nodes.length}_output_0`
      nodes.push({ opType, name: `/${opType}_${nodes.length}`, inputs: operands, outputs: [output], attributes })
      return output
    },
    finish: (outputs) =>
      encodeOnnxModel({
        inputs,
        initializers,
        nodes,
        outputs: outputs.map((output) => ({ ...output, dtype: 'float32' })),
        header: { irVersion: 8, opsets: { '': 17 } },
      }),
  }
  return sketch
}

/** Numbers that look normal, of mean 0 and deviation 1, the same on every machine: by the polar method (Marsaglia 1964). */
export function createNormal(seed?: number): () => number {
  const random = createRandom(seed)
  const uniform = () => random() / 2 ** 23 - 1
  let spare: number | undefined
  return () => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    for (;;) {
      const [x, y] = [uniform(), uniform()]
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const factor = Math.sqrt((-2 * Math.log(square)) / square)
      spare = y * factor
      return x * factor
    }
  }
}

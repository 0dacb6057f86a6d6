import { expect } from 'vitest'
import { ImportError, type ImportErrorCode } from '../../node/exact/import/import-error.ts'
import { importOnnx } from '../../node/exact/import/import-onnx.ts'
import { type FileNode, type FileTensor, type OnnxFile, writeOnnx } from './onnx-file.ts'

/** A float32 constant. */
export const float = (dims: readonly number[], values: readonly number[]): FileTensor => ({
  dtype: 'float32',
  dims,
  values,
})
/** A float32 constant of one value throughout. */
export const filled = (dims: readonly number[], value: number): FileTensor =>
  float(dims, new Array(dims.reduce((size, extent) => size * extent, 1)).fill(value))

/** A good file: x (int8 [1, 4]) → Cast → MatMul → Round → Cast → y (int32 [1, 2]). Tests spoil it. */
export const GOOD: OnnxFile = {
  inputs: [{ name: 'x', dtype: 'int8', dims: [1, 4] }],
  outputs: [{ name: 'y', dtype: 'int32', dims: [1, 2] }],
  constants: { w: float([4, 2], [1, 2, 3, 4, -5, 6, -7, 8]), s: float([], [0.25]) },
  nodes: [
    { op: 'Cast', inputs: ['x'], output: 'f', attributes: { to: 1 } },
    { op: 'MatMul', inputs: ['f', 'w'], output: 'm', name: '/layer/MatMul' },
    { op: 'Mul', inputs: ['m', 's'], output: 'n' },
    { op: 'Round', inputs: ['n'], output: 'r' },
    { op: 'Cast', inputs: ['r'], output: 'y', attributes: { to: 6 } },
  ],
}

/** The good file with one node put in the place of another. */
export function withNode(index: number, change: Partial<FileNode>): OnnxFile {
  return { ...GOOD, nodes: GOOD.nodes.map((node, i) => (i === index ? { ...node, ...change } : node)) }
}

/** A file of one node from a bounded float32 input `x` [1, 4] to an output `y`. */
export function single(node: Omit<FileNode, 'output'>, constants: Record<string, FileTensor> = {}, hi = 255): OnnxFile {
  return {
    inputs: [{ name: 'x', dtype: 'float32', dims: [1, 4] }],
    outputs: [{ name: 'y', dtype: 'float32', dims: ['n', 'm'] }],
    constants,
    nodes: [{ ...node, output: 'y', name: `/layer3/${node.op}` }],
    metadata: { 'assay.input.x': `{"lo": ${-hi}, "hi": ${hi}}`, 'assay.output.y': '{"laneBytes": 8}' },
  }
}

/** The verdict on a file that must be refused. */
export function refusal(file: OnnxFile | Uint8Array): ImportError {
  try {
    importOnnx(file instanceof Uint8Array ? file : writeOnnx(file))
  } catch (error) {
    if (error instanceof ImportError) return error
    throw error
  }
  throw new Error('the file was accepted')
}

/** Holds a file to be refused with this code and message. */
export function expectRefusal(file: OnnxFile | Uint8Array, code: ImportErrorCode, message: RegExp | string): void {
  const error = refusal(file)
  expect(error.message).toMatch(message)
  expect(error.code).toBe(code)
}

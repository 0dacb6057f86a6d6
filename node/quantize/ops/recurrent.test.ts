import { describe, expect, it } from 'vitest'
import { writeOnnx } from '../../../test/support/onnx-file.ts'
import { openPlainSession } from '../../../test/support/onnx-run.ts'
import { checkGraph } from '../../exact/check.ts'
import { decodeOnnx } from '../../exact/import/onnx-decoder.ts'
import { runReference } from '../../exact/reference.ts'
import { packData } from '../../exact/tensor-data.ts'
import type { FloatGraph, FloatTensor } from '../float-graph.ts'
import { PRECISIONS } from '../precision.ts'
import { quantiseGraph } from '../quantise-graph.ts'
import { GATES } from '../recurrent/read-recurrent.ts'

const [LENGTH, BATCH, COLUMNS, HIDDEN] = [7, 2, 5, 6]
const INPUT_STEP = 2 ** -12

/** Numbers within ±scale that look random, the same at every run. */
const noise = (count: number, scale: number, seed: number) =>
  Array.from({ length: count }, (_, i) => Math.fround(scale * Math.sin(i * 12.9898 + seed * 78.233 + (i * i) / 7)))

interface Layer {
  readonly kind: keyof typeof GATES
  readonly direction: 'forward' | 'reverse' | 'bidirectional'
  readonly linearBeforeReset?: number
}

/** The layer as a float graph and as a file that ONNX Runtime runs; X and the initial hidden state are inputs. */
function layerOf({ kind, direction, linearBeforeReset }: Layer) {
  const directions = direction === 'bidirectional' ? 2 : 1
  const rows = GATES[kind] * HIDDEN
  const shapes = { W: [directions, rows, COLUMNS], R: [directions, rows, HIDDEN], B: [directions, 2 * rows] }
  const tensors = Object.entries(shapes).map(([name, dims], seed) => {
    const size = dims.reduce((a, b) => a * b, 1)
    return [name, { dtype: 'float32', dims, values: noise(size, name === 'B' ? 0.5 : 0.8, seed) }] as const
  })
  const stateShape = [directions, BATCH, HIDDEN]
  const outputs = ['Y', 'Y_h', ...(kind === 'LSTM' ? ['Y_c'] : [])]
  const shapeOf = (name: string) => (name === 'Y' ? [LENGTH, directions, BATCH, HIDDEN] : stateShape)
  const [output = '', ...moreOutputs] = outputs
  const attributes = {
    hidden_size: HIDDEN,
    direction,
    ...(linearBeforeReset === undefined ? {} : { linear_before_reset: linearBeforeReset }),
  }
  const file = writeOnnx({
    nodes: [{ op: kind, inputs: ['X', 'W', 'R', 'B', '', 'H'], output, moreOutputs, attributes }],
    inputs: [
      { name: 'X', dtype: 'float32', dims: [LENGTH, BATCH, COLUMNS] },
      { name: 'H', dtype: 'float32', dims: stateShape },
    ],
    outputs: outputs.map((name) => ({ name, dtype: 'float32', dims: shapeOf(name) })),
    constants: Object.fromEntries(tensors),
  })
  const [node] = decodeOnnx(file).graph.nodes
  const float = (shape: readonly number[]) => ({ kind: 'float', shape }) as const
  const graph: FloatGraph = {
    opset: 17,
    inputs: ['X', 'H'],
    outputs,
    constants: new Map(
      tensors.map(([name, { dims, values }]) => [
        name,
        { kind: 'float', shape: dims, data: Float64Array.from(values) } satisfies FloatTensor,
      ]),
    ),
    nodes: [{ ...(node as NonNullable<typeof node>), label: '/layer' }],
    values: new Map([
      ['X', float([LENGTH, BATCH, COLUMNS])],
      ['H', float(stateShape)],
      ...outputs.map((name) => [name, float(shapeOf(name))] as const),
    ]),
  }
  return { file, graph, stateShape }
}

/** Greatest difference to the float layer, over all outputs. */
async function greatestError(layer: Layer, preset: 'fast' | 'precise'): Promise<number> {
  const { file, graph, stateShape } = layerOf(layer)
  const spec = { step: INPUT_STEP, laneBytes: 2, lo: -32768, hi: 32767 } as const
  const model = quantiseGraph(graph, {
    ranges: new Map(
      [...graph.values.keys(), ...graph.constants.keys()].map((name) => [
        name,
        name === 'Y_c' ? { lo: -3, hi: 3 } : { lo: -2, hi: 2 },
      ]),
    ),
    inputs: [spec, spec],
    precisionOf: () => PRECISIONS[preset],
  })
  const lanes = [
    noise(LENGTH * BATCH * COLUMNS, 2, 9),
    noise(
      stateShape.reduce((a, b) => a * b, 1),
      0.9,
      4,
    ),
  ].map((values) => values.map((x) => Math.round(x / INPUT_STEP))) as [number[], number[]]
  const shapes = [[LENGTH, BATCH, COLUMNS], stateShape]
  const inputs = lanes.map((values, i) => ({ shape: shapes[i] as number[], data: packData(values) }))
  const session = await openPlainSession(file, 'disabled')
  const floats = inputs.map(({ shape, data }) => ({
    shape,
    data: Float64Array.from(data, (lane) => lane * INPUT_STEP),
  }))
  const expected = await session.run(floats, ['float32', 'float32'])
  await session.close()
  const results = runReference(checkGraph(model.graph), inputs)
  return Math.max(
    ...results.flatMap(({ data }, output) =>
      Array.from(data, (lane, i) =>
        Math.abs(lane * (model.outputSteps[output] as number) - (expected[output]?.[i] ?? NaN)),
      ),
    ),
  )
}

describe('recurrent layers', () => {
  it.each<Layer>([
    { kind: 'LSTM', direction: 'forward' },
    { kind: 'LSTM', direction: 'bidirectional' },
    { kind: 'GRU', direction: 'reverse', linearBeforeReset: 1 },
    { kind: 'GRU', direction: 'forward', linearBeforeReset: 0 },
    { kind: 'RNN', direction: 'bidirectional' },
  ])('follow the float layer: $kind, $direction', async (layer) => {
    expect(await greatestError(layer, 'fast')).toBeLessThan(0.06)
    expect(await greatestError(layer, 'precise')).toBeLessThan(0.01)
  })
})

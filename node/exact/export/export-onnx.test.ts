import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ExportReason, reasonsToDiffer } from '../../../test/support/export-reasons.ts'
import { openPlainSession } from '../../../test/support/onnx-run.ts'
import { caseOf, type GraphCase, graphCases, numRuns } from '../../../test/support/random-graph.ts'
import { requantisedGraphs } from '../../../test/support/random-requantisation.ts'
import { constantOf, graphOf, inputOf } from '../../../test/support/small-graph.ts'
import { INPUT_PATTERNS, patternInputs } from '../../inference/test-inputs.ts'
import { bytesToHex } from '../../protocol/bytes.ts'
import { InvalidError } from '../../protocol/errors.ts'
import { checkGraph } from '../check.ts'
import type { CheckedGraph, ExactGraph, Op, OpKind, Tensor } from '../graph.ts'
import { encodeGraph } from '../graph-codec.ts'
import { importOnnx } from '../import/import-onnx.ts'
import { decodeOnnx } from '../import/onnx-decoder.ts'
import { OPS } from '../ops.ts'
import { runReference } from '../reference.ts'
import { exportOnnx } from './export-onnx.ts'

const LANE_DTYPES = { 1: 'int8', 2: 'int16', 4: 'int32', 8: 'int64' } as const
const hex = (graph: ExactGraph) => bytesToHex(encodeGraph(graph))
const lanesOf = (tensors: readonly Tensor[]) => tensors.map(({ data }) => Array.from(data))

/** Plain ONNX Runtime gives the reference's lanes, whether it rewrites the file or not. */
async function expectSameLanes(file: Uint8Array, checked: CheckedGraph, inputSets: readonly (readonly Tensor[])[]) {
  const dtypes = checked.graph.inputs.map(({ laneBytes }) => LANE_DTYPES[laneBytes])
  for (const level of ['disabled', 'all'] as const) {
    const session = await openPlainSession(file, level)
    for (const inputs of inputSets) {
      expect(await session.run(inputs, dtypes)).toEqual(lanesOf(runReference(checked, inputs)))
    }
    await session.close()
  }
}

/** The file is read back as the same graph, or, for a known reason, as one that computes the same. */
function expectSameGraph(file: Uint8Array, { graph, checked, inputSets }: GraphCase): readonly ExportReason[] {
  const reasons = reasonsToDiffer(checked)
  if (reasons.includes('an output of constants alone')) return reasons
  const imported = importOnnx(file)
  if (reasons.length === 0) expect(hex(imported)).toBe(hex(graph))
  else {
    const again = checkGraph(imported)
    for (const inputs of inputSets) {
      expect(lanesOf(runReference(again, inputs))).toEqual(lanesOf(runReference(checked, inputs)))
    }
  }
  return reasons
}

function passes(graph: ExactGraph): CheckedGraph | undefined {
  try {
    return checkGraph(graph)
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}

async function expectExact(graphCase: GraphCase): Promise<void> {
  const file = exportOnnx(graphCase.graph)
  await expectSameLanes(file, graphCase.checked, graphCase.inputSets)
  expectSameGraph(file, graphCase)
}

/** What a file holds, as the importer's decoder reads it. */
function nodesOf(file: Uint8Array) {
  const { graph, opsets, metadata } = decodeOnnx(file)
  return { ...graph, opsets, metadata, opTypes: graph.nodes.map(({ opType }) => opType) }
}

describe('an exported file', () => {
  it.each(Object.keys(OPS) as OpKind[])('is exact, and read back as the graph: %s', async (kind) => {
    const property = fc.asyncProperty(graphCases({ kinds: [kind], maxOps: 2 }), expectExact)
    await fc.assert(property, { numRuns: numRuns(8) })
  })

  it('is exact, and read back as the graph: all ops together', async () => {
    await fc.assert(fc.asyncProperty(graphCases(), expectExact), { numRuns: numRuns(60) })
  })

  it('is exact, and read back as the graph: contractions of bytes with requantisation', async () => {
    const opTypes = new Set<string>()
    const property = fc.asyncProperty(requantisedGraphs(), async (graph) => {
      const checked = passes(graph)
      fc.pre(checked !== undefined)
      for (const opType of nodesOf(exportOnnx(graph)).opTypes) opTypes.add(opType)
      const inputSets = INPUT_PATTERNS.map((pattern) => patternInputs(graph.inputs, pattern))
      await expectExact({ graph, checked, inputSets })
    })
    await fc.assert(property, { numRuns: numRuns(60) })
    expect([...opTypes]).toEqual(expect.arrayContaining(['Conv', 'MatMul']))
  })

  it('keeps sums of bytes beyond 2^24 in integers', async () => {
    // Signed operands take a zero point; weights beyond 64 take one too, so that pair sums do not saturate.
    const inputs = [inputOf([1, 2200, 1, 1], -128, 127), inputOf([2, 700], 0, 255)]
    const constants = [
      constantOf([1, 2200, 1, 1], new Array<number>(2200).fill(64)),
      constantOf([700, 1], new Array<number>(700).fill(-127)),
    ]
    const ops: Op[] = [
      { kind: 'conv', inputs: [0, 2], groups: 1, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
      { kind: 'matmul', inputs: [1, 3] },
    ]
    const outputs = [
      { value: 4, laneBytes: 4 },
      { value: 5, laneBytes: 4 },
    ] as const
    const graphCase = caseOf(graphOf({ inputs, constants, ops, outputs }), 1)
    await expectExact(graphCase)
    expect(reasonsToDiffer(graphCase.checked)).toEqual([])
    expect(nodesOf(exportOnnx(graphCase.graph)).opTypes).toEqual(
      expect.arrayContaining(['ConvInteger', 'MatMulInteger']),
    )
  })

  // Found by thinking: a MatMul and the Add after it are fused into a Gemm, whose partial sums are of both.
  it('keeps a bias out of sums that runtimes would take it into beyond 2^24', async () => {
    const graph = graphOf({
      inputs: [inputOf([4, 2], 8000, 8195)],
      constants: [constantOf([2, 1], [2047, -2047]), constantOf([1], [16_000_001])],
      ops: [
        { kind: 'matmul', inputs: [0, 1] },
        { kind: 'add', inputs: [3, 2] },
      ],
      outputs: [{ value: 4, laneBytes: 4 }],
    })
    await expectExact(caseOf(graph, 1))
    const { nodes } = nodesOf(exportOnnx(graph))
    const add = nodes.find(({ opType }) => opType === 'Add')
    expect(nodes.find(({ outputs }) => outputs[0] === add?.inputs[0])?.opType).toBe('Cast')
  })

  // ONNX Runtime moves zeros that are padded before a MaxPool into it, at every level but `disabled`.
  it('keeps padding apart from the maximum after it', async () => {
    const graph = graphOf({
      inputs: [inputOf([1, 1, 2, 2], -9, -1)],
      ops: [
        { kind: 'pad', inputs: [0], pads: [0, 0, 1, 1, 0, 0, 1, 1], value: 0 },
        { kind: 'max-pool', inputs: [1], kernel: [2, 2], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
      ],
      outputs: [{ value: 2, laneBytes: 1 }],
    })
    await expectExact(caseOf(graph, 1))
  })

  // ONNX Runtime's Clip of int64 lets lanes between 2^31 and 2^32 through.
  it('clips lanes beyond 2^31 in float64', async () => {
    const graph = graphOf({
      inputs: [inputOf([3], -(2 ** 40), 2 ** 40)],
      ops: [{ kind: 'clip', inputs: [0], lo: -3, hi: 3 }],
      outputs: [{ value: 1, laneBytes: 1 }],
    })
    await expectExact(caseOf(graph, 1))
  })

  it('is standard ONNX, with the names and labels that it is given', () => {
    const graph = graphOf({
      inputs: [inputOf([2], -5, 5)],
      ops: [
        { kind: 'shift-left', inputs: [0], bits: 3 },
        { kind: 'shift-right', inputs: [1], bits: 1, rounding: 'floor' },
      ],
      outputs: [{ value: 2, laneBytes: 2 }],
    })
    const file = exportOnnx(graph, { inputs: ['x'], outputs: ['_y'], ops: ['/a', '/b'], labels: { title: 'halves' } })
    const { nodes, opsets, metadata } = nodesOf(file)
    expect([...opsets]).toEqual([['', 17]])
    expect([...metadata]).toEqual([
      ['assay.input.x', '{"laneBytes":1,"lo":-5,"hi":5}'],
      ['assay.output._y', '{"laneBytes":2}'],
      ['assay.label.title', 'halves'],
    ])
    expect(nodes.map(({ name }) => name)).toEqual([
      '/a/Cast',
      '/a/Mul',
      '/a/Cast_2',
      '/b/Cast',
      '/b/Mul',
      '/b/Floor',
      '',
    ])
    expect(
      nodes.flatMap(({ outputs }) => outputs).filter((name) => name.startsWith('_') && !name.startsWith('__')),
    ).toEqual(['_y'])
    expect(hex(importOnnx(file))).toBe(hex(graph))
  })

  it('is refused with a verdict, or imports, whatever bytes of it are changed', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255) })
    const changes = fc.array(change, { minLength: 1, maxLength: 3 })
    const property = fc.property(graphCases({ maxOps: 3 }), changes, ({ graph }, list) => {
      const file = exportOnnx(graph)
      for (const { at, byte } of list) file[at % file.length] = byte
      try {
        checkGraph(importOnnx(file))
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidError)
      }
    })
    fc.assert(property, { numRuns: numRuns(300) })
  })

  it('is refused names that do not fit', () => {
    const graph = graphOf({ inputs: [inputOf([2], 0, 1)], ops: [{ kind: 'isqrt', inputs: [0] }] })
    expect(() => exportOnnx(graph, { inputs: ['x', 'y'] })).toThrow('2 names are given for 1 inputs')
    expect(() => exportOnnx(graph, { inputs: ['x'], outputs: ['x'] })).toThrow("the name 'x' is empty or given twice")
  })
})

import fc from 'fast-check'
import { concat, keccak256, numberToHex, toHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { graphCases, numRuns } from '../../test/support/random-graph.ts'
import { constantOf, graphOf, inputOf } from '../../test/support/small-graph.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { inputSizeBytes, outputSizeBytes } from '../protocol/inference-roots.ts'
import { ZERO_LEAF } from '../protocol/merkle.ts'
import { decodeManifest, encodeManifest } from '../protocol/model-manifest-codec.ts'
import { encodeTensor, tensorRoot } from '../protocol/tensor-encoding.ts'
import type { ExactGraph } from './graph.ts'
import { encodeGraph } from './graph-codec.ts'
import { buildModel } from './model.ts'
import { programLeaves } from './program/commitments.ts'
import { encodeDescriptor, encodeFinish } from './program/program-codec.ts'
import { firstSteps } from './program/steps.ts'

/** A dense layer: `clip((x · W + b) / 4)`, rounded half to even. */
const DENSE: ExactGraph = graphOf({
  inputs: [inputOf([1, 4], -8, 7)],
  constants: [constantOf([4, 3], [1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12]), constantOf([3], [10, 20, 30])],
  ops: [
    { kind: 'matmul', inputs: [0, 1] },
    { kind: 'add', inputs: [3, 2] },
    { kind: 'shift-right', inputs: [4], bits: 2, rounding: 'half-even' },
    { kind: 'clip', inputs: [5], lo: -50, hi: 50 },
  ],
  outputs: [{ value: 6, laneBytes: 2 }],
})

describe('a modelId', () => {
  const { manifest, program } = buildModel(encodeGraph(DENSE))

  it('is the committed vector', () => {
    expect(manifest).toMatchObject({
      modelId: '0xe27b8b08150a8aec3a02b00adb1c49648f1e30b8a7adf690baf53b600afbd570',
      graphHash: '0xb70a646424cfc514c67bc9e9a48476ea1800a74443bb3f8e5e3a9ebc14a171dd',
      programRoot: '0xc61add0c564926c24a8a7253df39430b2aa451dc3e3832ea3cdeb71bbed5dec3',
      constantsRoot: '0x18517364ba6a9adf13a570f17711d3ed16caffa7e9f229a42acd4d83e09a1b88',
    })
  })

  it('commits to the value tree of constants, zero elsewhere', () => {
    const weights = [1, -4, 7, -10, -2, 5, -8, 11, 3, -6, 9, -12]
    const leaves = [
      ZERO_LEAF,
      tensorRoot(encodeTensor(weights, 1), 1, 12),
      tensorRoot(encodeTensor([10, 20, 30], 1), 1, 3),
      ZERO_LEAF,
    ].map(bytesToHex) as [Hex, Hex, Hex, Hex]
    let root = pair(pair(leaves[0], leaves[1]), pair(leaves[2], leaves[3]))
    let empty = pair(pair(leaves[3], leaves[3]), pair(leaves[3], leaves[3]))
    for (let depth = 2; depth < 16; depth++) {
      root = pair(root, empty)
      empty = pair(empty, empty)
    }
    expect(manifest.constantsRoot).toBe(root)
  })

  it('commits to descriptors with their place among the steps', () => {
    const u = (value: number, size: number) => numberToHex(value, { size })
    const leaf = (first: number, count: number, descriptor: Uint8Array) =>
      keccak256(concat([keccak256(toHex('assay/program-op/v1')), u(first, 8), u(count, 8), bytesToHex(descriptor)]))
    const [op] = program.ops
    if (op === undefined) throw new Error('the program is empty')
    const tree = pair(
      leaf(0, 3, encodeDescriptor({ op, value: { laneBytes: 2, lanes: 3 } })),
      leaf(3, 1, encodeFinish(program.outputs)),
    )
    const head = [u(1, 4), u(1, 4), u(2, 4), u(2, 4), u(4, 8)]
    expect(manifest.programRoot).toBe(keccak256(concat([keccak256(toHex('assay/program/v1')), ...head, tree])))
  })

  it('comes with the counters of the model', () => {
    const graphBytes = encodeGraph(DENSE).length
    expect(manifest.counters).toEqual({
      steps: 4,
      opCount: 4,
      macsNarrow: 0,
      macsMedium: 0,
      macsWide: 12,
      elements: 12,
      kernelCalls: 1,
      gatheredBytes: 0,
      movedBytes: 0,
      hashedBytes: 4 + 6,
      constantBytes: 15,
      graphBytes,
      peakBytes: manifest.counters.peakBytes,
      scratchBytes: 0,
    })
    expect([inputSizeBytes(manifest), outputSizeBytes(manifest)]).toEqual([4, 6])
  })

  it('changes with anything in the graph', () => {
    const changes: readonly Partial<ExactGraph>[] = [
      { inputs: [inputOf([1, 4], -8, 6)] },
      { constants: [DENSE.constants[0] as ExactGraph['constants'][number], constantOf([3], [10, 20, 31])] },
      { ops: DENSE.ops.with(3, { kind: 'clip', inputs: [5], lo: -50, hi: 49 }) },
      { outputs: [{ value: 6, laneBytes: 1 }] },
    ]
    const ids = changes.map((change) => buildModel(encodeGraph({ ...DENSE, ...change })).manifest.modelId)
    expect(new Set([manifest.modelId, ...ids]).size).toBe(changes.length + 1)
  })
})

describe('buildModel', () => {
  it('yields a manifest that decodes to itself, with sums that hold', () => {
    const property = fc.property(graphCases(), ({ graph }) => {
      const { manifest, program } = buildModel(encodeGraph(graph))
      const { modelId, ...body } = manifest
      expect(decodeManifest(encodeManifest(body))).toEqual(manifest)
      expect(manifest.counters.steps).toBe(firstSteps(program).at(-1))
      expect(programLeaves(program)).toHaveLength(program.ops.length + 1)
      for (const count of Object.values(manifest.counters)) expect(Number.isSafeInteger(count) && count >= 0).toBe(true)
      expect(manifest.outputs.map(({ shape }) => shape)).toEqual(program.outputs.map(({ shape }) => shape))
    })
    fc.assert(property, { numRuns: numRuns(40) })
  })

  it('says what the work will cost before it is done', () => {
    const works: unknown[] = []
    const many = { kind: 'concat', inputs: new Array<number>(17).fill(0), axis: 0 } as const
    const graph = graphOf({ inputs: [inputOf([1], 0, 1)], ops: [many, { kind: 'add', inputs: [1, 1] }] })
    buildModel(encodeGraph(graph), undefined, (work) => works.push(work))
    expect(works).toEqual([{ opCount: 3 + 1, constantBytes: 0 }])
    const stop = () => {
      throw new Error('not paid')
    }
    expect(() => buildModel(encodeGraph(graph), undefined, stop)).toThrow('not paid')
  })

  it('takes another hasher', () => {
    const { manifest } = buildModel(encodeGraph(DENSE), () => new Uint8Array(32))
    expect(manifest.modelId).toBe(`0x${'00'.repeat(32)}`)
  })
})

function pair(left: Hex, right: Hex): Hex {
  return keccak256(concat([left, right]))
}

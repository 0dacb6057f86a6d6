import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeGraph } from '../node/exact/graph-codec.ts'
import { buildModel } from '../node/exact/model.ts'
import { VALUE_TREE_DEPTH } from '../node/exact/program/program.ts'
import { bytesToHex, concatBytes } from '../node/protocol/bytes.ts'
import { INPUTS_DOMAIN } from '../node/protocol/domains.ts'
import { InvalidError } from '../node/protocol/errors.ts'
import { bindRoots } from '../node/protocol/inference-roots.ts'
import { keccak256 } from '../node/protocol/keccak.ts'
import { merkleRoot } from '../node/protocol/merkle.ts'
import { decodeManifest, encodeManifest, type ManifestBody } from '../node/protocol/model-manifest-codec.ts'
import { startSiblings } from '../node/prover/start-witness.ts'
import { runningState, startState } from '../node/prover/trace-state.ts'
import { treeNodes } from '../node/prover/tree-opening.ts'
import { graphCases, numRuns } from './support/random-graph.ts'
import { openStepEvm, type StepEvm } from './support/step-evm.ts'

let evm: StepEvm
beforeAll(async () => {
  evm = await openStepEvm()
})

const root = (seed: number) => keccak256(Uint8Array.of(seed % 256, Math.floor(seed / 256)))
const spec = { shape: [2], laneBytes: 1, lo: -3, hi: 3 } as const

/** A model of so many inputs and constants, with inputs of these roots. */
function opening(inputCount: number, constantCount: number) {
  const inputs = Array.from({ length: inputCount }, (_, i) => root(i))
  const constants = Array.from({ length: constantCount }, (_, i) => root(1000 + i))
  const bare = [...inputs.map(() => new Uint8Array(32)), ...constants]
  const { counters, ...body } = SMALL
  const manifest = encodeManifest({
    ...body,
    inputs: inputs.map(() => spec),
    constantsRoot: bytesToHex(merkleRoot(bare, keccak256, VALUE_TREE_DEPTH)),
    counters,
  })
  return {
    manifest,
    inputs,
    inputRoot: bindRoots(INPUTS_DOMAIN, inputs),
    siblings: startSiblings(treeNodes(bare, VALUE_TREE_DEPTH, keccak256), inputCount),
    startState: runningState(startState(merkleRoot([...inputs, ...constants], keccak256, VALUE_TREE_DEPTH))),
  }
}

const SMALL: ManifestBody = fc
  .sample(graphCases({ maxOps: 1 }), { numRuns: 1, seed: 7 })
  .map(({ graph }) => buildModel(encodeGraph(graph)).manifest)[0] as ManifestBody

describe('the start of a trace', () => {
  it('sets any number of inputs into the constants', async () => {
    const property = fc.asyncProperty(fc.nat(64), fc.integer({ min: 0, max: 40 }), async (inputCount, constants) => {
      const { manifest, inputs, inputRoot, siblings, startState } = opening(inputCount, constants)
      const { result } = await evm.start(manifest, inputRoot, inputs, siblings)
      expect(result?.[0]).toBe(decodeManifest(manifest).modelId)
      expect(result?.[1]).toBe(SMALL.programRoot)
      expect(result?.[2]).toBe(BigInt(SMALL.counters.steps))
      expect(result?.[3]).toBe(bytesToHex(startState))
    })
    await fc.assert(property, {
      numRuns: numRuns(40),
      examples: [
        [0, 0],
        [1, 0],
        [64, 0],
        [64, 40],
        [3, 1],
      ],
    })
  })

  it('is bound to inputRoot, tensor roots, constants and their siblings', async () => {
    const { manifest, inputs, inputRoot, siblings } = opening(3, 9)
    const errorOf = async (...args: Parameters<StepEvm['start']>) => (await evm.start(...args)).error
    const other = root(77)
    const otherRoot = bindRoots(INPUTS_DOMAIN, [other, ...inputs.slice(1)])
    expect(await errorOf(manifest, other, inputs, siblings)).toBe('StepVerifier_InputMismatch')
    expect(await errorOf(manifest, inputRoot, [other, ...inputs.slice(1)], siblings)).toBe('StepVerifier_InputMismatch')
    expect(await errorOf(manifest, inputRoot, inputs.toReversed(), siblings)).toBe('StepVerifier_InputMismatch')
    expect(await errorOf(manifest, inputRoot, inputs.slice(1), siblings)).toBe('StepVerifier_InputCount')
    expect((await evm.start(manifest, otherRoot, [other, ...inputs.slice(1)], siblings)).result?.[3]).not.toBe(
      (await evm.start(manifest, inputRoot, inputs, siblings)).result?.[3],
    )
    for (const i of siblings.keys()) {
      const wrong = siblings.with(i, other)
      expect(await errorOf(manifest, inputRoot, inputs, wrong)).toBe('StepVerifier_ConstantsMismatch')
    }
    expect(await errorOf(manifest, inputRoot, inputs, siblings.slice(1))).toBe('StepVerifier_ConstantsMismatch')
    const many = [...siblings, ...Array.from({ length: 16 }, () => new Uint8Array(32))]
    expect(await errorOf(manifest, inputRoot, inputs, many)).toBe('StepVerifier_SiblingCount')
  })

  it('takes the manifests that the codec takes, and no other', async () => {
    const { manifest, inputs, inputRoot, siblings } = opening(2, 3)
    const change = fc.record({ at: fc.nat(), by: fc.constantFrom(1, 2, 4, 8, 64, 127, 128, 255) })
    const length = fc.oneof(
      { weight: 8, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constantFrom(-42, -1, 1, 42) },
    )
    const property = fc.asyncProperty(
      fc.array(change, { minLength: 1, maxLength: 2 }),
      length,
      async (changes, grow) => {
        const changed = concatBytes(manifest, new Uint8Array(42)).slice(0, manifest.length + grow)
        for (const { at, by } of changes)
          changed[at % changed.length] = ((changed[at % changed.length] as number) + by) % 256
        const { error } = await evm.start(changed, inputRoot, inputs, siblings)
        const refused = error === 'StepVerifier_ManifestLength' || error === 'StepVerifier_ManifestField'
        expect(refused, error).toBe(!isManifest(changed))
      },
    )
    await fc.assert(property, { numRuns: numRuns(400) })
  })

  it('is refused for a model of another profile', async () => {
    const { manifest, inputs, inputRoot, siblings } = opening(1, 1)
    const other = encodeManifest({ ...decodeManifest(manifest), profile: 2 })
    expect((await evm.start(other, inputRoot, inputs, siblings)).error).toBe('StepVerifier_Profile')
  })
})

function isManifest(bytes: Uint8Array): boolean {
  try {
    decodeManifest(bytes)
    return true
  } catch (error) {
    if (error instanceof InvalidError) return false
    throw error
  }
}

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { type AbiFunction, type AbiParameter, formatUnits } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeOnnx } from '../node/bindings/describe-onnx.ts'
import { encodeInputs, type ModelDescription, parseDescription, type TensorDescription } from '../node/client/client.ts'
import { admittedLanes, type LaneBounds } from '../node/client/lane-encoder.ts'
import { laneScale, realOfLane } from '../node/client/lane-scale.ts'
import { divideFloor, divideHalfEven } from '../node/client/real.ts'
import { bytesToHex, concatBytes, hexToBytes } from '../node/protocol/bytes.ts'
import { specLanes } from '../node/protocol/inference-roots.ts'
import { decodeTensor, encodeTensor, laneRange } from '../node/protocol/tensor-encoding.ts'
import { harnessSource } from './support/binding-harness.ts'
import { type LocalContract, openContract } from './support/contract-evm.ts'
import { createFoundryProject, type FoundryProject } from './support/foundry-project.ts'
import { numRuns } from './support/random-graph.ts'

const shipped = (name: string) =>
  describeOnnx(new Uint8Array(readFileSync(new URL(`../models/${name}/${name}.exact.onnx`, import.meta.url))))

/** Every form of input and output, and names that Solidity keeps for itself, shares, or cannot spell. */
const EVERY_FORM = parseDescription({
  modelId: `0x${'5a'.repeat(32)}`,
  title: 'Every form of field @once "quoted"',
  inputs: [
    {
      ...{ name: 'table', shape: [1, 14], laneBytes: 4, lo: -(2 ** 31), hi: 2 ** 31 - 1 },
      columns: [
        { name: 'plain' },
        { name: 'tenths', step: 0.1, unit: '@EUR', range: 'clip' },
        { name: 'celsius', step: 0.5, offset: -40, min: -40, max: 60 },
        { name: 'binary step', step: '2^-7' },
        { name: 'free', step: '0.018372654914855957', offset: '-0.333' },
        { name: 'coarse', step: 2500, min: 0 },
        { name: 'too fine', step: '1e-40' },
        { name: 'memory' },
        { name: 'uint8' },
        { name: 'error', labels: ['no "way"', 'naïve\\', '2'] },
        { name: 'snake_case' },
        { name: 'snakeCase' },
        { name: '1st' },
        { name: 'größe' },
      ],
    },
    { name: 'one', shape: [], laneBytes: 8, lo: 1 - 2 ** 53, hi: 2 ** 53 - 1, step: 0.001 },
    { name: 'image', shape: [1, 3, 5], laneBytes: 2, lo: 0, hi: 255 },
    { name: 'ids', shape: [7], laneBytes: 1, lo: 0, hi: 127, kind: 'class' },
    {
      name: 'signal',
      shape: [2, 3],
      laneBytes: 2,
      lo: -1000,
      hi: 1000,
      step: 0.25,
      columns: [{ name: 'a' }, { name: 'b', step: 0.4 }, { name: 'c' }],
    },
  ],
  outputs: [
    { name: 'pick', shape: [1], laneBytes: 1, lo: 0, hi: 2, labels: ['left', 'right "hand"', 'ünten'] },
    {
      name: 'logits',
      shape: [1, 3],
      laneBytes: 4,
      lo: -(2 ** 31),
      hi: 2 ** 31 - 1,
      kind: 'logits',
      step: '2^-10',
      labels: ['a', 'b', 'c'],
    },
    { name: 'long', shape: [300], laneBytes: 2, lo: -5, hi: 5 },
    {
      name: 'box',
      shape: [1, 2],
      laneBytes: 8,
      lo: 1 - 2 ** 53,
      hi: 2 ** 53 - 1,
      columns: [{ name: 'x', step: 0.01 }, { name: 'input' }],
    },
    { name: 'run', shape: [1], laneBytes: 2, lo: -(2 ** 15), hi: 2 ** 15 - 1 },
  ],
})

const CASES: readonly (readonly [string, ModelDescription])[] = [
  ['every form of field', EVERY_FORM],
  ['models/risk', shipped('risk')],
  ['models/digits', shipped('digits')],
]

let project: FoundryProject
const contracts: { contract: LocalContract; abi: readonly AbiFunction[] }[] = []

beforeAll(async () => {
  project = createFoundryProject({
    file: 'Harness.sol',
    text: harnessSource(CASES.map(([, description]) => description)),
  })
  await project.forge('build', '--deny', 'warnings')
  for (const index of CASES.keys()) {
    const artifact = project.artifact(`Harness${index}`)
    const abi = artifact.abi.filter((item) => item.type === 'function')
    contracts.push({ contract: await openContract(artifact), abi })
  }
})
afterAll(() => project.remove())

/** Any lanes of a tensor, each within its own bounds. */
function lanesOf(tensor: TensorDescription, boundsAt: (index: number) => LaneBounds) {
  const lanes = Array.from({ length: specLanes(tensor) }, (_, i) => {
    const { lo, hi } = boundsAt(i)
    const ends = fc.constantFrom(lo, hi, Math.max(lo, Math.min(hi, 0)))
    return fc.oneof({ weight: 4, arbitrary: fc.integer({ min: lo, max: hi }) }, ends)
  })
  return fc.tuple(...lanes)
}

/** The lanes that a tensor takes at an index. */
function admittedAt(tensor: TensorDescription): (index: number) => LaneBounds {
  return (index) => {
    const meaning = tensor.columns?.[index % tensor.columns.length] ?? tensor
    return meaning.range === 'clip' ? tensor : admittedLanes(meaning, tensor)
  }
}

/** The fields of a struct in Solidity's words, from the joined bytes of its tensors: the layout of `solidity-fields.ts`, from the ABI alone. */
function structOf(
  components: readonly AbiParameter[],
  tensors: readonly TensorDescription[],
  bytes: Uint8Array,
): Record<string, unknown> {
  const fields = components.values()
  const struct: Record<string, unknown> = {}
  let at = 0
  for (const tensor of tensors) {
    const count = specLanes(tensor)
    const part = bytes.subarray(at, at + count * tensor.laneBytes)
    const lanes = Array.from(decodeTensor(part, tensor.laneBytes, count))
    at += part.length
    for (let left = count; left > 0; ) {
      const { name = '', type } = fields.next().value as AbiParameter
      const single = /^u?int\d+$/.test(type)
      struct[name] = single ? wordOf(lanes[count - left] as number, type) : valuesOf(type, lanes, part, tensor)
      left -= single ? 1 : count
    }
  }
  expect(fields.next().done).toBe(true)
  return struct
}

function valuesOf(
  type: string,
  lanes: readonly number[],
  part: Uint8Array,
  { lo, hi, laneBytes }: TensorDescription,
): unknown {
  if (type === 'bytes') return bytesToHex(lo >= 0 && hi <= 255 && laneBytes === 2 ? Uint8Array.from(lanes) : part)
  return lanes.map((lane) => wordOf(lane, type.slice(0, -2)))
}

/** viem takes and gives integers of up to 48 bits as numbers. */
function wordOf(lane: number, type: string): number | bigint {
  const bits = Number(type.replace(/\D+/g, ''))
  return bits > 48 ? BigInt(lane) : type.startsWith('u') ? Number(BigInt.asUintN(bits, BigInt(lane))) : lane
}

const componentsOf = (parameter: AbiParameter | undefined) =>
  (parameter as { components: readonly AbiParameter[] }).components

describe.each(CASES.map(([name, description], index) => ({ name, description, index })))(
  '$name',
  ({ description, index }) => {
    const opened = () => {
      const { contract, abi } = contracts[index] as (typeof contracts)[number]
      const functionOf = (name: string) => abi.find((item) => item.name === name) as AbiFunction
      return { contract, abi, functionOf }
    }

    it('encodes in Solidity what it encodes in TypeScript', async () => {
      const { contract, functionOf } = opened()
      const components = componentsOf(functionOf('encode').inputs[0])
      const inputs = fc.tuple(...description.inputs.map((tensor) => lanesOf(tensor, admittedAt(tensor))))
      const property = fc.asyncProperty(inputs, async (lanes) => {
        const values = description.inputs.map((tensor, i) => [tensor.name, decimalsOf(tensor, lanes[i] as number[])])
        const encoded = encodeInputs(description, Object.fromEntries(values))
        const expected = description.inputs.map((tensor, i) => encodeTensor(lanes[i] as number[], tensor.laneBytes))
        expect(encoded).toBe(bytesToHex(concatBytes(...expected)))
        expect(await contract.call('encode', structOf(components, description.inputs, hexToBytes(encoded)))).toBe(
          encoded,
        )
      })
      await fc.assert(property, { numRuns: numRuns(20) })
    })

    it('decodes in Solidity the lanes that it decodes in TypeScript', async () => {
      const { contract, functionOf } = opened()
      const components = componentsOf(functionOf('decode').outputs[0])
      const outputs = fc.tuple(
        ...description.outputs.map((tensor) => lanesOf(tensor, () => laneRange(tensor.laneBytes))),
      )
      const property = fc.asyncProperty(outputs, async (lanes) => {
        const bytes = concatBytes(
          ...description.outputs.map(({ laneBytes }, i) => encodeTensor(lanes[i] as number[], laneBytes)),
        )
        const decoded = await contract.call('decode', bytesToHex(bytes))
        expect(decoded).toEqual(structOf(components, description.outputs, bytes))
        await expect(contract.call('decode', bytesToHex(bytes.subarray(1)))).rejects.toThrow(
          'InferenceLanes_OutputBytes',
        )
      })
      await fc.assert(property, { numRuns: numRuns(20) })
    })

    it('brings WADs to the lanes to which it brings decimals, and refuses the same', async () => {
      const { contract, abi, functionOf } = opened()
      const components = componentsOf(functionOf('encode').inputs[0])
      const converters = abi.filter(({ name }) => name.endsWith('FromWad'))
      const fields = fieldsOf(description.inputs, components)
      const wads = fc.oneof(
        fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
        fc.bigInt({ min: -(10n ** 32n), max: 10n ** 32n }),
      )
      const ties = fc.record({ lane: fc.integer({ min: -1000, max: 1000 }), off: fc.constantFrom(-1n, 0n, 0n, 0n, 1n) })
      const property = fc.asyncProperty(fc.nat(), fc.oneof(wads, ties), async (pick, given) => {
        const { name } = converters[pick % converters.length] as AbiFunction
        const field = fields.get(name.replace(/FromWad$/, ''))
        if (field === undefined) throw new Error(`no field for ${name}`)
        const wad = typeof given === 'bigint' ? given : tieWad(field, given.lane) + given.off
        const ours = laneOrError(() => encodeOne(field, formatUnits(wad, 18)))
        const theirs = await contract.call(name, wad).then(Number, (error: Error) => error.message)
        expect(theirs).toBe(ours === 'InputInvalid' ? 'InferenceLanes_OutOfRange' : ours)
      })
      if (converters.length > 0) await fc.assert(property, { numRuns: numRuns(150) })
    })

    it('reads lanes as the nearest WADs, and names classes', async () => {
      const { contract, abi, functionOf } = opened()
      const fields = fieldsOf(description.outputs, componentsOf(functionOf('decode').outputs[0]))
      for (const { name, inputs } of abi) {
        const field = fields.get(name.replace(/(ToWad|Label)$/, ''))
        if (name.endsWith('ToWad') && field) {
          const { numerator, denominator } = realOfLane(laneScale(field.meaning.step, field.meaning.offset), -12_345)
          const type = inputs[0]?.type as string
          const wad = divideHalfEven(numerator * 10n ** 18n, denominator)
          if (!type.endsWith('int8')) expect(await contract.call(name, wordOf(-12_345, type))).toBe(wad)
        } else if (name.endsWith('Label') && field) {
          const { labels = [] } = field.meaning
          for (const [i, label] of labels.entries()) expect(await contract.call(name, BigInt(i))).toBe(label)
          await expect(contract.call(name, BigInt(labels.length))).rejects.toThrow('InferenceLanes_NoClass')
        }
      }
    })

    it('refuses lists of another length', async () => {
      const { contract, functionOf } = opened()
      const components = componentsOf(functionOf('encode').inputs[0])
      const zeros = new Uint8Array(
        description.inputs.reduce((sum, tensor) => sum + specLanes(tensor) * tensor.laneBytes, 0),
      )
      const struct = structOf(components, description.inputs, zeros)
      for (const { name = '', type } of components) {
        const longer =
          type === 'bytes' ? `${struct[name]}00` : type.endsWith('[]') ? [...(struct[name] as []), 0] : undefined
        if (longer === undefined) continue
        await expect(contract.call('encode', { ...struct, [name]: longer })).rejects.toThrow('InferenceLanes_Count')
      }
    })
  },
)

describe('the library', () => {
  it('gives constants for the classes of an input, and conversions where they fit', () => {
    const source = harnessSource([EVERY_FORM])
    expect(source).toContain('int32 internal constant ERROR_NO_WAY = 0;')
    expect(source).toContain('/// @notice Every form of field (at)once "quoted".')
    expect(source).toContain('function freeFromWad')
    expect(source).not.toContain('tooFineFromWad')
    expect(source).toContain('function signalAFromWad')
    expect(source).toContain('int32 memory_;')
    expect(source).toContain('int32 snakeCase_2;')
  })
})

interface Field {
  readonly tensor: TensorDescription
  readonly meaning: Pick<TensorDescription, 'step' | 'offset' | 'labels'> & { readonly name: string }
}

/** The WAD halfway between a lane and the next, rounded down where there is none. */
function tieWad({ meaning }: Field, lane: number): bigint {
  const { base, gain, denominator } = laneScale(meaning.step, meaning.offset)
  return divideFloor((2n * base + gain * BigInt(2 * lane + 1)) * 10n ** 18n, 2n * denominator)
}

/** What the fields of a struct are of, by their Solidity names; columns of arrays too. */
function fieldsOf(tensors: readonly TensorDescription[], components: readonly AbiParameter[]): Map<string, Field> {
  const names = components.map(({ name = '' }) => name).values()
  const fields = new Map<string, Field>()
  for (const tensor of tensors) {
    const { columns = [] } = tensor
    const single = columns.length === specLanes(tensor)
    for (const column of single ? columns : []) fields.set(names.next().value as string, { tensor, meaning: column })
    if (single) continue
    const name = names.next().value as string
    fields.set(name, { tensor, meaning: tensor })
    for (const column of columns) fields.set(`${name}${column.name.toUpperCase()}`, { tensor, meaning: column })
  }
  return fields
}

/** The lane to which TypeScript brings one value of a field. */
function encodeOne({ tensor, meaning }: Field, value: string): number {
  const single = parseDescription({
    ...{ modelId: EVERY_FORM.modelId, outputs: [] },
    inputs: [
      {
        ...meaning,
        columns: undefined,
        axis: undefined,
        shape: [],
        laneBytes: tensor.laneBytes,
        lo: tensor.lo,
        hi: tensor.hi,
      },
    ],
  })
  return decodeTensor(hexToBytes(encodeInputs(single, { [meaning.name]: value })), tensor.laneBytes, 1)[0] as number
}

function laneOrError(work: () => number): number | string {
  try {
    return work()
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** Lanes as the exact decimals that they stand for. */
function decimalsOf({ columns, step, offset }: TensorDescription, lanes: readonly number[]): string[] {
  return lanes.map((lane, i) => {
    const meaning = columns?.[i % columns.length] ?? { step, offset }
    const { numerator, denominator } = realOfLane(laneScale(meaning.step, meaning.offset), lane)
    return formatExact(numerator, denominator)
  })
}

function formatExact(numerator: bigint, denominator: bigint): string {
  const places = denominator.toString(2).length
  return formatUnits((numerator * 10n ** BigInt(places)) / denominator, places)
}

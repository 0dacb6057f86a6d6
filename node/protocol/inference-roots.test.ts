import { concat, keccak256, toHex } from 'viem'
import { describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from './bytes.ts'
import { inputRoot, outputRoot, recordLeaf, valuesSizeBytes } from './inference-roots.ts'
import type { TensorSpec } from './model-manifest.ts'
import { tensorRoot } from './tensor-encoding.ts'

const SPECS: readonly TensorSpec[] = [
  { shape: [2, 3], laneBytes: 1, lo: -128, hi: 127 },
  { shape: [], laneBytes: 4, lo: 0, hi: 1000 },
]
const BYTES = hexToBytes('0x0102030405060000002a')
const domain = (name: string) => keccak256(toHex(name))

describe('inputRoot and outputRoot', () => {
  it('are the committed vectors', () => {
    expect(bytesToHex(inputRoot(SPECS, BYTES))).toBe(
      '0x707f919d17d1200a37582aa04c1b5aa60a714eb0da7a0a31f7c83fe42ca11ba7',
    )
    expect(bytesToHex(outputRoot(SPECS, BYTES))).toBe(
      '0x8c292beba295a866ae926e3a38b1bac590406a9da18777f5299d35fd0db89db9',
    )
  })

  it('hash domain, count and tensor roots', () => {
    const roots = [tensorRoot(BYTES.subarray(0, 6), 1, 6), tensorRoot(BYTES.subarray(6), 4, 1)].map(bytesToHex)
    const over = (name: string) => keccak256(concat([domain(name), '0x00000002', ...roots]))
    expect(bytesToHex(inputRoot(SPECS, BYTES))).toBe(over('assay/inputs/v1'))
    expect(bytesToHex(outputRoot(SPECS, BYTES))).toBe(over('assay/outputs/v1'))
  })

  it('refuse bytes of another length', () => {
    expect(valuesSizeBytes(SPECS)).toBe(10)
    for (const size of [0, 9, 11]) {
      expect(() => inputRoot(SPECS, new Uint8Array(size))).toThrow(expect.objectContaining({ code: 'ValuesLength' }))
    }
  })
})

describe('recordLeaf', () => {
  const [model, input, output] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]

  it('is the committed vector, and hashes domain, modelId, inputRoot, outputRoot', () => {
    const leaf = bytesToHex(recordLeaf(model, input, output))
    expect(leaf).toBe('0x4cdd7932def44854b6a59a86ae9f804397c903696a92d0c919d420559dfe8348')
    expect(leaf).toBe(keccak256(concat([domain('assay/record/v1'), ...[model, input, output].map(bytesToHex)])))
  })

  it('refuses a part that is not 32 bytes', () => {
    const short = new Uint8Array(31)
    expect(() => recordLeaf(model, short, output)).toThrow(expect.objectContaining({ code: 'RecordMalformed' }))
  })
})

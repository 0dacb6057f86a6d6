import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { npyFile } from '../../test/support/npy-file.ts'
import { type InferReport, inferCommand } from './infer-command.ts'
import { inferencesOf } from './infer-inputs.ts'
import { parseSettings } from './settings.ts'

const pathOf = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url))
const SAMPLES = JSON.parse(readFileSync(pathOf('digits/sample.json'), 'utf8')).samples.slice(0, 2)

describe('assay infer', () => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-infer-'))
    const pixels = Float32Array.from(SAMPLES.flatMap((sample: { pixels: number[] }) => sample.pixels))
    writeFileSync(join(folder, 'two.npy'), npyFile('<f4', [2, 1, 28, 28], pixels))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function run(...args: readonly string[]): Promise<{ code: number; output: string }> {
    const lines: string[] = []
    const { settings, positionals } = parseSettings(inferCommand.settings, args, {}, 1)
    const context = {
      signal: new AbortController().signal,
      print: (line: string) => void lines.push(line),
      report: () => {},
    }
    return { code: await inferCommand.run(settings, positionals, context), output: lines.join('\n') }
  }

  it('answers every row of the inputs, with the same roots by every provider', async () => {
    const words = [pathOf('digits/digits.exact.onnx'), '--input', join(folder, 'two.npy')]
    const reports: InferReport[] = []
    for (const provider of ['cpu', 'reference']) {
      const { code, output } = await run(...words, '--provider', provider, '--json')
      expect(code).toBe(0)
      reports.push(JSON.parse(output))
    }
    const [cpu, reference] = reports
    expect(cpu).toMatchObject({ provider: 'cpu', modelId: expect.stringMatching(/^0x[0-9a-f]{64}$/) })
    expect(reference).toEqual({ ...cpu, provider: 'reference' })
    const digits = cpu?.inferences.map(({ outputs }) => outputs[0]?.lanes[0])
    expect(digits).toEqual(SAMPLES.map(({ digit }: { digit: number }) => digit))
    const text = (await run(...words)).output
    for (const { outputRoot } of cpu?.inferences ?? []) expect(text).toContain(`output root ${outputRoot}`)
  })

  it('takes folders of ONNX test data', async () => {
    const data = join(folder, 'test_data_set_0')
    mkdirSync(data)
    const raw = new Uint8Array(Int32Array.from({ length: 12 }, () => 1).buffer)
    // dims [1, 12], data type int32, raw data.
    writeFileSync(join(data, 'input_0.pb'), Uint8Array.of(8, 1, 8, 12, 16, 6, 74, raw.length, ...raw))
    const { code } = await run(pathOf('risk/risk.exact.onnx'), '--input', data, '--provider', 'reference')
    expect(code).toBe(0)
  })

  it.each<[string, () => Uint8Array, RegExp]>([
    ['half.npy', () => npyFile('<f4', [1, 12], new Float32Array(12).fill(0.5)), /lane 0 is 0\.5, no integer from/],
    ['short.npy', () => npyFile('<f4', [11], new Float32Array(11)), /is given 11 lanes, the model takes 12/],
    [
      'two.npz',
      () => zipSync({ 'a.npy': npyFile('|i1', [1], Int8Array.of(1)), 'b.npy': npyFile('|i1', [1], Int8Array.of(1)) }),
      /given are a, b/,
    ],
  ])('refuses inputs that do not fit: %s', async (name, file, message) => {
    const path = join(folder, name)
    writeFileSync(path, file())
    await expect(run(pathOf('risk/risk.exact.onnx'), '--input', path)).rejects.toThrow(message)
  })

  it('says which file it cannot read', async () => {
    await expect(run(join(folder, 'none.onnx'), '--input', 'x.npy')).rejects.toMatchObject({ code: 'FileUnreadable' })
    const missing = run(pathOf('risk/risk.exact.onnx'), '--input', join(folder, 'none.npy'))
    await expect(missing).rejects.toThrow(/cannot read .*none\.npy/)
  })
})

it('matches arrays to inputs by name, whatever their order, or by order where no name fits', () => {
  const spec = { shape: [1], laneBytes: 1, lo: -9, hi: 9 } as const
  const array = (name: string, lane: number) => ({
    name,
    tensor: { kind: 'integer', shape: [1], data: Float64Array.of(lane) } as const,
  })
  const bytes = (...arrays: ReturnType<typeof array>[]) =>
    Array.from(inferencesOf([spec, spec], ['x', 'y'], arrays)[0] ?? [])
  expect(bytes(array('y', 2), array('x', 1))).toEqual([1, 2])
  expect(bytes(array('arr_0', 3), array('arr_1', 4))).toEqual([3, 4])
  expect(() => bytes(array('x', 1), array('z', 2))).toThrow(/inputs x, y; given are x, z/)
})

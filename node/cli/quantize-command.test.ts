import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { npyFile } from '../../test/support/npy-file.ts'
import { describeOnnx } from '../bindings/describe-onnx.ts'
import { importOnnx } from '../exact/import/import-onnx.ts'
import type { QuantiseReport } from '../quantize/report.ts'
import { quantizeCommand } from './quantize-command.ts'
import { parseSettings } from './settings.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../../test/fixtures/float-models/${name}`, import.meta.url))

describe('assay quantize', () => {
  let folder: string
  const at = (name: string) => join(folder, name)

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-quantize-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function run(...args: readonly string[]): Promise<string> {
    const lines: string[] = []
    const { settings, positionals } = parseSettings(quantizeCommand.settings, args, {}, 1)
    const context = {
      signal: new AbortController().signal,
      print: (line: string) => void lines.push(line),
      report: () => {},
    }
    expect(await quantizeCommand.run(settings, positionals, context)).toBe(0)
    return lines.join('\n')
  }

  it('writes an exact file, with labels that say what its lanes mean, and a report', async () => {
    const words = [fixture('resnet.onnx'), '--calibrate', fixture('resnet.npz'), '--dim', 'batch=1']
    const printed = await run(...words, '--out', at('exact.onnx'), '--report', at('report.json'), '--json')
    const report: QuantiseReport = JSON.parse(printed)
    expect(JSON.parse(readFileSync(at('report.json'), 'utf8'))).toEqual(report)
    expect(report).toMatchObject({ preset: 'fast', samples: { calibration: 24, measured: 24 } })
    expect(report.decibels).toBeGreaterThan(20)
    expect(report.top1AgreementPercent).toBeGreaterThan(90)
    expect(report.worst[0]?.decibels).toBe(Math.min(...report.layers.map(({ decibels }) => decibels ?? Infinity)))
    const file = new Uint8Array(readFileSync(at('exact.onnx')))
    expect(importOnnx(file).ops.length).toBe(report.ops)
    const { inputs, outputs } = describeOnnx(file)
    expect(inputs[0]).toMatchObject({ name: 'input', range: 'clip' })
    expect(Number(outputs[0]?.step)).toBe(report.outputs[0]?.step)
  })

  it('raises the layers that a target needs, and says where none is enough', async () => {
    const words = [fixture('resnet.onnx'), '--calibrate', fixture('resnet.npz'), '--dim', 'batch=1', '--preset', 'auto']
    const reached: QuantiseReport = JSON.parse(
      await run(...words, '--target-db', '30', '--out', at('auto.onnx'), '--json'),
    )
    expect(reached.decibels).toBeGreaterThanOrEqual(30)
    expect(new Set(reached.layers.map(({ operandBits }) => operandBits)).size).toBe(2)
    await expect(run(...words, '--target-db', '90', '--out', at('auto.onnx'))).rejects.toThrow(
      /90 dB cannot be reached: with every layer precise it is \d+\.\d dB; lower --target-db/,
    )
  })

  it('takes folders of ONNX test data, and labels', async () => {
    const columns = Float32Array.of(1.5, -0.5, 0.25, 1, 0, 2)
    for (const i of [0, 1]) {
      const data = at(`data/test_data_set_${i}`)
      mkdirSync(data, { recursive: true })
      const raw = new Uint8Array(columns.map((x) => x * (i + 1)).buffer)
      // dims [1, 6], data type float32, raw data.
      writeFileSync(join(data, 'input_0.pb'), Uint8Array.of(8, 1, 8, 6, 16, 1, 74, raw.length, ...raw))
    }
    writeFileSync(at('labels.txt'), '1\n0\n')
    const words = [
      fixture('linear-regressor.onnx'),
      '--calibrate',
      at('data'),
      '--dim',
      'X.0=1',
      '--out',
      at('linear.onnx'),
    ]
    expect(await run(...words, '--labels', at('labels.txt'))).toMatch(/accuracy +float \d+\.00 %, exact \d+\.00 % of 2/)
  })

  it.each<[string, readonly string[], RegExp]>([
    ['no calibration', ['--dim', 'batch=1'], /Pass --calibrate PATH/],
    ['a missing file', ['--calibrate', 'nowhere.npz', '--dim', 'batch=1'], /cannot read nowhere\.npz/],
    ['an unbound axis', ['--calibrate', fixture('resnet.npz')], /dynamic axes.*add --dim batch=N/],
    [
      'a stray axis',
      ['--calibrate', fixture('resnet.npz'), '--dim', 'batch=1', 'n=2'],
      /--dim n names no dynamic axis/,
    ],
    ['a bad extent', ['--calibrate', fixture('resnet.npz'), '--dim', 'batch=0'], /such as batch=1, not "batch=0"/],
    [
      'data of another model',
      ['--calibrate', fixture('mlp.npz'), '--dim', 'batch=1'],
      /input input takes \[1, 3, 16, 16\]/,
    ],
  ])('names the mend for %s', async (_, words, message) => {
    await expect(run(fixture('resnet.onnx'), ...words, '--out', at('bad.onnx'))).rejects.toThrow(message)
  })

  it('names what is wrong with data, labels and files', async () => {
    const words = [fixture('mlp.onnx'), '--dim', 'batch=1', '--out', at('bad.onnx')]
    writeFileSync(at('nan.npy'), npyFile('<f4', [1, 12], Float32Array.of(NaN)))
    await expect(run(...words, '--calibrate', at('nan.npy'))).rejects.toThrow()
    writeFileSync(at('three.txt'), '0\nzwei\n1\n')
    const good = ['--calibrate', fixture('mlp.npz')]
    await expect(run(...words, ...good, '--labels', at('three.txt'))).rejects.toThrow(/line 2: "zwei" is no class/)
    writeFileSync(at('three.txt'), '0\n1\n')
    await expect(run(...words, ...good, '--labels', at('three.txt'))).rejects.toThrow(
      /2 labels are given for 24 answers/,
    )
    writeFileSync(at('text.onnx'), 'hello')
    await expect(run(at('text.onnx'), ...good, '--out', at('bad.onnx'))).rejects.toThrow(/protobuf|truncated|wire/)
    const nowhere = join(folder, 'no', 'folder.onnx')
    await expect(run(fixture('mlp.onnx'), '--dim', 'batch=1', ...good, '--out', nowhere)).rejects.toThrow(
      /cannot write/,
    )
  })
})

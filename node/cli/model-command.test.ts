import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readDescription } from '../client/parse-description.ts'
import { modelCommand } from './model-command.ts'
import { parseSettings } from './settings.ts'

const pathOf = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url))

async function run(flags: readonly string[], ...words: readonly string[]) {
  const lines: string[] = []
  const context = {
    signal: new AbortController().signal,
    print: (line: string) => void lines.push(line),
    report: () => {},
  }
  const { settings } = parseSettings(modelCommand.settings, flags, {})
  const code = await modelCommand.run(settings, words, context)
  return { code, output: lines.join('\n') }
}

describe('assay model describe', () => {
  it('prints one JSON document that the client reads', async () => {
    const { code, output } = await run(['--json'], 'describe', pathOf('risk/risk.exact.onnx'))
    expect(code).toBe(0)
    const description = readDescription(output)
    expect(JSON.parse(output)).toEqual(description)
    expect(description.title).toBe('Probability of default of a consumer loan')
    expect(description.inputs).toMatchObject([{ name: 'columns', shape: [1, 12], laneBytes: 4, axis: 1 }])
    expect(description.inputs[0]?.columns?.[4]).toMatchObject({ name: 'utilisation', step: '0.0001' })
    expect(description.outputs).toMatchObject([{ name: 'probability', step: '0.0001', lo: expect.any(Number) }])
  })

  it('prints the same for people', async () => {
    const { output } = await run([], 'describe', pathOf('risk/risk.exact.onnx'))
    expect(output).toContain('input     columns [1, 12] in 4-byte lanes')
    expect(output).toMatch(/utilisation {5}.*in steps of 0\.0001/)
    expect(output).toMatch(/output {4}probability \[1\] in 4-byte lanes: 0\.\d+ to 0\.\d+ \(probability of default\)/)
  })

  it('refuses what is not exact, is no file, or is no action', async () => {
    await expect(run(['--json'], 'describe', pathOf('risk/risk.float.onnx'))).rejects.toMatchObject({
      code: 'OnnxInexact',
    })
    await expect(run(['--json'], 'describe', pathOf('.'))).rejects.toMatchObject({ code: 'FileUnreadable' })
    await expect(run(['--json'], 'explain', pathOf('risk/risk.exact.onnx'))).rejects.toThrow(
      'knows describe and bindings',
    )
  })
})

describe('assay model bindings', () => {
  const riskFile = pathOf('risk/risk.exact.onnx')

  it('writes the library of the demo', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-bindings-'))
    try {
      const out = join(folder, 'RiskModel.sol')
      await run(['--solidity', '--contracts', '..', '--out', out], 'bindings', riskFile)
      expect(readFileSync(out, 'utf8')).toBe(readFileSync(pathOf('../contracts/demo/RiskModel.sol'), 'utf8'))
      const { output } = await run(['--solidity', '--name', 'Credit'], 'bindings', riskFile)
      expect(output).toContain('library Credit {')
      expect(output).toContain('import { Inference } from "assay/l2/Inference.sol";')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('takes a description that was written by hand', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'assay-bindings-'))
    try {
      const path = join(folder, 'credit.json')
      const { output: json } = await run(['--json'], 'describe', riskFile)
      writeFileSync(path, json.replace('"loan_term"', '"months to repay"'))
      expect((await run(['--json'], 'describe', path)).output).toBe(readFileSync(path, 'utf8'))
      const { output } = await run(['--solidity'], 'bindings', path)
      expect(output).toContain('library CreditModel {')
      expect(output).toContain('int32 monthsToRepay;')
      writeFileSync(path, '{}')
      await expect(run(['--solidity'], 'bindings', path)).rejects.toMatchObject({ code: 'DescriptionInvalid' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('writes a constant', async () => {
    const { output } = await run(['--typescript'], 'bindings', riskFile)
    const [, json = ''] = /export const riskModel = ([\s\S]*) as const satisfies ModelDescription/.exec(output) ?? []
    expect(readDescription(json).inputs[0]?.columns).toHaveLength(12)
  })

  it.each([
    [[], 'name one language'],
    [['--solidity', '--typescript'], 'name one language'],
    [['--solidity', '--name', '1st'], '"1st" is no name for a library'],
    [['--typescript', '--name', 'a b'], '"a b" is no name for a constant'],
    [['--solidity', '--out', '/nowhere/at/all/X.sol'], 'cannot write /nowhere/at/all/X.sol'],
  ])('refuses %j', async (flags, message) => {
    await expect(run(flags, 'bindings', riskFile)).rejects.toThrow(message)
  })
})

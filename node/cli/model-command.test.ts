import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readDescription } from '../client/parse-description.ts'
import { modelCommand } from './model-command.ts'

const pathOf = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url))

async function run(json: boolean, ...words: readonly string[]) {
  const lines: string[] = []
  const context = {
    signal: new AbortController().signal,
    print: (line: string) => void lines.push(line),
    report: () => {},
  }
  const code = await modelCommand.run({ json }, words, context)
  return { code, output: lines.join('\n') }
}

describe('assay model describe', () => {
  it('prints one JSON document that the client reads', async () => {
    const { code, output } = await run(true, 'describe', pathOf('risk/risk.exact.onnx'))
    expect(code).toBe(0)
    const description = readDescription(output)
    expect(JSON.parse(output)).toEqual(description)
    expect(description.title).toBe('Probability of default of a consumer loan')
    expect(description.inputs).toMatchObject([{ name: 'columns', shape: [1, 12], laneBytes: 4, axis: 1 }])
    expect(description.inputs[0]?.columns?.[4]).toMatchObject({ name: 'utilisation', step: '0.0001' })
    expect(description.outputs).toMatchObject([{ name: 'probability', step: '0.0001', lo: expect.any(Number) }])
  })

  it('prints the same for people', async () => {
    const { output } = await run(false, 'describe', pathOf('risk/risk.exact.onnx'))
    expect(output).toContain('input     columns [1, 12] in 4-byte lanes')
    expect(output).toMatch(/utilisation {5}.*in steps of 0\.0001/)
    expect(output).toMatch(/output {4}probability \[1\] in 4-byte lanes: 0\.\d+ to 0\.\d+ \(probability of default\)/)
  })

  it('refuses what is not exact, is no file, or is no action', async () => {
    await expect(run(true, 'describe', pathOf('risk/risk.float.onnx'))).rejects.toMatchObject({ code: 'OnnxInexact' })
    await expect(run(true, 'describe', pathOf('.'))).rejects.toMatchObject({ code: 'FileUnreadable' })
    await expect(run(true, 'explain', pathOf('risk/risk.exact.onnx'))).rejects.toThrow('knows describe')
  })
})

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkCommand, checkFile, describeVerdict } from './check-command.ts'

const pathOf = (name: string) => fileURLToPath(new URL(`../../models/${name}`, import.meta.url))

async function run(path: string, json: boolean) {
  const lines: string[] = []
  const context = {
    signal: new AbortController().signal,
    print: (line: string) => void lines.push(line),
    report: () => {},
  }
  const code = await checkCommand.run({ json }, [path], context)
  return { code, output: lines.join('\n') }
}

describe('assay check', () => {
  it('tells modelId, cost, bounds and kernels of an exact file', async () => {
    const { code, output } = await run(pathOf('risk/risk.exact.onnx'), true)
    expect(code).toBe(0)
    const verdict = JSON.parse(output)
    expect(verdict).toMatchObject({
      verdict: 'exact',
      inputs: [{ shape: [1, 12], laneBytes: 4 }],
      outputs: [{ laneBytes: 4 }],
    })
    expect(verdict.modelId).toMatch(/^0x[0-9a-f]{64}$/)
    expect(verdict.macs.total).toBe(12 * 32 + 32 * 16 + 16)
    expect(verdict.steps).toBeGreaterThan(0)
    expect(verdict.gas.inference).toBeGreaterThan(0)
    expect(verdict.widest).toMatchObject({ kind: 'mul' })
    expect(verdict.widest.magnitude).toBeLessThan(2 ** 53)
    expect(verdict.kernels.map(({ op }: { op: number }) => op)).toEqual(
      verdict.kernels.map((_: unknown, i: number) => i),
    )
  })

  it('prints the same as text', async () => {
    const { code, output } = await run(pathOf('digits/digits.exact.onnx'), false)
    expect(code).toBe(0)
    expect(output).toMatch(/digits\.exact\.onnx: exact\n/)
    for (const word of ['model id', 'MACs', 'steps', 'gas', 'widest bound', 'kernels']) expect(output).toContain(word)
  })

  it('gives the reason why a file is refused, with exit code 1', async () => {
    const { code, output } = await run(pathOf('risk/risk.float.onnx'), true)
    expect(code).toBe(1)
    expect(JSON.parse(output)).toMatchObject({
      verdict: 'refused',
      code: 'OnnxInexact',
      reason: expect.stringContaining('input columns'),
    })
    const text = await run(pathOf('risk/sample.json'), false)
    expect(text.code).toBe(1)
    expect(text.output).toContain('refused (OnnxMalformed)')
  })

  it('refuses a truncated file in words', () => {
    const file = new Uint8Array(readFileSync(pathOf('digits/digits.exact.onnx')))
    const verdict = checkFile(file.subarray(0, 30_000))
    expect(describeVerdict('cut.onnx', verdict)).toMatch(/cut\.onnx: refused \(OnnxMalformed\)\n {2}truncated/)
  })

  it('says so where there is no file', async () => {
    await expect(run(pathOf('nothing.onnx'), false)).rejects.toMatchObject({ code: 'FileUnreadable' })
    await expect(run(pathOf('.'), false)).rejects.toMatchObject({ code: 'FileUnreadable' })
  })
})

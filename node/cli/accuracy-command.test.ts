import { describe, expect, it } from 'vitest'
import { accuracyCommand, describeAccuracy, MAX_DIFFERENCE_POINTS, measureAccuracy } from './accuracy-command.ts'

describe('assay accuracy', () => {
  it('finds the exact models as accurate as the float ones', async () => {
    const results = await measureAccuracy(2)
    expect(results.map(({ model }) => model)).toEqual(['digits', 'risk'])
    for (const result of results) {
      expect(result.samples).toBeGreaterThanOrEqual(5000)
      expect(Math.abs(result.differencePoints)).toBeLessThanOrEqual(MAX_DIFFERENCE_POINTS)
      expect(result.referenceSamples).toBe(2)
    }
    const [digits, risk] = results
    expect(digits?.floatPercent).toBeGreaterThanOrEqual(97)
    expect(risk?.auc?.exact).toBeCloseTo(risk?.auc?.float ?? 0, 2)
    expect(describeAccuracy(results)).toMatch(/digits {2}.* %.* pp/)
  })

  it('prints one JSON document and exits 0', async () => {
    const lines: string[] = []
    const context = {
      signal: new AbortController().signal,
      print: (line: string) => void lines.push(line),
      report: () => {},
    }
    expect(await accuracyCommand.run({ json: true, referenceSamples: 0 }, [], context)).toBe(0)
    expect(JSON.parse(lines.join('\n'))).toMatchObject({
      maxDifferencePoints: 0.5,
      models: [{ model: 'digits' }, { model: 'risk' }],
    })
  })
})

import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { NODE_IMPORTERS } from '../../exact/import/node-importers.ts'
import { REFUSED_OPERATORS } from '../../exact/import/refused-operators.ts'
import { HANDLERS } from '../handlers.ts'
import { QUANTISER_REFUSED } from '../refused-operators.ts'
import { coverageMarkdown } from './coverage-markdown.ts'
import { ONNX_OPERATORS } from './onnx-operators.ts'
import { operatorCoverage } from './operator-coverage.ts'

const DOCUMENT = new URL('../../../docs/onnx-operators.md', import.meta.url)

describe('the table of operators', () => {
  const coverage = operatorCoverage()

  it('is the committed one: else run `npx assay operators > docs/onnx-operators.md`', async () => {
    expect(await readFile(DOCUMENT, 'utf8')).toBe(coverageMarkdown(coverage))
  })

  it('has every operator once, and every one that exact files may use', () => {
    const names = ONNX_OPERATORS.map(({ domain, name }) => `${domain}:${name}`)
    expect(new Set(names).size).toBe(names.length)
    expect([...NODE_IMPORTERS.keys()].filter((name) => !names.includes(`:${name}`))).toEqual([])
  })

  it('gives no reason against what is taken', () => {
    expect([...REFUSED_OPERATORS.keys()].filter((name) => NODE_IMPORTERS.has(name))).toEqual([])
    expect(QUANTISER_REFUSED.filter((name) => HANDLERS.has(name))).toEqual([])
  })

  it('sends nobody to the quantiser for what the quantiser refuses', () => {
    const circular = coverage.filter(({ quantiser }) => !quantiser.taken && quantiser.reason.includes('quantise the'))
    expect(circular.map(({ name }) => name)).toEqual([])
  })
})

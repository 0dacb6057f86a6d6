import { coverageMarkdown } from '../quantize/operators/coverage-markdown.ts'
import { operatorCoverage } from '../quantize/operators/operator-coverage.ts'
import type { Command } from './command.ts'
import { toggle } from './settings.ts'

const SETTINGS = { json: toggle('json', 'Print one JSON document instead of Markdown') }

/** `assay operators [--json]`: what becomes of every operator of ONNX. `docs/onnx-operators.md` is its output. */
export const operatorsCommand: Command<typeof SETTINGS> = {
  name: 'operators',
  summary: 'List the operators of ONNX: taken in exact files, by the quantiser, or refused and why',
  positionals: [],
  settings: SETTINGS,
  run: async ({ json }, _, { print }) => {
    const coverage = operatorCoverage()
    print(json ? JSON.stringify({ operators: coverage }, null, 2) : coverageMarkdown(coverage).trimEnd())
    return 0
  },
}

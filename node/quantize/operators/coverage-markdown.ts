import { EXACT_OPSETS } from '../../exact/import/import-onnx.ts'
import { FLOAT_OPSETS } from '../read-float-model.ts'
import type { OnnxOperator } from './onnx-operators.ts'
import type { OperatorCoverage, Verdict, Way } from './operator-coverage.ts'

const WORDS: Readonly<Record<Way, string>> = {
  exact: '**yes**',
  quantised: '**yes**',
  table: '**as a table**',
  removed: '**removed**',
  folded: '**folded**',
}

const DOMAINS: Readonly<Record<OnnxOperator['domain'], string>> = { '': 'Default domain', 'ai.onnx.ml': '`ai.onnx.ml`' }

/** The coverage as a document: one row an operator, and a count. */
export function coverageMarkdown(coverage: readonly OperatorCoverage[]): string {
  const { length } = coverage
  const exact = coverage.filter((operator) => operator.exact.taken).length
  const quantised = coverage.filter((operator) => operator.quantiser.taken).length
  const either = coverage.filter((operator) => operator.exact.taken || operator.quantiser.taken).length
  const tables = (['', 'ai.onnx.ml'] as const).map((domain) => {
    const rows = coverage.filter((operator) => operator.domain === domain).map(rowOf)
    return [
      `## ${DOMAINS[domain]}`,
      '',
      '| Operator | Since | Exact file | Quantiser |',
      '| --- | --- | --- | --- |',
      ...rows,
    ]
  })
  return `# ONNX operators

<!-- Generated from the code: npx assay operators > docs/onnx-operators.md -->

Of ${length} operators, exact files may use ${exact} and the quantiser takes ${quantised}; ${length - either} are refused by both.

- **Exact file**: one whose own arithmetic is exact (operator sets ${EXACT_OPSETS.least} to ${EXACT_OPSETS.most}); the import proves it, or names the node and the bound that breaks.
- **Quantiser**: an ordinary float model (operator sets ${FLOAT_OPSETS.least} to ${FLOAT_OPSETS.most}), where the node depends on lanes of an input.
  What depends on constants and shapes alone is folded, whatever the operator of tensors, but for random ones.
- **as a table**: a function of one value, any other operand being a constant of one lane; with its neighbours it becomes one lookup table.
  **removed**: it changes nothing in inference. **folded**: it is a constant once shapes are known.
- Anything else is refused, and the cell says why and what to use instead. Errors name attributes and operands that are refused.
  Operators of the training domain and of vendors are refused.

${tables.flatMap((table) => [...table, '']).join('\n')}`
}

function rowOf({ name, since, exact, quantiser }: OperatorCoverage): string {
  return `| ${name} | ${since} | ${wordsOf(exact)} | ${wordsOf(quantiser)} |`
}

function wordsOf(verdict: Verdict): string {
  return verdict.taken ? WORDS[verdict.how] : verdict.reason
}

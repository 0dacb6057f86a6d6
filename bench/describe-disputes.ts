import type { DisputeFigures } from './disputes.ts'

/** Targets of the disputes: ResNet-18-size inference legs, and what a state costs. */
const TARGET_TXS = 7
const TARGET_GAS = 700_000
const TARGET_QUERY_FACTOR = 3
const TARGET_HASH_MBPS = 100
/** Smaller models take microseconds, which the game around them outweighs. */
const LARGE_STEPS = 1e6

/** Published figures to compare with: a whole modern dispute, and instruction-level ones as estimated. */
const PUBLISHED = [
  'Published for comparison: about 830,000 gas for a whole modern dispute; 10 to 15 million estimated for instruction-level ones;',
  'earlier AI games need 25 to 40 rounds.',
]

/** The figures of disputes as text for people: gas, moves, times, capital. */
export function describeDisputes(figures: readonly DisputeFigures[]): string {
  const [first] = figures
  return [
    ...section(
      'Gas of a dispute at the EIP-7623 floor: the rungs above (output roots, block, log), then the inference leg',
      gasTable(figures),
    ),
    ...section('The same at 64 gas per byte of call data', denseTable(figures)),
    ...PUBLISHED,
    '',
    ...section('Time to answer, on one thread', timeTable(figures)),
    ...figures.map(moveLine),
    '',
    ...(first === undefined ? [] : [capitalLine(first)]),
    targetLine(figures),
  ].join('\n')
}

function gasTable(figures: readonly DisputeFigures[]): string[][] {
  const header = ['model', 'steps', 'above', 'txs', 'open', 'moves', 'prove', 'inference', 'in all']
  const rows = figures.map((model) => [
    model.name,
    count(model.steps),
    count(model.gasLadder),
    String(model.txs),
    count(model.openGas),
    model.gasPerMove.map(count).join(' ') || '–',
    count(model.stepGas),
    count(model.gasInference),
    count(model.gasTotal),
  ])
  return [header, ...rows]
}

function denseTable(figures: readonly DisputeFigures[]): string[][] {
  const rows = figures.map(({ name, at64 }) => [
    name,
    count(at64.gasLadder),
    count(at64.gasInference),
    count(at64.gasTotal),
  ])
  return [['model', 'above', 'inference', 'in all'], ...rows]
}

function timeTable(figures: readonly DisputeFigures[]): string[][] {
  const header = [
    'model',
    'inference',
    'first query',
    'of it hashing',
    'next query',
    'witness',
    'hashed',
    'MB/s',
    'constants',
  ]
  const rows = figures.map((model) => [
    model.name,
    ms(model.inferenceMs),
    ms(model.queryMs),
    ms(model.hashMs),
    ms(model.warmQueryMs),
    ms(model.witnessMs),
    `${(model.hashedBytes / 1e6).toFixed(2)} MB`,
    model.hashMBps.toFixed(0),
    ms(model.constantsMs),
  ])
  return [header, ...rows]
}

function moveLine({ name, moveMs }: DisputeFigures): string {
  return `${name}: time for each transaction of the inference leg ${moveMs.map(ms).join(', ')}`
}

function capitalLine({ capital }: DisputeFigures): string {
  const amounts = capital.map(({ games, ether }) => `${ether} ETH for ${games}`)
  return `Capital of an honest proposer for parallel games, at the devnet's bonds: ${amounts.join(', ')}`
}

/** Whether each model of a size worth asking keeps the targets that are set for a ResNet-18. */
function targetLine(figures: readonly DisputeFigures[]): string {
  const verdicts = figures
    .filter(({ steps }) => steps >= LARGE_STEPS)
    .map((model) => {
      const limitMs = TARGET_QUERY_FACTOR * model.inferenceMs + model.hashedBytes / TARGET_HASH_MBPS / 1000
      const misses = [
        ...(model.txs > TARGET_TXS ? [`${model.txs} transactions`] : []),
        ...(model.gasInference > TARGET_GAS ? [`${count(model.gasInference)} gas`] : []),
        ...(model.hashMBps < TARGET_HASH_MBPS ? [`hashing at ${model.hashMBps.toFixed(0)} MB/s`] : []),
        ...(model.queryMs > limitMs ? [`a query of ${ms(model.queryMs)}, over ${ms(limitMs)}`] : []),
      ]
      return `  ${model.name}: ${misses.length === 0 ? 'kept' : `missed by ${misses.join(', ')}`}`
    })
  if (verdicts.length === 0) return ''
  const query = `a query within ${TARGET_QUERY_FACTOR} inferences and hashing at ${TARGET_HASH_MBPS} MB/s`
  return [
    `Targets (inference leg ≤ ${TARGET_TXS} transactions and ≤ ${count(TARGET_GAS)} gas, ${query}):`,
    ...verdicts,
  ].join('\n')
}

function section(title: string, table: readonly (readonly string[])[]): string[] {
  return [title, ...aligned(table), '']
}

function aligned(table: readonly (readonly string[])[]): string[] {
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length))) ?? []
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  return table.map((row) => `  ${row.map(cell).join('  ')}`)
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function ms(value: number): string {
  return value >= 100 ? `${value.toFixed(0)} ms` : `${value.toPrecision(2)} ms`
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testSpec } from '../../test/support/execution.ts'
import { InvalidError } from './errors.ts'
import { parseChainSpec } from './parse-chain-spec.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 200)
const paths = pathsOf(testSpec()).filter((path) => path[1] !== 'alloc' || path.length === 2)

test('takes a chain spec that went through JSON', () => {
  expect(parseChainSpec(JSON.parse(JSON.stringify(testSpec())))).toEqual(testSpec())
})

test.each(paths.map((path) => [path.join('.'), path] as const))(
  'refuses a spec without %s, and names it',
  (name, path) => {
    const document = JSON.parse(JSON.stringify(testSpec()))
    put(document, path, undefined)
    const refusal = () => parseChainSpec(document)
    expect(refusal).toThrow(expect.objectContaining({ code: 'ChainSpecInvalid' }))
    expect(refusal).toThrow(name)
  },
)

test('refuses anything else with a verdict, never a crash', () => {
  const corruption = fc.tuple(
    fc.constantFrom(...paths),
    fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1.5, 1e300, '0x', {})),
  )
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), corruption.map(corrupted)), (document) => {
      try {
        parseChainSpec(document)
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidError)
      }
    }),
    { numRuns },
  )
})

test.each([{ balance: '1.5' }, { nonce: -1 }, { code: '0xabc' }, { storage: { '0x00': '0x00' } }, null])(
  'refuses the genesis account %j',
  (account) => {
    const document = JSON.parse(JSON.stringify(testSpec()))
    document.genesis.alloc = { [`0x${'11'.repeat(20)}`]: account }
    expect(() => parseChainSpec(document)).toThrow('genesis.alloc')
  },
)

function corrupted([path, value]: readonly [readonly string[], unknown]): unknown {
  const document = JSON.parse(JSON.stringify(testSpec()))
  put(document, path, value)
  return document
}

function put(document: Record<string, never>, path: readonly string[], value: unknown): void {
  let parent: Record<string, unknown> = document
  for (const name of path.slice(0, -1)) parent = parent[name] as Record<string, unknown>
  parent[path.at(-1) as string] = value
}

/** Names of all fields, down to the leaves. */
function pathsOf(value: object): string[][] {
  return Object.entries(value).flatMap(([name, field]) => [
    [name],
    ...(typeof field === 'object' && field !== null ? pathsOf(field).map((rest) => [name, ...rest]) : []),
  ])
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { testSpec } from '../test/support/execution.ts'
import { readDevnetRecord, writeDevnetRecord } from './devnet-record.ts'
import { contractAddresses } from './l1-contracts.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-record-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const record = {
  spec: testSpec(),
  l1Contracts: contractAddresses(`0x${'01'.repeat(20)}`, 0),
} as const

test('is read as it was written', () => {
  expect(readDevnetRecord(folder)).toBeUndefined()
  writeDevnetRecord(folder, record)
  expect(readDevnetRecord(folder)).toEqual(record)
})

test.each([
  ['garbage', 'garbage'],
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['no record', '{}'],
  ['half a spec', '{"spec":{"chainId":1},"l1Contracts":{}}'],
  ['no contracts', JSON.stringify({ spec: record.spec })],
  ['no demo answers', JSON.stringify({ ...record, demo: {} })],
])('that is %s is refused, with the mend', (_, text) => {
  writeFileSync(join(folder, 'devnet.json'), text)
  const refusal = () => readDevnetRecord(folder)
  expect(refusal).toThrow(expect.objectContaining({ code: 'DevnetRecordMalformed' }))
  expect(refusal).toThrow(/devnet\.json is not readable: restore it, or start anew with --reset/)
})

import { createBlockHeader } from '@ethereumjs/block'
import { expect, test } from 'vitest'
import { chainRules } from '../executor/chain-rules.ts'
import type { ExecutedBlock, ExecutedTransaction } from '../executor/execution.ts'
import type { ChainHeader, ChainReader } from './chain-reader.ts'
import { ethFeesMethods } from './eth-fees.ts'

const rules = chainRules(901)
const BASE_FEE = 1000n

/** One block whose sequenced transactions paid these tips for this gas, behind a deposit. */
function chainWith(paid: readonly (readonly [tip: bigint, gasUsed: bigint])[]): ChainReader {
  const gasUsed = paid.reduce((sum, [, gas]) => sum + gas, 0n)
  const header = createBlockHeader({ number: 1n, gasLimit: 1000n, gasUsed, baseFeePerGas: BASE_FEE }, { common: rules })
  const sequenced = paid.map(([tip, gas]) => ({ type: 2, effectiveGasPriceWei: BASE_FEE + tip, gasUsed: gas }))
  const deposit = { type: 0x7e, effectiveGasPriceWei: 0n, gasUsed: 500n }
  const block = { hash: '0x01', number: 1, header, transactions: [deposit, ...sequenced] as ExecutedTransaction[] }
  const entry: ChainHeader = { hash: '0x01', number: 1, header }
  return {
    head: async () => entry,
    headerByNumber: async () => entry,
    headerByHash: async () => entry,
    block: async () => block as unknown as ExecutedBlock,
    locateTransaction: async () => undefined,
  }
}

async function call(chain: ChainReader, name: string, ...params: unknown[]): Promise<unknown> {
  const found = ethFeesMethods(chain).find((entry) => entry.name === name)
  return found?.call(found.params.map((param, i) => param.parse(params[i], param.name)))
}

test('rewards are tips at percentiles of sequenced gas; deposits do not count', async () => {
  const chain = chainWith([
    [30n, 100n],
    [10n, 100n],
    [20n, 200n],
  ])
  const history = await call(chain, 'eth_feeHistory', '0x1', 'latest', [0, 25, 50, 75, 100])
  expect(history).toMatchObject({ reward: [['0xa', '0xa', '0x14', '0x14', '0x1e']], gasUsedRatio: [0.4] })
})

test('a block of deposits alone rewards nothing', async () => {
  expect(await call(chainWith([]), 'eth_feeHistory', '0x1', 'latest', [50])).toMatchObject({ reward: [['0x0']] })
})

test('the suggested tip is the least one until a block is crowded, then just above the median', async () => {
  expect(await call(chainWith([[10n ** 9n, 900n]]), 'eth_maxPriorityFeePerGas')).toBe('0xf4240')
  const crowded = chainWith([
    [10n ** 9n, 300n],
    [2n * 10n ** 9n, 300n],
    [10n ** 10n, 400n],
  ])
  expect(await call(crowded, 'eth_maxPriorityFeePerGas')).toBe(`0x${(22n * 10n ** 8n).toString(16)}`)
  expect(await call(chainWith([[1n, 1000n]]), 'eth_maxPriorityFeePerGas')).toBe('0xf4240')
})

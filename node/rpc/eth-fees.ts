import type { ExecutedBlock, ExecutedTransaction } from '../executor/execution.ts'
import type { Hex } from '../protocol/bytes.ts'
import { DEPOSIT_TYPE } from '../protocol/deposit-transaction.ts'
import { type ChainHeader, type ChainReader, requireHeader } from './chain-reader.ts'
import { arrayOf, type Codec, mismatch } from './codec.ts'
import { blockNumber, safeQuantity } from './ethereum-codecs.ts'
import { method, optional, type RpcMethod, required } from './method.ts'
import { toQuantity } from './quantity.ts'
import { invalidParams } from './rpc-error.ts'

/** Most blocks of one `eth_feeHistory` answer; fewer when rewards are asked for, since those need whole blocks. */
const MAX_HISTORY_BLOCKS = 1024
const MAX_REWARD_BLOCKS = 128
const MAX_PERCENTILES = 100

/** Tip that is enough while blocks have room. */
const DEFAULT_TIP_WEI = 1_000_000n
const MAX_TIP_WEI = 500_000_000_000n
/** A block is crowded when more than this percentage of its gas is used. */
const CROWDED_PERCENT = 90n

const percentile: Codec<number> = {
  schema: { type: 'number', minimum: 0, maximum: 100 },
  parse: (value, path) => {
    if (typeof value !== 'number' || !(value >= 0 && value <= 100))
      throw mismatch(path, 'a number from 0 to 100', value)
    return value
  },
}

/** Fee suggestions and history. Deposits pay no tip and are left out. */
export function ethFeesMethods(chain: ChainReader): RpcMethod[] {
  return [
    method(
      'eth_gasPrice',
      { summary: 'A gas price for a legacy transaction: next base fee, an eighth of room, tip.' },
      async () => {
        const nextBaseFee = (await chain.head('unsafe')).header.calcNextBaseFee()
        return toQuantity(nextBaseFee + nextBaseFee / 8n + (await suggestTip(chain)))
      },
    ),
    method('eth_maxPriorityFeePerGas', { summary: 'A tip that gets a transaction into the next blocks.' }, async () =>
      toQuantity(await suggestTip(chain)),
    ),
    method('eth_blobBaseFee', { summary: 'Least price of blob gas; this chain carries no blobs.' }, () => '0x1'),
    method(
      'eth_feeHistory',
      {
        summary: 'Base fees, use of gas and tips of recent blocks.',
        params: [
          required('blockCount', safeQuantity),
          required('newestBlock', blockNumber),
          optional('rewardPercentiles', arrayOf(percentile, MAX_PERCENTILES), []),
        ],
      },
      async (blockCount, newest, percentiles) => {
        if (percentiles.some((value, i) => value < (percentiles[i - 1] ?? 0))) {
          throw invalidParams('invalid argument 2 (rewardPercentiles): want ascending percentiles')
        }
        return feeHistory(chain, blockCount, await requireHeader(chain, newest), percentiles)
      },
    ),
  ]
}

async function feeHistory(chain: ChainReader, blockCount: number, newest: ChainHeader, percentiles: readonly number[]) {
  const most = percentiles.length === 0 ? MAX_HISTORY_BLOCKS : MAX_REWARD_BLOCKS
  const count = Math.min(blockCount, most, newest.number + 1)
  if (count === 0) return { oldestBlock: '0x0', baseFeePerGas: [], gasUsedRatio: [] }
  const oldest = newest.number - count + 1
  const headers: ChainHeader[] = []
  for (let number = oldest; number < newest.number; number++) {
    headers.push(await requireHeader(chain, { kind: 'number', number }))
  }
  headers.push(newest)
  const baseFees = headers.map(({ header }) => header.baseFeePerGas ?? 0n)
  return {
    oldestBlock: toQuantity(oldest),
    baseFeePerGas: [...baseFees, newest.header.calcNextBaseFee()].map(toQuantity),
    gasUsedRatio: headers.map(({ header }) => Number(header.gasUsed) / Number(header.gasLimit)),
    baseFeePerBlobGas: [...baseFees, 0n].map(() => '0x1'),
    blobGasUsedRatio: headers.map(() => 0),
    ...(percentiles.length === 0 ? {} : { reward: await rewards(chain, headers, percentiles) }),
  }
}

async function rewards(
  chain: ChainReader,
  headers: readonly ChainHeader[],
  percentiles: readonly number[],
): Promise<Hex[][]> {
  const rows: Hex[][] = []
  for (const { hash } of headers) {
    const block = await chain.block(hash)
    rows.push(block === undefined ? percentiles.map(() => '0x0') : blockRewards(block, percentiles))
  }
  return rows
}

/** Tips at percentiles of the block's sequenced gas, as go-ethereum defines them. */
function blockRewards(block: ExecutedBlock, percentiles: readonly number[]): Hex[] {
  const paid = tipsOf(block)
  const totalGas = paid.reduce((sum, { gasUsed }) => sum + gasUsed, 0n)
  return percentiles.map((value) => {
    const threshold = Number(totalGas) * (value / 100)
    let gas = 0n
    for (const { tip, gasUsed } of paid) {
      gas += gasUsed
      if (Number(gas) >= threshold) return toQuantity(tip)
    }
    return '0x0'
  })
}

/** Tips of the sequenced transactions, ascending. */
function tipsOf({ header, transactions }: ExecutedBlock): { readonly tip: bigint; readonly gasUsed: bigint }[] {
  const baseFee = header.baseFeePerGas ?? 0n
  const tipOf = ({ effectiveGasPriceWei, gasUsed }: ExecutedTransaction) => ({
    tip: effectiveGasPriceWei - baseFee,
    gasUsed,
  })
  const sequenced = transactions.filter(({ type }) => type !== DEPOSIT_TYPE)
  return sequenced.map(tipOf).sort((a, b) => (a.tip < b.tip ? -1 : 1))
}

/**
 * As op-geth does: the least tip while the latest block has room, else a tenth above the median that it was paid. Following what
 * others pay at all times would drive tips up for nothing. Cost: the latest block.
 */
async function suggestTip(chain: ChainReader): Promise<bigint> {
  const { hash, header } = await chain.head('unsafe')
  if (header.gasUsed * 100n <= header.gasLimit * CROWDED_PERCENT) return DEFAULT_TIP_WEI
  const block = await chain.block(hash)
  const tips = block === undefined ? [] : tipsOf(block).map(({ tip }) => tip)
  const median = tips[Math.floor((tips.length - 1) / 2)] ?? 0n
  const raised = (median * 11n) / 10n
  if (raised > MAX_TIP_WEI) return MAX_TIP_WEI
  return raised < DEFAULT_TIP_WEI ? DEFAULT_TIP_WEI : raised
}

/**
 * A process for crash tests: extends the chain in the database at `argv[2]`, one block a write, and prints each block's number
 * once its write returned. It runs until it is killed.
 */
import { executeBlock } from '../../node/executor/execute-block.ts'
import { buildGenesis } from '../../node/executor/genesis.ts'
import { uintToBytes } from '../../node/protocol/bytes.ts'
import { openDatabase } from '../../node/storage/open-database.ts'
import { l1AttributesDeposit, noInference, signed, testAccount, testSpec } from './execution.ts'

const spec = testSpec()
const database = await openDatabase(process.argv[2] ?? '')
await database.bindGenesis(await buildGenesis(spec, database.content))
process.stdout.write('open\n')
const deps = { content: database.content, infer: noInference }
for (;;) {
  const { number, hash } = database.heads().unsafe
  const parent = await database.getHeader(hash)
  if (parent === undefined) throw new Error(`header ${number} is missing`)
  const attributes = {
    timestamp: Number(parent.timestamp) + 1,
    gasLimit: spec.genesis.gasLimit,
    feeRecipient: testAccount(8).address,
    prevRandao: `0x${'11'.repeat(32)}` as const,
    parentBeaconBlockRoot: `0x${'00'.repeat(32)}` as const,
    forcedTransactions: [l1AttributesDeposit(number)],
  }
  const transfer = signed(testAccount(0), { nonce: BigInt(number), to: testAccount(1).address, value: 1n })
  const block = await executeBlock(spec, deps, parent, attributes, [transfer])
  const ref = { number: block.number, hash: block.hash }
  await database.write({ blocks: [block], heads: { safe: ref }, meta: { cursor: uintToBytes(block.number, 8) } })
  process.stdout.write(`${block.number}\n`)
}

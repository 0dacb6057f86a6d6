import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { anvilBinary } from '../../devnet/anvil.ts'
import { createL1Client, type L1Client } from '../../node/l1/l1-client.ts'
import type { Hex } from '../../node/protocol/bytes.ts'

/** Chain id of {@link startTestAnvil}. */
export const TEST_L1_CHAIN_ID = 31_337

/** The first accounts of anvil's well-known test mnemonic, funded. */
export const ANVIL_KEYS: readonly [Hex, Hex, Hex] = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
]

/** A real L1 for one test file. */
export interface TestAnvil {
  readonly url: string
  readonly client: L1Client
  /** Calls one of anvil's own methods. */
  rpc(method: string, ...params: unknown[]): Promise<unknown>
  close(): Promise<void>
}

/** Starts anvil on a free port. It mines when it is told to (`anvil_mine`), or each `blockTimeSeconds`. */
export async function startTestAnvil(blockTimeSeconds?: number): Promise<TestAnvil> {
  const port = await freePort()
  const mining = blockTimeSeconds === undefined ? ['--no-mining'] : ['--block-time', String(blockTimeSeconds)]
  const args = ['--port', String(port), '--hardfork', 'prague', '--slots-in-an-epoch', '1', ...mining]
  const child = spawn(anvilBinary(), args, { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const client = createL1Client(url)
  await untilUp(client, child)
  return {
    url,
    client,
    rpc: (method, ...params) => client.request({ method, params } as never),
    close: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function untilUp(client: L1Client, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`anvil ended with code ${child.exitCode}`)
    if (await client.getChainId().catch(() => undefined)) return
    await sleep(50)
  }
  throw new Error('anvil did not come up')
}

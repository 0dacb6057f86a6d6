import { connect } from 'node:net'
import fc from 'fast-check'
import { createWalletClient, type Hex, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FUNDED_ACCOUNTS } from '../../devnet/accounts.ts'
import type { DevnetSummary } from '../../devnet/summary.ts'
import { l2Chain, l2Reader } from '../../devnet/transaction-sender.ts'
import { bytesToHex, hexToBytes } from '../../node/protocol/bytes.ts'
import { createDevnetProcess, type DevnetProcess, runAssay } from '../support/devnet-process.ts'
import { isAlive, until } from '../support/processes.ts'
import { type RawAnswer, rawCall } from '../support/viem-clients.ts'

const FUZZ_MS = 4_000
const account = privateKeyToAccount((FUNDED_ACCOUNTS[4] as { privateKey: Hex }).privateKey)

let devnet: DevnetProcess
let summary: DevnetSummary
let urls: readonly string[]
let methods: readonly string[]

beforeAll(async () => {
  devnet = await createDevnetProcess()
  summary = await devnet.start()
  urls = [summary.endpoints.l2Rpc, summary.endpoints.verifierRpc]
  const { result } = await rawCall(summary.endpoints.l2Rpc, 'rpc.discover', [])
  methods = (result as { methods: { name: string }[] }).methods.map(({ name }) => name)
}, 240_000)

afterAll(() => devnet?.destroy())

/** The node is there, the chain goes on, and nothing was logged as our own failure. */
async function expectWell(): Promise<void> {
  expect(isAlive(devnet.process().pid)).toBe(true)
  const reader = l2Reader(summary.endpoints.l2Rpc)
  const head = await reader.getBlockNumber()
  await until('the chain goes on', async () => (await reader.getBlockNumber()) > head, 15_000)
  expect(devnet.process().stderr()).not.toMatch(/ERROR|failed inside the node/)
}

async function post(
  url: string,
  body: string | Uint8Array | ReadableStream,
): Promise<{ status: number; answer: unknown }> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', body, headers, duplex: 'half' })
  const text = await response.text()
  return { status: response.status, answer: text === '' ? undefined : JSON.parse(text) }
}

describe('JSON-RPC', () => {
  test.each([
    ['no JSON', '{"jsonrpc":"2.0",', -32700],
    ['invalid UTF-8', Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d), -32700],
    ['nothing', '', -32700],
    ['a number', '7', -32600],
    ['an empty batch', '[]', -32600],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600],
    ['a method that is none', '{"jsonrpc":"2.0","id":1,"method":"__proto__"}', -32601],
    ['params by name', '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32602],
    ['too many calls', JSON.stringify(Array.from({ length: 501 }, () => ({}))), -32005],
    ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, -32600],
  ])('answers %s with a JSON-RPC error', async (_, body, code) => {
    for (const url of urls) {
      const { answer } = await post(url, body)
      const { error } = (Array.isArray(answer) ? answer[0] : answer) as RawAnswer
      expect(error).toMatchObject({ code, message: expect.stringMatching(/\S/) })
    }
  })

  test('refuses a body beyond the limit, also one that never says its size', async () => {
    const body = new Uint8Array(6 * 2 ** 20).fill(0x20)
    for (const url of urls) {
      expect(await post(url, body)).toMatchObject({ status: 413, answer: { error: { code: -32005 } } })
      expect(await post(url, new Blob([body]).stream())).toMatchObject({ status: 413 })
    }
    await expectWell()
  })

  test('outlives clients that stall, hang up or do not speak HTTP', async () => {
    const { hostname, port } = new URL(urls[0] as string)
    const sockets = [
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n{',
      '\x16\x03\x01',
      'GET /',
      '',
    ].map((text) => {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      socket.write(text)
      return socket
    })
    await expectWell()
    for (const socket of sockets) socket.destroy()
    await expectWell()
  })

  test('answers wrong types to every method with an error or a result, never as an internal error', async () => {
    const odd = [
      null,
      true,
      -1,
      1e300,
      '',
      '0x',
      '0xzz',
      `0x${'f'.repeat(65)}`,
      'latest',
      {},
      [],
      [[]],
      { to: 1 },
      '0x0',
    ]
    const internal: unknown[] = []
    for (const method of methods) {
      const calls = odd.flatMap((value) => [[value], [value, value], [value, value, value]])
      const answers = await Promise.all(calls.map((params) => rawCall(summary.endpoints.l2Rpc, method, params)))
      for (const [i, answer] of answers.entries()) {
        if (answer.error?.code === -32603) internal.push({ method, params: calls[i], answer })
      }
    }
    expect(internal).toEqual([])
    await expectWell()
  }, 300_000)

  test('is fuzzed for some seconds', async () => {
    const address = fc.constantFrom(account.address, summary.contracts.loanDesk, summary.contracts.modelRegistry)
    const hex = fc.uint8Array({ maxLength: 80 }).map(bytesToHex)
    const quantity = fc.bigInt(0n, 2n ** 70n).map((value) => `0x${value.toString(16)}`)
    const tag = fc.constantFrom('latest', 'safe', 'finalized', 'earliest', 'pending', '0x1', '0xffffffffffff')
    const call = fc.record(
      { from: address, to: address, data: hex, input: hex, value: quantity, gas: quantity, gasPrice: quantity },
      { requiredKeys: [] },
    )
    const filter = fc.record({ fromBlock: tag, toBlock: tag, address, topics: fc.array(hex) }, { requiredKeys: [] })
    const param = fc.oneof(address, hex, quantity, tag, call, filter, fc.boolean(), fc.jsonValue())
    const request = fc.record({ method: fc.constantFrom(...methods), params: fc.array(param, { maxLength: 4 }) })
    await fc.assert(
      fc.asyncProperty(request, fc.constantFrom(...urls), async ({ method, params }, url) => {
        const { result, error } = await rawCall(url, method, params)
        expect(error?.code, JSON.stringify({ method, params })).not.toBe(-32603)
        expect(result !== undefined || error !== undefined).toBe(true)
      }),
      { numRuns: 1_000_000, interruptAfterTimeLimit: FUZZ_MS },
    )
    await expectWell()
  }, 300_000)
})

describe('raw transactions', () => {
  const send = (raw: Uint8Array, url = summary.endpoints.l2Rpc) =>
    rawCall(url, 'eth_sendRawTransaction', [bytesToHex(raw)])
  const signed = async (fields: Record<string, unknown>) => {
    const url = summary.endpoints.l2Rpc
    const wallet = createWalletClient({ account, chain: l2Chain(url), transport: http(url) })
    const defaults = { to: account.address, gas: 21_000n, nonce: 0, type: 'eip1559', maxPriorityFeePerGas: 0n }
    const transaction = { ...defaults, maxFeePerGas: 10n ** 10n, ...fields }
    return hexToBytes(await wallet.signTransaction(transaction as never))
  }

  test.each([
    ['with less gas than it needs at least', { gas: 20_999n }, /intrinsic gas/i],
    ['that its sender cannot pay', { value: 10n ** 24n }, /insufficient funds/i],
    ['under the base fee', { maxFeePerGas: 1n }, /fee/i],
    ['above the block gas limit', { gas: 10n ** 9n }, /gas limit/i],
  ])('are refused %s', async (_, fields, reason) => {
    const raw = await signed(fields)
    for (const url of urls) expect((await send(raw, url)).error?.message).toMatch(reason)
  })

  test('are refused for another chain', async () => {
    const foreign = await account.signTransaction({ chainId: 1, type: 'eip1559', gas: 21_000n, maxFeePerGas: 1n })
    for (const url of urls) expect((await send(hexToBytes(foreign), url)).error?.message).toMatch(/chain/i)
  })

  test('of random and of corrupted bytes are refused', async () => {
    const whole = await signed({ nonce: 1_000_000 })
    const corrupted = fc
      .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, flip]) => whole.map((byte, i) => (i === at ? byte ^ flip : byte)))
    const truncated = fc.nat(whole.length - 1).map((length) => whole.slice(0, length))
    const typed = fc
      .tuple(fc.nat(0x7f), fc.uint8Array({ maxLength: 200 }))
      .map(([type, rest]) => Uint8Array.of(type, ...rest))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), typed, corrupted, truncated), async (raw) => {
        const { error } = await send(raw)
        expect(error?.code, bytesToHex(raw)).not.toBe(-32603)
        expect(error?.message).toMatch(/\S/)
      }),
      { numRuns: 1_000_000, interruptAfterTimeLimit: FUZZ_MS },
    )
    await expectWell()
  }, 300_000)
})

describe('a second devnet on the same data directory', () => {
  test.each([[[]], [['--reset']]])(
    'is refused with flags %j and does not disturb the first',
    async (flags) => {
      const ports = ['--l1.port', 'auto', '--rpc.port', 'auto', '--verifier.rpc.port', 'auto']
      const second = await runAssay(['devnet', '--data-dir', devnet.dataDir, ...ports, ...flags])
      expect(second.code).toBe(2)
      expect(second.stdout).toBe('')
      expect(second.stderr).toContain(`${devnet.dataDir} is in use by another process`)
      expect(second.stderr).not.toMatch(/^\s+at /m)
      await expectWell()
      const verifier = l2Reader(summary.endpoints.verifierRpc)
      const head = await verifier.getBlockNumber()
      await until('the verifier goes on', async () => (await verifier.getBlockNumber()) > head, 180_000)
    },
    90_000,
  )
})

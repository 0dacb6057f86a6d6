import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BugError, UnavailableError } from '../protocol/errors.ts'
import { silentLog } from '../telemetry/logger.ts'
import { address, blockId, logFilter, quantity } from './ethereum-codecs.ts'
import { method, optional, required } from './method.ts'
import { methodsTable } from './openrpc.ts'
import { DEFAULT_RPC_LIMITS, type RpcServer, startRpcServer } from './rpc-server.ts'

const numRuns = Number(process.env.FC_NUM_RUNS ?? 200)
let server: RpcServer
let release: () => void = () => {}

const methods = methodsTable(
  [
    method(
      'test_sum',
      { summary: 'Adds.', params: [required('a', quantity), optional('b', quantity, 5n)] },
      (a, b) => `0x${(a + b).toString(16)}`,
    ),
    method('test_nothing', { summary: 'Nothing.' }, () => undefined),
    method('test_address', { summary: 'Echo.', params: [required('who', address)] }, (who) => who),
    method('test_block', { summary: 'Echo.', params: [required('block', blockId)] }, (block) => block),
    method('test_filter', { summary: 'Echo.', params: [required('filter', logFilter)] }, (filter) => filter),
    method('test_long', { summary: 'Long.' }, () => 'x'.repeat(3000)),
    method('test_wait', { summary: 'Waits.' }, () => new Promise<void>((done) => (release = done))),
    method('test_bug', { summary: 'Fails.' }, () => {
      throw new BugError('the secret of the house')
    }),
    method('test_down', { summary: 'Fails.' }, () => {
      throw new UnavailableError('L1Down', 'L1 does not answer')
    }),
  ],
  '1.2.3',
)

beforeAll(async () => {
  const limits = {
    ...DEFAULT_RPC_LIMITS,
    maxBatchCalls: 10,
    maxBodyBytes: 100_000,
    maxResponseBytes: 8000,
    timeoutMs: 300,
  }
  const settings = {
    ...limits,
    host: '127.0.0.1',
    port: 0,
    corsOrigins: ['https://dapp.example'],
    maxConcurrentRequests: 3,
  }
  server = await startRpcServer(settings, { methods, log: silentLog, nowMs: () => performance.now() })
})
afterAll(() => server.close())

async function post(body: string, headers: Record<string, string> = {}) {
  const response = await fetch(server.url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) }
}

const call = async (name: string, params?: unknown) =>
  (await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method: name, ...(params === undefined ? {} : { params }) })))
    .json

describe('calls', () => {
  test('answers with the id; params may be missing or null', async () => {
    expect(await call('test_sum', ['0x1', '0x2'])).toEqual({ jsonrpc: '2.0', id: 1, result: '0x3' })
    expect(await call('test_nothing')).toEqual({ jsonrpc: '2.0', id: 1, result: null })
    expect((await post('{"jsonrpc":"2.0","id":"a","method":"test_nothing","params":null}')).json.id).toBe('a')
  })

  test('optional arguments default when left out or null', async () => {
    expect((await call('test_sum', ['0x1'])).result).toBe('0x6')
    expect((await call('test_sum', ['0x1', null])).result).toBe('0x6')
  })

  test('a notification is run and not answered', async () => {
    const { status, json } = await post('{"jsonrpc":"2.0","method":"test_nothing"}')
    expect([status, json]).toEqual([204, undefined])
  })

  test('an unknown method is -32601', async () => {
    expect((await call('eth_fillTransaction', [{}])).error.code).toBe(-32601)
  })

  test('wrong arguments are -32602 and say what is wanted', async () => {
    expect((await call('test_sum', [])).error).toEqual({
      code: -32602,
      message: 'missing value for required argument 0 (a)',
    })
    expect((await call('test_sum', ['0x1', '0x1', '0x1'])).error.message).toBe('too many arguments, want at most 2')
    expect((await call('test_sum', { a: 1 })).error.code).toBe(-32602)
    expect((await call('test_address', ['0x12'])).error).toEqual({
      code: -32602,
      message: 'invalid argument 0 (who): want a 20-byte address, got "0x12"',
    })
    for (const wrong of ['', '0x', '12', -1, 1.5, {}, [], true, `0x${'f'.repeat(65)}`]) {
      expect((await call('test_sum', [wrong])).error.code).toBe(-32602)
    }
  })

  test('block ids in all their forms', async () => {
    const hash = `0x${'Ab'.repeat(32)}`
    const low = hash.toLowerCase()
    expect((await call('test_block', ['safe'])).result).toEqual({ kind: 'tag', tag: 'safe' })
    expect((await call('test_block', ['0x10'])).result).toEqual({ kind: 'number', number: 16 })
    expect((await call('test_block', [hash])).result).toEqual({ kind: 'hash', hash: low, requireCanonical: false })
    const full = { blockHash: hash, requireCanonical: true }
    expect((await call('test_block', [full])).result).toEqual({ kind: 'hash', hash: low, requireCanonical: true })
    expect((await call('test_block', [{ blockNumber: '0x2' }])).result).toEqual({ kind: 'number', number: 2 })
    for (const wrong of ['newest', {}, { ...full, blockNumber: '0x1' }, '0xfffffffffffffffff', null]) {
      expect((await call('test_block', [wrong])).error.code).toBe(-32602)
    }
  })

  test('log filters in all their forms', async () => {
    const topic = `0x${'01'.repeat(32)}`
    const who = `0x${'02'.repeat(20)}`
    const { result } = await call('test_filter', [
      { address: who, topics: [null, topic, [topic, topic]], fromBlock: '0x1' },
    ])
    expect(result).toMatchObject({ addresses: [who], topics: [[], [topic], [topic, topic]] })
    expect(result.range).toEqual({ from: { kind: 'number', number: 1 }, to: { kind: 'tag', tag: 'latest' } })
    for (const wrong of [
      { address: 1 },
      { topics: [[[]]] },
      { topics: [1] },
      { blockHash: topic, toBlock: 'latest' },
    ]) {
      expect((await call('test_filter', [wrong])).error.code).toBe(-32602)
    }
  })

  test('a bug of ours is internal and gives nothing away; unavailability keeps its reason and code', async () => {
    expect((await call('test_bug')).error).toEqual({ code: -32603, message: 'internal error' })
    expect((await call('test_down')).error).toEqual({
      code: -32000,
      message: 'L1 does not answer',
      data: { code: 'L1Down' },
    })
  })

  test('a call that takes too long ends with a time-out', async () => {
    expect((await call('test_wait')).error).toEqual({ code: -32002, message: 'request timed out' })
  })
})

describe('batches', () => {
  test('answer in order and leave notifications out', async () => {
    const sum = (id: number) => ({ jsonrpc: '2.0', id, method: 'test_sum', params: [`0x${id}`] })
    const { json } = await post(JSON.stringify([sum(1), { jsonrpc: '2.0', method: 'test_nothing' }, 7, sum(2)]))
    expect(json).toEqual([
      { jsonrpc: '2.0', id: 1, result: '0x6' },
      { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'invalid request: want an object' } },
      { jsonrpc: '2.0', id: 2, result: '0x7' },
    ])
  })

  test('empty and huge batches are refused whole', async () => {
    expect((await post('[]')).json.error.code).toBe(-32600)
    expect((await post(`[${'0,'.repeat(10)}0]`)).json.error).toEqual({
      code: -32005,
      message: 'batch too large: 11 calls, limit 10',
    })
  })

  test('share one bound on the size of the response', async () => {
    const long = { jsonrpc: '2.0', id: 1, method: 'test_long' }
    const { json } = await post(JSON.stringify([long, long, long, long]))
    expect(json.map((entry: { error?: { code: number } }) => entry.error?.code)).toEqual([
      undefined,
      undefined,
      -32003,
      -32003,
    ])
  })
})

describe('malformed requests', () => {
  test.each([
    '',
    '{',
    'null',
    '1',
    '"x"',
    '{}',
    '{"jsonrpc":"1.0","id":1,"method":"x"}',
    '{"jsonrpc":"2.0","id":{},"method":"x"}',
  ])('%j is refused with an error object', async (body) => {
    const { status, json } = await post(body)
    expect(status).toBe(200)
    expect([-32700, -32600]).toContain(json.error.code)
  })

  test('deep nesting is refused, not a crash', async () => {
    expect((await post('['.repeat(50_000) + ']'.repeat(50_000))).json.error ?? 'batch').toBeDefined()
    const deep = `{"jsonrpc":"2.0","id":1,"method":"test_sum","params":[${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}]}`
    expect((await post(deep)).json.error.code).toBe(-32602)
    expect((await call('test_sum', ['0x1'])).result).toBe('0x6')
  })

  test('any JSON gets a JSON-RPC answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (body) => {
        const { status, json } = await post(body)
        expect([200, 204]).toContain(status)
        if (json !== undefined) expect(Array.isArray(json) || json.jsonrpc === '2.0').toBe(true)
      }),
      { numRuns },
    )
  })

  test('any arguments to any method get a result or an error', async () => {
    const name = fc.constantFrom('test_sum', 'test_address', 'test_block', 'test_filter')
    await fc.assert(
      fc.asyncProperty(name, fc.array(fc.jsonValue(), { maxLength: 3 }), async (method_, params) => {
        const answer = await call(method_, params)
        expect('result' in answer || answer.error.code === -32602).toBe(true)
      }),
      { numRuns },
    )
  })
})

describe('HTTP', () => {
  test('bodies over the limit are refused, declared or not', async () => {
    const body = `"${'x'.repeat(200_000)}"`
    expect((await post(body)).status).toBe(413)
    const stream = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(new TextEncoder().encode('x'.repeat(60_000)))
        controller.enqueue(new TextEncoder().encode('x'.repeat(60_000)))
        controller.close()
      },
    })
    const init = { method: 'POST', body: stream, headers: { 'content-type': 'application/json' }, duplex: 'half' }
    expect((await fetch(server.url, init as RequestInit)).status).toBe(413)
  })

  test.each(['Content-Length: 8388608', 'Transfer-Encoding: chunked'])(
    'the refusal reaches a client that reads only once it has sent all (%s)',
    async (length) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1').pause()
      socket.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${length}\r\n\r\n`)
      const part = length.endsWith('chunked') ? `10000\r\n${' '.repeat(65_536)}\r\n` : ' '.repeat(65_536)
      for (let i = 0; i < 128; i++) if (!socket.write(part)) await once(socket, 'drain')
      if (length.endsWith('chunked')) socket.write('0\r\n\r\n')
      let answer = ''
      for await (const chunk of socket) answer += String(chunk)
      expect(answer).toMatch(/^HTTP\/1\.1 413 .*request body too large: limit 100000 bytes"\}\}$/s)
    },
  )

  test('content type, method and path are checked', async () => {
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await fetch(server.url, { method: 'PUT' })).status).toBe(405)
    expect((await fetch(`${server.url}/other`)).status).toBe(404)
  })

  test('CORS answers allowed origins only', async () => {
    const preflight = await fetch(server.url, { method: 'OPTIONS', headers: { origin: 'https://dapp.example' } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://dapp.example')
    const other = await post('{}', { origin: 'https://evil.example' })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a foreign Host header is refused (DNS rebinding)', async () => {
    const { port } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 0\r\n\r\n')
    const head = await new Promise<string>((done) => socket.once('data', (chunk) => done(chunk.toString())))
    expect(head).toMatch(/^HTTP\/1\.1 403/)
    socket.destroy()
  })

  test('more requests at once than allowed are refused as busy', async () => {
    const waiting = [1, 2, 3].map(() => call('test_wait'))
    await new Promise((done) => setTimeout(done, 50))
    const { status, headers } = await post('{"jsonrpc":"2.0","id":1,"method":"test_nothing"}')
    expect([status, headers.get('retry-after')]).toEqual([503, '1'])
    release()
    await Promise.all(waiting)
  })
})

test('rpc.discover describes every method', async () => {
  const { result } = await call('rpc.discover')
  expect(result.openrpc).toBe('1.2.6')
  expect(result.methods.map(({ name }: { name: string }) => name)).toEqual([...methods.keys()])
  expect(result.methods[0].params[1]).toMatchObject({ name: 'b', required: false })
})

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { forwardTo } from './transaction-sink.ts'

const HASH = `0x${'ab'.repeat(32)}`
let server: Server
let url: string
let answer = ''
let asked: unknown

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Uint8Array) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      asked = JSON.parse(body)
      response.end(answer)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
})

test('hands the transaction on and returns the hash', async () => {
  answer = JSON.stringify({ jsonrpc: '2.0', id: 1, result: HASH })
  expect(await forwardTo(url)(Uint8Array.of(2, 1))).toBe(HASH)
  expect(asked).toMatchObject({ method: 'eth_sendRawTransaction', params: ['0x0201'] })
})

test('passes a refusal on as it is', async () => {
  answer = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'nonce too low' } })
  await expect(forwardTo(url)(Uint8Array.of(2))).rejects.toMatchObject({ rpcCode: -32000, message: 'nonce too low' })
})

test.each(['', '{', 'null', '{"result":"0x12"}', '{"error":"no"}', `"${'x'.repeat(70_000)}"`])(
  'an answer that is none (%#) is unavailability',
  async (text) => {
    answer = text
    const sent = forwardTo(url)(Uint8Array.of(2))
    await expect(sent).rejects.toMatchObject({ kind: 'Unavailable', code: 'SequencerUnreachable' })
  },
)

test('so is no answer at all', async () => {
  const sent = forwardTo('http://127.0.0.1:1')(Uint8Array.of(2))
  await expect(sent).rejects.toMatchObject({ kind: 'Unavailable', code: 'SequencerUnreachable' })
})

import { expect, it } from 'vitest'
import type { WorkerClient, WorkerClientOptions } from './worker-client.ts'
import { createWorkerPool } from './worker-pool.ts'

it('prefers an idle worker that holds the model, then an idle one, then the least busy that holds it', () => {
  const clients: { waiting: number }[] = []
  const create = () => {
    const client = { waiting: 0 }
    clients.push(client)
    return client as unknown as WorkerClient
  }
  const pool = createWorkerPool(3, {} as WorkerClientOptions, create)
  const chosen = (key: string, ...waiting: readonly number[]): number => {
    for (const [i, client] of clients.entries()) client.waiting = waiting[i] as number
    return clients.indexOf(pool.workerFor(key) as unknown as { waiting: number })
  }
  expect(chosen('a', 0, 0, 0)).toBe(0)
  expect(chosen('b', 0, 0, 0)).toBe(0)
  expect(chosen('b', 1, 0, 0)).toBe(1)
  expect(chosen('b', 0, 0, 0)).toBe(0)
  expect(chosen('a', 1, 0, 0)).toBe(1)
  expect(chosen('c', 1, 1, 0)).toBe(2)
  expect(chosen('c', 1, 1, 1)).toBe(2)
  expect(chosen('c', 1, 0, 5)).toBe(1)
})

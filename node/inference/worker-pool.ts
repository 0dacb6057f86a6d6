import { createWorkerClient, type WorkerClient, type WorkerClientOptions } from './worker-client.ts'
import type { StartReport } from './worker-protocol.ts'

/** A few inference workers, so that a slow model does not hold up the others. Each is started when it is first needed. */
export interface WorkerPool {
  /**
   * The worker for a call about the model `key`: an idle one that was given the model before, else any idle one, else the least
   * busy that was given it, else the least busy.
   */
  workerFor(key: string): WorkerClient
  /** Starts the first worker unless it runs, and returns the report of its start. */
  start(): Promise<StartReport>
  /** Process ids of the workers that run. */
  readonly pids: readonly number[]
  /** Kills all workers; calls under way and later ones fail with `WorkerClosed`. */
  close(): Promise<void>
}

interface Member {
  readonly client: WorkerClient
  readonly given: Set<string>
}

/** A pool of up to `size` workers, none of which is started yet. @param create makes their clients; another for tests. */
export function createWorkerPool(
  size: number,
  options: WorkerClientOptions,
  create: (options: WorkerClientOptions) => WorkerClient = createWorkerClient,
): WorkerPool {
  const members = Array.from({ length: size }, (): Member => ({ client: create(options), given: new Set() }))
  const [first] = members as [Member, ...Member[]]

  return {
    workerFor(key) {
      const burden = ({ client, given }: Member): number => 2 * client.waiting + (given.has(key) ? 0 : 1)
      // Of equals the first: a second worker is started only while the first is busy.
      const chosen = members.reduce((best, member) => (burden(member) < burden(best) ? member : best))
      chosen.given.add(key)
      return chosen.client
    },
    start: () => first.client.start(),
    get pids() {
      return members.map(({ client }) => client.pid).filter((pid) => pid !== undefined)
    },
    async close() {
      await Promise.all(members.map(({ client }) => client.close()))
    },
  }
}

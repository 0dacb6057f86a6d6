import { UnavailableError } from '../protocol/errors.ts'

/** Runs work within a bound on how much of it runs, and how much waits, at once. */
export type Limiter = <T>(work: () => Promise<T>) => Promise<T>

/** Creates a limiter, first come first served. The limiter rejects with UnavailableError `NodeBusy` when the queue is full. */
export function createLimiter(maxRunning: number, maxWaiting: number): Limiter {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= maxRunning) {
      if (waiting.length >= maxWaiting) throw new UnavailableError('NodeBusy', 'node is busy: try again')
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running++
    }
    try {
      return await work()
    } finally {
      // The place goes to the next in line directly, so that nobody slips in between.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

import type { Clock } from '../../node/sequencer/clock.ts'
import { systemClock } from '../../node/sequencer/clock.ts'

/** A clock that runs `speed` times as fast as the real one, from the present second on. */
export function createFastClock(speed: number): Clock {
  const startMs = Math.floor(Date.now() / 1000) * 1000
  const begunMs = performance.now()
  return {
    nowMs: () => startMs + (performance.now() - begunMs) * speed,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  }
}

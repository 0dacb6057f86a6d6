import { InvalidError } from '../protocol/errors.ts'
import type { Op } from './graph.ts'

/**
 * Refuses a figure above its limit; one that is not a number, too.
 * @param what the figure, as in "lanes of a tensor". @param mend what the publisher can do.
 * @throws InvalidError `code`, with both figures.
 */
export function requireAtMost(figure: number, limit: number, code: string, what: string, mend: string): void {
  if (figure <= limit) return
  const message = `${what}: ${figureText(figure)}, limit ${figureText(limit)}: ${mend}`
  throw new InvalidError(code, message, { meta: { figure: String(figure), limit } })
}

/** Runs `work`; a verdict that it throws is retold with the op's index and kind. */
export function atOp<T>(op: Op, index: number, work: () => T): T {
  return at(`op ${index} (${op.kind})`, { op: index, kind: op.kind }, work)
}

/** Runs `work`; a verdict that it throws is retold with the place in front. */
export function at<T>(place: string, meta: Readonly<Record<string, string | number>>, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof InvalidError)) throw error
    throw new InvalidError(error.code, `${place}: ${error.message}`, { cause: error, meta: { ...error.meta, ...meta } })
  }
}

/**
 * A count for messages: decimal where exact, else the power of two at or below it. Messages are part of revert data, so
 * they use exact operations only (no Math.log2, which engines may compute differently).
 */
function figureText(figure: number): string {
  if (!(figure > Number.MAX_SAFE_INTEGER)) return String(figure)
  let bits = 53
  while (2 ** (bits + 1) <= figure && bits < 1023) bits++
  return `2^${bits} or more`
}

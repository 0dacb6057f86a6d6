import type { ExecutedBlock } from '../executor/execution.ts'
import type { Hex } from '../protocol/bytes.ts'
import type { ChainHeader, ChainReader } from './chain-reader.ts'

/** Most blocks that one poll walks; the next poll goes on from there. */
const MAX_BLOCKS_A_POLL = 1_000
/** Blocks that are remembered, so that a roll-back of up to so many can be told. */
const MAX_REMEMBERED = 256

/** What happened to the chain since the last look. */
export interface ChainChange {
  /** Blocks that are no longer canonical, newest first. */
  readonly undone: readonly ExecutedBlock[]
  /** Headers that are canonical now and were not before, oldest first. */
  readonly added: readonly ChainHeader[]
}

/** Follows the canonical chain from the head at its creation. */
export interface ChainCursor {
  next(): Promise<ChainChange>
}

/** Creates a cursor at the unsafe head. Cost of a step: one header a new block, and each undone block. */
export async function createChainCursor(chain: ChainReader): Promise<ChainCursor> {
  const start = await chain.head('unsafe')
  const seen: { number: number; hash: Hex }[] = [{ number: start.number, hash: start.hash }]
  return {
    next: async () => {
      const undone: ExecutedBlock[] = []
      let last = seen.at(-1)
      while (last !== undefined && (await chain.headerByNumber(last.number))?.hash !== last.hash) {
        const block = await chain.block(last.hash)
        if (block !== undefined) undone.push(block)
        seen.pop()
        last = seen.at(-1)
      }
      const from = last ?? { number: (undone.at(-1)?.number ?? start.number) - 1 }
      const added = await headersFrom(chain, from.number + 1)
      for (const { number, hash } of added) seen.push({ number, hash })
      seen.splice(0, seen.length - MAX_REMEMBERED)
      return { undone, added }
    },
  }
}

async function headersFrom(chain: ChainReader, first: number): Promise<ChainHeader[]> {
  const headers: ChainHeader[] = []
  for (let number = first; headers.length < MAX_BLOCKS_A_POLL; number++) {
    const header = await chain.headerByNumber(number)
    if (header === undefined) break
    headers.push(header)
  }
  return headers
}

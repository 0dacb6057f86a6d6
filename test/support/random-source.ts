import type { Bounds, Shape, Tensor } from '../../node/exact/graph.ts'
import { allocateData, laneBytesFor, shapeSize } from '../../node/exact/tensor-data.ts'

/** Takes the next decision: an integer in `[0, below)`. Decisions shrink to 0, so 0 must be the simplest choice. */
export type Pick = (below: number) => number

/** Decisions read from a list that fast-check made; 0 once it is used up. */
export function createPick(decisions: readonly number[]): Pick {
  let at = 0
  return (below) => (decisions[at++] ?? 0) % below
}

/** Uniform integers in `[0, below)` from a seed (xorshift32, 53 bits a draw): for data, whose lanes need not shrink. */
export function createRandom(seed: number): Pick {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  return (below) => Math.floor(((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / (2 ** 53 / below)) % below
}

/** How the lanes of a random tensor lie in its bounds. */
export type Fill = 'lo' | 'hi' | 'corners' | 'uniform'

/** A tensor within bounds: all lanes at one end, each at either end, or anywhere (with ends, zeros and their neighbours). */
export function randomTensor(shape: Shape, bounds: Bounds, fill: Fill, random: Pick): Tensor {
  const { lo, hi } = bounds
  const data = allocateData(laneBytesFor(bounds), shapeSize(shape))
  const special = [lo, hi, Math.min(lo + 1, hi), Math.max(hi - 1, lo), Math.min(Math.max(0, lo), hi)]
  for (let i = 0; i < data.length; i++) {
    if (fill === 'lo' || fill === 'hi') data[i] = bounds[fill]
    else if (fill === 'corners') data[i] = random(2) === 0 ? lo : hi
    else data[i] = random(4) === 0 ? (special[random(special.length)] as number) : within(bounds, random)
  }
  return { shape, data }
}

/** Any integer within bounds, whose distance may exceed 2^53. */
function within({ lo, hi }: Bounds, random: Pick): number {
  const width = hi - lo
  if (width < 2 ** 52) return lo + random(width + 1)
  return random(2) === 0 ? Math.max(lo, -random(2 ** 53)) + 0 : Math.min(hi, random(2 ** 53))
}

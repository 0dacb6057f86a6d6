import type { GraphInput, Tensor } from '../exact/graph.ts'
import { allocateData, shapeSize } from '../exact/tensor-data.ts'

/** Ways to fill a model's inputs for a self-test, in the order in which they are used. */
export const INPUT_PATTERNS = ['random', 'alternating', 'lowest', 'highest', 'small'] as const

/** Name of a way to fill inputs. */
export type InputPattern = (typeof INPUT_PATTERNS)[number]

/** Inputs of a graph, filled by `pattern`: lanes within the declared bounds, the same on every call. */
export function patternInputs(inputs: readonly GraphInput[], pattern: InputPattern): Tensor[] {
  const random = createRandom(0x9e3779b9)
  return inputs.map((input) => {
    const data = allocateData(input.laneBytes, shapeSize(input.shape))
    for (let i = 0; i < data.length; i++) data[i] = patternLane(input, pattern, i, random)
    return { shape: input.shape, data }
  })
}

/** Uniform numbers in [0, 1): Marsaglia's xorshift32. Speed and repeatability matter here, quality does not. */
export function createRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

function patternLane(input: GraphInput, pattern: InputPattern, index: number, random: () => number): number {
  const { lo, hi } = input
  switch (pattern) {
    case 'lowest':
      return lo
    case 'highest':
      return hi
    case 'alternating':
      return index % 2 === 0 ? hi : lo
    case 'small':
      return Math.min(hi, Math.max(lo, Math.floor(random() * 257) - 128))
    case 'random':
      return randomLane(lo, hi, random)
  }
}

/** Uniform over `[lo, hi]` up to the 32 bits of the generator; hi − lo may exceed 2^53, so it is split in halves. */
function randomLane(lo: number, hi: number, random: () => number): number {
  const lane = Math.floor(lo * (1 - random()) + hi * random())
  const uniform = hi - lo < 2 ** 32 ? lo + Math.floor(random() * (hi - lo + 1)) : lane
  return Math.min(hi, Math.max(lo, uniform)) + 0
}

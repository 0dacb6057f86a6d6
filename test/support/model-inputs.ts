import { loadSamples } from '../../devnet/models.ts'
import { bytesToHex, type Hex } from '../../node/protocol/bytes.ts'
import { encodeTensor } from '../../node/protocol/tensor-encoding.ts'

/** A sample of a shipped model: its canonical input and what the model says to it. */
export interface ModelSample {
  readonly input: Hex
  readonly answer: number
}

interface Samples {
  readonly samples: readonly {
    readonly columns: readonly number[]
    readonly probability: number
    readonly pixels: readonly number[]
    readonly digit: number
  }[]
}

function sampleAt(name: 'risk' | 'digits', index: number): Samples['samples'][number] {
  const sample = loadSamples<Samples>(name).samples[index]
  if (sample === undefined) throw new Error(`models/${name} has no sample ${index}`)
  return sample
}

/** A sample of the risk model: twelve lanes of 4 bytes in, a probability in 1/10,000 out. */
export function riskSample(index: number): ModelSample {
  const { columns, probability } = sampleAt('risk', index)
  return { input: bytesToHex(encodeTensor(columns, 4)), answer: probability }
}

/** A sample of the digit model: 784 lanes of 2 bytes in, the digit out. */
export function digitSample(index: number): ModelSample {
  const { pixels, digit } = sampleAt('digits', index)
  return { input: bytesToHex(encodeTensor(pixels, 2)), answer: digit }
}

import { InvalidError } from '../../protocol/errors.ts'
import { decodeTensor } from '../../protocol/tensor-encoding.ts'

/** Bytes of one word of a descriptor: a big-endian two's-complement integer. */
export const WORD_BYTES = 8
/** More words than the greatest descriptor has. */
export const MAX_DESCRIPTOR_WORDS = 1024

/** Reads the words of a descriptor in order. */
export interface WordReader {
  /** The next word, which must lie in `[lo, hi]`. */
  next(name: string, lo: number, hi: number): number
  /** Requires that all words were read. */
  finish(): void
}

/** Opens untrusted bytes. @throws InvalidError `DescriptorMalformed` on a broken or absurd length, or an unsafe word. */
export function createWordReader(bytes: Uint8Array): WordReader {
  const count = bytes.length / WORD_BYTES
  if (!Number.isInteger(count) || count > MAX_DESCRIPTOR_WORDS) throw malformed(`${bytes.length} bytes`)
  const words = decodeTensor(bytes, WORD_BYTES, count)
  let at = 0
  return {
    next(name, lo, hi) {
      const word = words[at++]
      if (word === undefined) throw malformed(`it ends before ${name}`)
      if (word < lo || word > hi) throw malformed(`${name} is ${word}, not in [${lo}, ${hi}]`)
      return word
    },
    finish() {
      if (at !== count) throw malformed(`${count - at} words follow the end`)
    },
  }
}

/** The error of a descriptor that breaks a rule. */
export function malformed(reason: string): InvalidError<'DescriptorMalformed'> {
  return new InvalidError('DescriptorMalformed', `an op descriptor is malformed: ${reason}`)
}

import { readFile, stat } from 'node:fs/promises'
import { DEFAULT_DECODE_LIMITS } from '../exact/import/onnx-decoder.ts'
import { InvalidError } from '../protocol/errors.ts'

/**
 * Reads an ONNX file, or a description of one, that a person named. Rejects with InvalidError `FileUnreadable`, or `OnnxTooLarge` before
 * anything is read of a file beyond the decoder's limit.
 */
export async function readOnnxFile(path: string): Promise<Uint8Array> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new InvalidError('FileUnreadable', `cannot read ${path}: name an ONNX file`, { cause })
  })
  if (!info.isFile()) throw new InvalidError('FileUnreadable', `${path} is no file: name an ONNX file`)
  const { maxFileBytes } = DEFAULT_DECODE_LIMITS
  if (info.size <= maxFileBytes) return readFile(path)
  throw new InvalidError('OnnxTooLarge', `the file has ${info.size} bytes, limit ${maxFileBytes}`)
}

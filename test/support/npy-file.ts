import { concatBytes } from '../../node/protocol/bytes.ts'

/** A `.npy` file as NumPy writes it. @param descr NumPy's name of the element type. @param version of the format: 1 or 2. */
export function npyFile(
  descr: string,
  shape: readonly number[],
  data: ArrayBufferView,
  version: 1 | 2 = 1,
  fortranOrder: 'True' | 'False' = 'False',
): Uint8Array {
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '${descr}', 'fortran_order': ${fortranOrder}, 'shape': (${extents}), }`
  const start = version === 1 ? 10 : 12
  const padded = `${text.padEnd(Math.ceil((start + text.length + 1) / 64) * 64 - start - 1)}\n`
  const length = version === 1 ? Uint8Array.of(padded.length, 0) : Uint8Array.of(padded.length, 0, 0, 0)
  return concatBytes(
    Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0),
    length,
    new TextEncoder().encode(padded),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  )
}

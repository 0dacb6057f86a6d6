import { Inflate } from 'fflate'
import { viewOf } from '../../exact/import/proto-fields.ts'
import type { FloatTensor } from '../float-graph.ts'
import { refuse } from '../quantise-error.ts'
import { readNpy } from './npy.ts'

/*
 * NumPy's archives: ZIP files (PKWARE APPNOTE 6.3) of `.npy` entries, stored or deflated, ZIP64 sizes included. Sizes are taken from the central
 * directory and enforced while inflating, so that no more is allocated than the archive declares and the limits allow.
 */

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_HEADER = 0x04034b50
const ZIP64_EXTRA = 1
const STORED = 0
const DEFLATED = 8
const END_BYTES = 22
const ENTRY_BYTES = 46
const LOCAL_BYTES = 30
const MAX_COMMENT_BYTES = 0xffff
const MAX_ENTRIES = 4096
/** Bytes of all entries together when inflated. */
const MAX_INFLATED_BYTES = 2 ** 31 - 1
const WIDE = 0xffffffff

interface Entry {
  readonly name: string
  readonly method: number
  readonly packedBytes: number
  readonly sizeBytes: number
  readonly offset: number
}

/** The arrays of a `.npz` archive by their names, in order. @throws QuantiseError `QuantiseData` naming the archive and the entry. */
export function readNpz(bytes: Uint8Array, name: string): ReadonlyMap<string, FloatTensor> {
  const entries = readDirectory(bytes, name)
  const total = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (total > MAX_INFLATED_BYTES)
    bad(name, `inflates to ${total} bytes, limit ${MAX_INFLATED_BYTES}: use fewer samples`)
  const arrays = new Map<string, FloatTensor>()
  for (const entry of entries) {
    const key = entry.name.replace(/\.npy$/, '')
    if (arrays.has(key)) bad(name, `holds two arrays ${key}`)
    arrays.set(key, readNpy(unpack(bytes, entry, name), `${name}: ${key}`))
  }
  return arrays
}

function readDirectory(bytes: Uint8Array, name: string): Entry[] {
  const view = viewOf(bytes)
  const end = findEnd(view)
  if (end === undefined) return bad(name, 'is no .npz archive: save it with numpy.savez')
  const count = view.getUint16(end + 10, true)
  let at = view.getUint32(end + 16, true)
  if (count > MAX_ENTRIES) bad(name, `holds ${count} arrays, limit ${MAX_ENTRIES}`)
  const entries: Entry[] = []
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > end || view.getUint32(at, true) !== DIRECTORY_ENTRY) bad(name, 'has a broken directory')
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [
      number,
      number,
      number,
    ]
    const next = at + ENTRY_BYTES + nameBytes + extraBytes + commentBytes
    if (next > end) bad(name, 'has a broken directory')
    entries.push(readEntry(bytes.subarray(at, next), nameBytes, extraBytes, name))
    at = next
  }
  return entries
}

/** The end record: the last bytes, but for a comment. */
function findEnd(view: DataView): number | undefined {
  const least = Math.max(0, view.byteLength - END_BYTES - MAX_COMMENT_BYTES)
  for (let at = view.byteLength - END_BYTES; at >= least; at--) {
    if (
      view.getUint32(at, true) === END_OF_DIRECTORY &&
      at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength
    )
      return at
  }
  return undefined
}

function readEntry(record: Uint8Array, nameBytes: number, extraBytes: number, archive: string): Entry {
  const view = viewOf(record)
  const name = new TextDecoder().decode(record.subarray(ENTRY_BYTES, ENTRY_BYTES + nameBytes))
  if ((view.getUint16(8, true) & 1) !== 0) bad(archive, `${name} is encrypted`)
  const extra = record.subarray(ENTRY_BYTES + nameBytes, ENTRY_BYTES + nameBytes + extraBytes)
  const sizes = [24, 20, 42].map((field) => view.getUint32(field, true))
  const [sizeBytes, packedBytes, offset] = widen(sizes, extra, () =>
    bad(archive, `${name} has broken ZIP64 sizes`),
  ) as [number, number, number]
  return { name, method: view.getUint16(10, true), packedBytes, sizeBytes, offset }
}

/** Replaces fields of 0xffffffff by the 64-bit ones of the ZIP64 extra field, which follow in the same order. */
function widen(fields: readonly number[], extra: Uint8Array, fail: () => never): number[] {
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, size] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    if (id === ZIP64_EXTRA) {
      let from = at + 4
      const limit = Math.min(from + size, extra.length)
      return fields.map((field) => {
        if (field !== WIDE) return field
        if (from + 8 > limit) fail()
        from += 8
        return view.getUint32(from - 8, true) + view.getUint32(from - 4, true) * 2 ** 32
      })
    }
    at += 4 + size
  }
  return [...fields]
}

function unpack(
  bytes: Uint8Array,
  { name, method, packedBytes, sizeBytes, offset }: Entry,
  archive: string,
): Uint8Array {
  const view = viewOf(bytes)
  if (offset + LOCAL_BYTES > bytes.length || view.getUint32(offset, true) !== LOCAL_HEADER)
    bad(archive, `${name} has no local header`)
  const start = offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
  if (start + packedBytes > bytes.length) bad(archive, `${name} is truncated`)
  const packed = bytes.subarray(start, start + packedBytes)
  if (method === STORED)
    return packedBytes === sizeBytes ? packed : bad(archive, `${name} has ${packedBytes} of ${sizeBytes} bytes`)
  if (method !== DEFLATED) bad(archive, `${name} uses compression method ${method}: only stored and deflated are read`)
  return inflate(packed, sizeBytes, (reason) => bad(archive, `${name} ${reason}`))
}

/** Inflates to exactly `sizeBytes`, and stops as soon as there are more. */
function inflate(packed: Uint8Array, sizeBytes: number, fail: (reason: string) => never): Uint8Array {
  const out = new Uint8Array(sizeBytes)
  let filled = 0
  const stream = new Inflate((chunk) => {
    if (filled + chunk.length > sizeBytes) fail(`inflates to more than its ${sizeBytes} bytes`)
    out.set(chunk, filled)
    filled += chunk.length
  })
  try {
    for (let at = 0; at < packed.length; at += INFLATE_CHUNK_BYTES) {
      stream.push(packed.subarray(at, at + INFLATE_CHUNK_BYTES), at + INFLATE_CHUNK_BYTES >= packed.length)
    }
  } catch (cause) {
    if (cause instanceof Error && 'kind' in cause) throw cause
    fail('is no deflated data')
  }
  return filled === sizeBytes ? out : fail(`inflates to ${filled} of ${sizeBytes} bytes`)
}

/** Packed bytes a step: what a step may inflate to is 1,032 times as much at most. */
const INFLATE_CHUNK_BYTES = 65_536

function bad(archive: string, reason: string): never {
  return refuse('QuantiseData', `${archive}: ${reason}`)
}

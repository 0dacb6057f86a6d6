import { refuse } from './import-error.ts'
import {
  decodeUtf8,
  FIXED32,
  LENGTH_DELIMITED,
  splitVarints,
  toInt64,
  VARINT,
  type WireField,
  type WireType,
} from './protobuf-reader.ts'

const MAX_NAME_BYTES = 1024

/** The payload of a field that must have one wire type. @throws ImportError `OnnxMalformed`. */
export function payload(field: WireField, wire: WireType): Uint8Array {
  if (field.wire !== wire) {
    refuse('OnnxMalformed', `protobuf field ${field.number} has wire type ${field.wire}, expected ${wire}`)
  }
  return field.payload
}

/** The bytes of a nested message. @throws ImportError `OnnxMalformed`. */
export function message(field: WireField): Uint8Array {
  return payload(field, LENGTH_DELIMITED)
}

/** A text of at most `maxBytes`. @throws ImportError `OnnxMalformed`, `OnnxTooLarge`. */
export function text(field: WireField, maxBytes: number = MAX_NAME_BYTES): string {
  const bytes = message(field)
  if (bytes.length > maxBytes) refuse('OnnxTooLarge', `a text has ${bytes.length} bytes, limit ${maxBytes}`)
  return decodeUtf8(bytes)
}

/** A signed 64-bit integer (see `toInt64`). @throws ImportError `OnnxMalformed`. */
export function integer(field: WireField): number {
  return toInt64(payload(field, VARINT))
}

/** One IEEE 754 single, little-endian. */
export function toFloat32(bytes: Uint8Array): number {
  return viewOf(bytes).getFloat32(0, true)
}

/** A view for reading numbers out of `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Appends to a list of bounded length. @throws ImportError `OnnxTooLarge`. */
export function push<T>(list: T[], entry: T, limit: number, what: string): void {
  if (list.length >= limit) refuse('OnnxTooLarge', `more than ${limit} ${what}`)
  list.push(entry)
}

/** Appends a repeated integer field, packed or not. @throws ImportError `OnnxMalformed`, `OnnxTooLarge`. */
export function pushIntegers(list: number[], field: WireField, limit: number): void {
  const packed = field.wire === LENGTH_DELIMITED ? splitVarints(field.payload) : [payload(field, VARINT)]
  for (const bytes of packed) push(list, toInt64(bytes), limit, 'integers in a list')
}

/** Appends a repeated float field, packed or not. @throws ImportError `OnnxMalformed`, `OnnxTooLarge`. */
export function pushFloats(list: number[], field: WireField, limit: number): void {
  const bytes = field.wire === LENGTH_DELIMITED ? field.payload : payload(field, FIXED32)
  if (bytes.length % 4 !== 0) refuse('OnnxMalformed', `packed floats of ${bytes.length} bytes`)
  for (let at = 0; at < bytes.length; at += 4) push(list, toFloat32(bytes.subarray(at)), limit, 'floats in a list')
}

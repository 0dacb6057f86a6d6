import { describe, expect, it } from 'vitest'
import { fromRuntimeData, toRuntimeData } from './tensor-conversion.ts'

describe('tensor conversion', () => {
  it('reads int64 lanes as safe integers', () => {
    const lanes = [
      0,
      1,
      -1,
      2 ** 32,
      -(2 ** 32),
      2 ** 32 - 1,
      -(2 ** 31),
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]
    expect(fromRuntimeData(BigInt64Array.from(lanes, BigInt))).toEqual(Float64Array.from(lanes))
  })

  it('refuses element types that emitted models do not have', () => {
    expect(() => fromRuntimeData(new Float32Array(1))).toThrowError(expect.objectContaining({ kind: 'Bug' }))
    expect(() => toRuntimeData(new Int8Array(1), 'float32')).toThrowError(expect.objectContaining({ kind: 'Bug' }))
  })

  it('copies lanes only to change their width', () => {
    const bytes = Int8Array.of(1, -2)
    expect(toRuntimeData(bytes, 'int8')).toBe(bytes)
    expect(toRuntimeData(bytes, 'int16')).toEqual(Int16Array.of(1, -2))
    expect(toRuntimeData(bytes, 'float64')).toEqual(Float64Array.of(1, -2))
  })
})

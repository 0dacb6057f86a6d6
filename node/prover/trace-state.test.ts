import { describe, expect, it } from 'vitest'
import { asciiToBytes, bytesToHex, concatBytes, hexToBytes, uintToBytes } from '../protocol/bytes.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { haltState, NO_PARTIAL, runningState, startState, TRAP_STATE, type TraceState } from './trace-state.ts'

const valuesRoot = new Uint8Array(32).fill(1)
const state: TraceState = { valuesRoot, partialRoot: new Uint8Array(32).fill(2), acc: -3n, accIndex: 4n, t: 5 }
const domain = (name: string) => keccak256(asciiToBytes(name))

describe('runningState', () => {
  it('is the hash of its fields', () => {
    const minusThree = hexToBytes(`0x${'ff'.repeat(31)}fd`)
    const fields = [uintToBytes(1, 4), valuesRoot, state.partialRoot, minusThree, uintToBytes(4, 8), uintToBytes(5, 8)]
    expect(runningState(state)).toEqual(keccak256(concatBytes(domain('assay/trace-state/v1'), ...fields)))
  })

  it('is another one for any other field', () => {
    const changes: Partial<TraceState>[] = [
      { valuesRoot: NO_PARTIAL },
      { partialRoot: NO_PARTIAL },
      { acc: 3n },
      { accIndex: 0n },
      { t: 6 },
    ]
    const states = [state, ...changes.map((change) => ({ ...state, ...change }))].map((each) =>
      bytesToHex(runningState(each)),
    )
    expect(new Set(states).size).toBe(states.length)
  })

  it('refuses fields that do not fit', () => {
    const malformed = expect.objectContaining({ code: 'TraceStateMalformed' })
    expect(() => runningState({ ...state, valuesRoot: new Uint8Array(31) })).toThrow(malformed)
    expect(() => runningState({ ...state, accIndex: 2n ** 64n })).toThrow(malformed)
    expect(() => runningState({ ...state, accIndex: -1n })).toThrow(malformed)
  })
})

describe('the other states', () => {
  it('have domains of their own', () => {
    expect(haltState(valuesRoot)).toEqual(keccak256(concatBytes(domain('assay/trace-halt/v1'), valuesRoot)))
    expect(TRAP_STATE).toEqual(keccak256(domain('assay/trace-trap/v1')))
  })

  it('start with nothing but values', () => {
    expect(startState(valuesRoot)).toEqual({ valuesRoot, partialRoot: NO_PARTIAL, acc: 0n, accIndex: 0n, t: 0 })
  })
})

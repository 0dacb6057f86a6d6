import { MAX_SAFE_LANE } from '../../protocol/constants.ts'
import type { WordReader } from './descriptor-words.ts'
import type { EpilogueOp } from './program.ts'

/*
 * A scalar op is three words: code and two arguments; what has no use is 0.
 *   1 add-tensor  2 sub-tensor  3 mul-tensor  4 min-tensor  5 max-tensor      operand
 *   6 add  7 mul                                                              constant
 *   8 clip                                                                    lo, hi
 *   9 shift-left  10 shift-right-floor  11 shift-right-half-even              bits
 *   12 floordiv-tensor  13 less-tensor  14 greater-tensor  15 equal-tensor    operand
 *   16 floordiv  17 less  18 greater  19 equal                                constant
 *   20 isqrt
 */
const FUNCTIONS = [
  'add-tensor',
  'sub-tensor',
  'mul-tensor',
  'min-tensor',
  'max-tensor',
  'add',
  'mul',
  'clip',
  'shift-left',
  'shift-right-floor',
  'shift-right-half-even',
  'floordiv-tensor',
  'less-tensor',
  'greater-tensor',
  'equal-tensor',
  'floordiv',
  'less',
  'greater',
  'equal',
  'isqrt',
] as const satisfies readonly EpilogueOp['fn'][]

const MAX_SHIFT_BITS = 52

/** The words of a scalar op. */
export function epilogueWords(op: EpilogueOp): number[] {
  const code = FUNCTIONS.indexOf(op.fn) + 1
  if (op.fn === 'clip') return [code, op.lo, op.hi]
  if (op.fn === 'isqrt') return [code, 0, 0]
  if ('value' in op) return [code, op.value, 0]
  return [code, 'operand' in op ? op.operand : op.bits, 0]
}

/** Reads a scalar op back. @param operandCount operands of the nest. @throws InvalidError `DescriptorMalformed`. */
export function readEpilogueOp(reader: WordReader, operandCount: number): EpilogueOp {
  const fn = FUNCTIONS[reader.next('scalar op', 1, FUNCTIONS.length) - 1] as EpilogueOp['fn']
  const lane = (name: string, lo: number) => reader.next(name, lo, MAX_SAFE_LANE)
  if (fn === 'clip') {
    const lo = lane('clip lo', -MAX_SAFE_LANE)
    return { fn, lo, hi: lane('clip hi', lo) }
  }
  const op = readOneArgument()
  reader.next('second argument', 0, 0)
  return op

  function readOneArgument(): EpilogueOp {
    switch (fn) {
      case 'add':
      case 'mul':
      case 'floordiv':
      case 'less':
      case 'greater':
      case 'equal':
        return { fn, value: lane('constant', -MAX_SAFE_LANE) }
      case 'shift-left':
      case 'shift-right-floor':
      case 'shift-right-half-even':
        return { fn, bits: reader.next('bits', 1, MAX_SHIFT_BITS) }
      case 'isqrt':
        reader.next('argument', 0, 0)
        return { fn }
      case 'clip':
      case 'add-tensor':
      case 'sub-tensor':
      case 'mul-tensor':
      case 'min-tensor':
      case 'max-tensor':
      case 'floordiv-tensor':
      case 'less-tensor':
      case 'greater-tensor':
      case 'equal-tensor':
        return { fn: fn as 'add-tensor', operand: reader.next('operand', 0, operandCount - 1) }
    }
  }
}

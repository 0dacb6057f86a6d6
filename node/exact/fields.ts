import { InvalidError } from '../protocol/errors.ts'
import type { Op } from './graph.ts'
import { MAX_OPERANDS, MAX_RANK } from './limits.ts'
import { type FieldKind, ruleOf } from './ops.ts'

/** Greatest number of entries of a list parameter: two for each axis. */
export const MAX_LIST = 2 * MAX_RANK

/** Whether a value is an integer that fits 32 bits unsigned. */
export function isUint(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32 && !Object.is(value, -0)
}

/** Whether a value is a safe integer, and not −0. */
export function isLane(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

const VALID: { readonly [K in FieldKind]: (value: unknown) => boolean } = {
  uint: isUint,
  lane: isLane,
  'uint-list': (value) => isList(value) && value.every(isUint),
  'int-list': (value) => isList(value) && value.every((entry) => isLane(entry) && (entry | 0) === entry),
  flag: (value) => typeof value === 'boolean',
  rounding: (value) => value === 'floor' || value === 'half-even',
}

/**
 * Checks what the canonical encoding of an op can hold: the number of operands, and every parameter in its field's range.
 * @throws InvalidError `ArityMismatch`, `FieldInvalid`.
 */
export function requireFields(op: Op): void {
  const { arity, fields } = ruleOf(op)
  const count = op.inputs.length
  if (arity === 'many' ? count < 1 || count > MAX_OPERANDS : count !== arity) {
    const expected = arity === 'many' ? `1 to ${MAX_OPERANDS}` : arity
    throw new InvalidError('ArityMismatch', `has ${count} operands, needs ${expected}`)
  }
  for (const [name, kind] of fields) {
    if (VALID[kind]((op as unknown as Record<string, unknown>)[name])) continue
    throw new InvalidError('FieldInvalid', `parameter ${name} is not a valid ${kind}`)
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= MAX_LIST
}

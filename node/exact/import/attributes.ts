import { refuse } from './import-error.ts'
import type { OnnxAttribute, OnnxNode } from './onnx-model.ts'

type ValueOf<T extends OnnxAttribute['type']> = Extract<OnnxAttribute, { type: T }>['value']

/** The value of an attribute of the given type; undefined where it is absent. @throws ImportError `OnnxMalformed`. */
export function attribute<T extends OnnxAttribute['type']>(
  node: Pick<OnnxNode, 'attributes'>,
  name: string,
  type: T,
): ValueOf<T> | undefined {
  const found = node.attributes.get(name)
  if (!found) return undefined
  if (found.type !== type) refuse('OnnxMalformed', `attribute ${name} is a ${found.type}, expected a ${type}`)
  return found.value as ValueOf<T> | undefined
}

/** A boolean attribute, written as the integer 0 or 1. @throws ImportError `OnnxMalformed`. */
export function flag(node: Pick<OnnxNode, 'attributes'>, name: string, absent: boolean): boolean {
  const value = attribute(node, name, 'int') ?? (absent ? 1 : 0)
  if (value !== 0 && value !== 1) refuse('OnnxMalformed', `attribute ${name} is ${value}, expected 0 or 1`)
  return value === 1
}

/** Refuses an attribute that asks for anything but `supported`. @throws ImportError `OnnxUnsupported`. */
export function requireAttribute(
  node: Pick<OnnxNode, 'attributes'>,
  name: string,
  type: 'int' | 'string',
  supported: number | string,
): void {
  const value = attribute(node, name, type) ?? supported
  if (value !== supported) refuse('OnnxUnsupported', `attribute ${name} is ${value}: only ${supported} is supported`)
}

import { bytesToHex, concatBytes, type Hex } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'
import { encodeTensor } from '../protocol/tensor-encoding.ts'
import { isObject } from './json-fields.ts'
import type { InputValue } from './lane-encoder.ts'
import type { ColumnDescription, ModelDescription, TensorDescription } from './model-description.ts'
import { type InputList, tensorLanes } from './tensor-lanes.ts'

/** Values of columns by name. */
export type InputRow<Columns extends readonly ColumnDescription[]> = {
  readonly [Column in Columns[number] as Column['name']]: InputValue
}

/** What one input takes: a value, a list of them, or values by column. */
export type TensorInput<Tensor extends TensorDescription> =
  | InputValue
  | InputList
  | ('columns' extends keyof Tensor
      ? Tensor extends { readonly columns?: infer Columns extends readonly ColumnDescription[] }
        ? InputRow<Columns> | readonly InputRow<Columns>[]
        : never
      : never)

/** What a model takes: each input by name. */
export type InputsOf<Description extends ModelDescription> = {
  readonly [Tensor in Description['inputs'][number] as Tensor['name']]: TensorInput<Tensor>
}

/**
 * Encodes inputs for `Inference.run` or `ai_infer`: real values to the nearest step, halves to the even one, decided by decimal
 * arithmetic; class labels to indices; all tensors joined in order.
 * @param inputs each input by name; for a model of one input also its values alone, as a list or typed array
 * @throws InvalidError `InputInvalid` naming the input, the column, the value, the range and the mend.
 */
export function encodeInputs<const Description extends ModelDescription>(
  description: Description,
  inputs: InputsOf<Description> | InputList,
): Hex {
  const named = namedInputs(description, inputs)
  const parts = description.inputs.map((tensor) =>
    encodeTensor(tensorLanes(tensor, named[tensor.name]), tensor.laneBytes),
  )
  return bytesToHex(concatBytes(...parts))
}

function namedInputs({ inputs }: ModelDescription, given: unknown): Readonly<Record<string, unknown>> {
  const names = inputs.map(({ name }) => name)
  const [only] = names
  if (!isObject(given) || ArrayBuffer.isView(given)) {
    if (names.length === 1 && only !== undefined && typeof given === 'object' && given !== null)
      return { [only]: given }
    return refuse(`inputs are given by name: ${names.join(', ')}`)
  }
  const strange = Object.keys(given).find((name) => !names.includes(name))
  if (strange !== undefined) refuse(`there is no input ${JSON.stringify(strange)}: inputs are ${names.join(', ')}`)
  const missing = names.find((name) => !Object.hasOwn(given, name) || given[name] === undefined)
  return missing === undefined ? given : refuse(`input ${missing} is missing`)
}

function refuse(message: string): never {
  throw new InvalidError('InputInvalid', message)
}

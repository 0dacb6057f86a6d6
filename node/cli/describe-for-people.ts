import { admittedLanes, rangeText } from '../client/lane-encoder.ts'
import type { ColumnDescription, ModelDescription, TensorDescription } from '../client/model-description.ts'

/** A description as text for people, one input, output or column a line. */
export function describeForPeople(path: string, { modelId, title, inputs, outputs }: ModelDescription): string {
  return [
    `${path}${title === undefined ? '' : `: ${title}`}`,
    `  model id  ${modelId}`,
    ...inputs.flatMap((tensor) => describeTensor('input', tensor)),
    ...outputs.flatMap((tensor) => describeTensor('output', tensor)),
  ].join('\n')
}

function describeTensor(role: 'input' | 'output', tensor: TensorDescription): string[] {
  const { name, shape, laneBytes, columns } = tensor
  const head = `  ${role.padEnd(10)}${name} [${shape.join(', ')}] in ${laneBytes}-byte lanes`
  if (columns === undefined) return [`${head}: ${meaningText(tensor, tensor)}`]
  const width = Math.max(...columns.map((column) => column.name.length))
  const about = tensor.about === undefined ? '' : `: ${tensor.about}`
  const rows = columns.map((column) => `    ${column.name.padEnd(width)}  ${meaningText(column, tensor)}`)
  return [`${head}${about}`, ...rows]
}

function meaningText(meaning: ColumnDescription | TensorDescription, tensor: TensorDescription): string {
  const { about, labels, kind, range } = meaning
  const named = labels === undefined ? [] : [labels.length > 8 ? `${labels.length} labels` : labels.join(', ')]
  const kinds = kind === 'value' ? [] : [kind === 'class' ? 'index of a class' : `${kind} of classes`]
  const values = kind === 'class' && labels !== undefined ? [] : [rangeText(meaning, admittedLanes(meaning, tensor))]
  const clipped = range === 'clip' ? ['clipped by the model'] : []
  return [...(about === undefined ? [] : [about]), ...kinds, ...named, ...values, ...clipped].join('; ')
}

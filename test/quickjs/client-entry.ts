import './prelude.ts'
import { decodeOutputs, encodeInputs, type ModelDescription } from '../../node/client/client.ts'

interface Task {
  readonly description: ModelDescription
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>
  readonly output: `0x${string}`
}

/** What the machine calls. */
async function run(json: string): Promise<string> {
  const { description, inputs, output } = JSON.parse(json) as Task
  const input = encodeInputs(description, inputs)
  return JSON.stringify({ input, label: decodeOutputs(description, output).y?.classes?.[0]?.[0]?.label })
}

Object.assign(globalThis, { run })

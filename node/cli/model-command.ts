import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { describeOnnx } from '../bindings/describe-onnx.ts'
import { bindingName, solidityBindings } from '../bindings/solidity-bindings.ts'
import { typescriptBindings } from '../bindings/typescript-bindings.ts'
import type { ModelDescription } from '../client/model-description.ts'
import { readDescription } from '../client/parse-description.ts'
import { InvalidError } from '../protocol/errors.ts'
import type { Command, CommandContext } from './command.ts'
import { describeForPeople } from './describe-for-people.ts'
import { readOnnxFile } from './read-onnx-file.ts'
import { optionalText, type SettingsOf, text, toggle } from './settings.ts'

const SETTINGS = {
  json: toggle('json', 'describe: print one JSON document, which assay/client takes'),
  solidity: toggle('solidity', 'bindings: write a Solidity library'),
  typescript: toggle('typescript', 'bindings: write a TypeScript constant'),
  out: optionalText('out', 'FILE', 'bindings: write them here instead of printing them'),
  name: optionalText('name', 'NAME', 'bindings: name of the library or constant; by default it follows the file'),
  contracts: text('contracts', 'PATH', 'assay', 'bindings: how Solidity imports find the contracts folder of Assay'),
}

type Settings = SettingsOf<typeof SETTINGS>

/**
 * `assay model describe FILE.onnx [--json]`: inputs and outputs of an exact ONNX file with names, units, steps and ranges. It is apart from
 * `assay check`, whose answer changes with this software: a description is a document to keep beside a dapp.
 * `assay model bindings FILE.onnx --solidity|--typescript [--out FILE]`: code that encodes and decodes them.
 * In place of an ONNX file, both take such a document, so that names and units can be written into it by hand.
 */
export const modelCommand: Command<typeof SETTINGS> = {
  name: 'model',
  summary: 'Describe an exact ONNX file for callers, or write Solidity or TypeScript that calls it',
  positionals: ['describe|bindings', 'FILE.onnx|DESCRIPTION.json'],
  settings: SETTINGS,
  run: async (settings, [action = '', path = ''], context) => {
    if (action !== 'describe' && action !== 'bindings') {
      throw new InvalidError('ActionUnknown', `assay model knows describe and bindings, not "${action}"`)
    }
    if (action === 'bindings' && settings.solidity === settings.typescript) {
      throw new InvalidError('SettingMalformed', 'name one language of bindings: --solidity or --typescript')
    }
    const file = await readOnnxFile(path)
    const description = path.endsWith('.json') ? readDescription(new TextDecoder().decode(file)) : describeOnnx(file)
    if (action === 'bindings') await writeBindings(settings, path, description, context)
    else context.print(settings.json ? JSON.stringify(description, null, 2) : describeForPeople(path, description))
    return 0
  },
}

async function writeBindings(
  { solidity, out, name, contracts }: Settings,
  path: string,
  description: ModelDescription,
  { print, report }: CommandContext,
): Promise<void> {
  const library = name ?? (out === null ? bindingName(basename(path)) : basename(out).replace(/\.[a-z]+$/, ''))
  const source = solidity
    ? solidityBindings(description, { name: library, contracts })
    : typescriptBindings(description, name ?? constantName(path))
  if (out === null) {
    print(source.trimEnd())
    return
  }
  await writeFile(out, source).catch((cause: unknown) => {
    throw new InvalidError('FileUnwritable', `cannot write ${out}: name a file in a folder that exists`, { cause })
  })
  report(`${out}: written for model ${description.modelId}`)
}

function constantName(path: string): string {
  const name = bindingName(basename(path))
  return `${name[0]?.toLowerCase()}${name.slice(1)}`
}

import { InvalidError } from '../protocol/errors.ts'
import type { Command, CommandContext } from './command.ts'
import { optionalText, type SettingsOf, toggle } from './settings.ts'

const SETTINGS = {
  json: toggle('json', 'Print one JSON document instead of text'),
  models: optionalText('models', 'NAMES', 'Only these models, names joined by commas; default all'),
}

type BenchSettings = SettingsOf<typeof SETTINGS>

/** One bench: measures, and resolves to its document and a text for people. */
type Bench = (settings: BenchSettings, context: CommandContext) => Promise<{ document: object; text: string }>

/** The benches, each loaded only when it is asked for. */
const BENCHES: Readonly<Record<string, Bench>> = {
  disputes: async ({ models }, { report }) => {
    const { benchDisputes } = await import('../../bench/disputes.ts')
    const { describeDisputes } = await import('../../bench/describe-disputes.ts')
    const figures = await benchDisputes(report, models?.split(','))
    return { document: { models: figures }, text: describeDisputes(figures) }
  },
}

/** `assay bench NAME [--json]`: measures this build on this machine. */
export const benchCommand: Command<typeof SETTINGS> = {
  name: 'bench',
  summary: `Measures this build on this machine: ${Object.keys(BENCHES).join(', ')}.`,
  positionals: ['NAME'],
  settings: SETTINGS,
  run: async (settings, [name = ''], context) => {
    const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
    if (bench === undefined) {
      throw new InvalidError('BenchUnknown', `no bench "${name}": there is ${Object.keys(BENCHES).join(', ')}`)
    }
    const { document, text } = await bench(settings, context)
    context.print(settings.json ? JSON.stringify(document) : text)
    return 0
  },
}

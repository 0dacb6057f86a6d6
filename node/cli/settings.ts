import { parseArgs } from 'node:util'
import { InvalidError } from '../protocol/errors.ts'

/** One setting: a row of the table from which parsing, `--help` and the docs are made. */
export interface Setting<T> {
  /** Dotted lower-case name without dashes: `rpc.port` is `--rpc.port` and `ASSAY_RPC_PORT`. */
  readonly flag: string
  /** What `--help` shows for the value, e.g. `PORT`; absent for an on/off switch. */
  readonly valueName?: string
  /** One sentence, with the unit. */
  readonly help: string
  readonly fallback: T
  /** Whether the flag takes several words, and may be repeated; `parse` gets them a line each. */
  readonly many?: true
  /** Turns text into the value. @throws InvalidError naming what is wanted. */
  readonly parse: (text: string) => T
}

/** A table of settings, by property name. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>

/** The values that a table yields. */
export type SettingsOf<Table extends SettingsTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Setting<infer Value> ? Value : never
}

/** A text setting. */
export function text(flag: string, valueName: string, fallback: string, help: string): Setting<string> {
  return { flag, valueName, fallback, help, parse: (value) => value }
}

/** A text setting that may be absent. */
export function optionalText(flag: string, valueName: string, help: string): Setting<string | null> {
  return { flag, valueName, fallback: null, help, parse: (value) => value }
}

/** Any number of texts: words after the flag up to the next flag; a line each in the environment. */
export function list(flag: string, valueName: string, help: string): Setting<readonly string[]> {
  const parse = (value: string): string[] => value.split('\n').filter((line) => line !== '')
  return { flag, valueName, fallback: [], help, many: true, parse }
}

/** An on/off switch: `--flag`, or 1/0/true/false in the environment. */
export function toggle(flag: string, help: string): Setting<boolean> {
  return {
    flag,
    fallback: false,
    help,
    parse: (value) => {
      if (value === '1' || value === 'true') return true
      if (value === '0' || value === 'false' || value === '') return false
      throw new InvalidError('SettingMalformed', `--${flag} is on (1, true) or off (0, false), not "${value}"`)
    },
  }
}

/** A whole number within `[min, max]`. */
export function integer(
  flag: string,
  valueName: string,
  fallback: number,
  [min, max]: readonly [number, number],
  help: string,
): Setting<number> {
  return {
    flag,
    valueName,
    fallback,
    help,
    parse: (value) => {
      const number = Number(value)
      if (/^\d+$/.test(value) && number >= min && number <= max) return number
      throw new InvalidError('SettingMalformed', `--${flag} takes a whole number from ${min} to ${max}, not "${value}"`)
    },
  }
}

/** A TCP port or `auto` (null): the usual one where it is free, else any free one. */
export function port(flag: string, usual: number, help: string): Setting<number | null> {
  const number = integer(flag, 'PORT', usual, [1, 65_535], help)
  return {
    flag,
    valueName: 'PORT',
    fallback: null,
    help: `${help} (${usual}, or another free port where that is taken)`,
    parse: (value) => (value === 'auto' ? null : number.parse(value)),
  }
}

/** One of a few words. */
export function choice<const Word extends string>(
  flag: string,
  words: readonly Word[],
  fallback: Word,
  help: string,
): Setting<Word> {
  return {
    flag,
    valueName: words.join('|'),
    fallback,
    help,
    parse: (value) => {
      const word = words.find((candidate) => candidate === value)
      if (word !== undefined) return word
      throw new InvalidError('SettingMalformed', `--${flag} is one of ${words.join(', ')}, not "${value}"`)
    },
  }
}

/** Name of a flag's environment variable. */
export function environmentName(flag: string): string {
  return `ASSAY_${flag.replaceAll(/[.-]/g, '_').toUpperCase()}`
}

/** What a command line says: settings by property name, and the words that are not flags. */
export interface ParsedCommandLine<Table extends SettingsTable> {
  readonly settings: SettingsOf<Table>
  readonly positionals: readonly string[]
}

/**
 * Reads settings from flags, then the environment, then defaults.
 * @param maxPositionals how many words besides flags the command takes
 * @throws InvalidError `SettingUnknown` | `SettingMalformed` naming the flag and the mend
 */
export function parseSettings<Table extends SettingsTable>(
  table: Table,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  maxPositionals = 0,
): ParsedCommandLine<Table> {
  const { values, positionals } = parseFlags(table, args)
  if (positionals.length > maxPositionals) {
    throw new InvalidError('SettingUnknown', `unexpected "${positionals[maxPositionals]}": see --help`)
  }
  const settings: Record<string, unknown> = {}
  for (const [key, setting] of Object.entries(table)) {
    const flagValue = values[setting.flag]
    const fromFlag = Array.isArray(flagValue) ? flagValue.join('\n') : flagValue?.toString()
    const given = fromFlag ?? environment[environmentName(setting.flag)]
    settings[key] = given === undefined ? setting.fallback : setting.parse(given)
  }
  return { settings: settings as SettingsOf<Table>, positionals }
}

function parseFlags(
  table: SettingsTable,
  args: readonly string[],
): { values: Readonly<Record<string, FlagValue>>; positionals: string[] } {
  const options: Record<string, { type: 'string' | 'boolean'; multiple: boolean }> = {}
  for (const setting of Object.values(table)) {
    const type = setting.valueName === undefined ? 'boolean' : 'string'
    options[setting.flag] = { type, multiple: setting.many === true }
  }
  try {
    const { values, positionals } = parseArgs({
      args: repeatFlags(table, args),
      options,
      allowPositionals: true,
      strict: true,
    })
    return { values: values as Readonly<Record<string, FlagValue>>, positionals }
  } catch (cause) {
    // The first sentence names the flag; the rest is about `node` itself.
    const [sentence] = (cause instanceof Error ? cause.message : String(cause)).split(/\.\s/)
    throw new InvalidError('SettingUnknown', `${sentence}: see --help`)
  }
}

type FlagValue = string | boolean | readonly string[] | undefined

/** Repeats a flag of many words before each of them. */
function repeatFlags(table: SettingsTable, args: readonly string[]): string[] {
  const many = new Set(Object.values(table).flatMap(({ flag, many }) => (many ? [`--${flag}`] : [])))
  let current: string | undefined
  let isFirst = false
  return args.flatMap((word) => {
    if (word.startsWith('-')) {
      current = many.has(word) ? word : undefined
      isFirst = true
      return [word]
    }
    const repeated = current !== undefined && !isFirst ? [current, word] : [word]
    isFirst = false
    return repeated
  })
}

/** Help text for a table, one row a setting. */
export function describeSettings(table: SettingsTable): string {
  const rows = Object.values(table).map((setting) => {
    const value = setting.valueName === undefined ? '' : ` ${setting.valueName}${setting.many ? '…' : ''}`
    const name = `--${setting.flag}${value}`
    const isBare = setting.fallback === null || setting.fallback === false || setting.many === true
    const shown = isBare ? '' : ` [${String(setting.fallback)}]`
    return [name, `${setting.help}${shown}`] as const
  })
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`).join('\n')
}

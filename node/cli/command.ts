import type { SettingsOf, SettingsTable } from './settings.ts'

/** What a command is given besides its settings. */
export interface CommandContext {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP: wind down in order. A command that never reads it is just ended by them. */
  readonly signal: AbortSignal
  /** Writes the result: stdout, with a newline. */
  print(line: string): void
  /** Tells people how the work goes: stderr, with a newline. */
  report(line: string): void
}

/** One command of `assay`. */
export interface Command<Table extends SettingsTable> {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Names of the words that it takes besides flags, e.g. `FILE.onnx`. */
  readonly positionals: readonly string[]
  readonly settings: Table
  /** Does the work; resolves to the exit code (0 = as it should be). */
  run(settings: SettingsOf<Table>, positionals: readonly string[], context: CommandContext): Promise<number>
}

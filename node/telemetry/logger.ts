import { type DestinationStream, type LoggerOptions, pino } from 'pino'
import { formatLogLine } from './log-text.ts'

/** Writes one log entry: facts for machines first, then a short message for people. */
export type LogWrite = (fields: object, message: string) => void

/** What services log through; the smallest part of pino's logger that they need. */
export interface Log {
  readonly debug: LogWrite
  readonly info: LogWrite
  readonly warn: LogWrite
  readonly error: LogWrite
  /** A logger that adds `fields` to each of its entries. */
  child(fields: Readonly<Record<string, unknown>>): Log
}

/** Least severity that is written, or `silent`. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** One JSON object a line, or one line of text for a terminal. */
export type LogFormat = 'json' | 'text'

/** How a process logs. */
export interface LoggerSettings {
  readonly level: LogLevel
  readonly format: LogFormat
  /** Where lines go. Default: stderr, since stdout is for results. */
  readonly destination?: DestinationStream
}

/** Creates the root logger of a process. Errors under the key `err` are written with stack, code and causes. */
export function createLogger(settings: LoggerSettings): Log {
  const sink = settings.destination ?? process.stderr
  const destination = settings.format === 'json' ? sink : { write: (line: string) => sink.write(formatLogLine(line)) }
  const options: LoggerOptions = {
    level: settings.level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  }
  return pino(options, destination)
}

/** A logger that writes nothing. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
}

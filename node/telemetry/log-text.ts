const MAX_VALUE_LENGTH = 400

/** Turns one JSON log line into `12:34:56.789 INFO  message key=value …`; a line that is no JSON object passes unchanged. */
export function formatLogLine(line: string): string {
  const entry = parseEntry(line)
  if (entry === undefined) return line
  const { level, time, msg, err, ...fields } = entry
  const clock = typeof time === 'string' ? time.slice(11, 23) : ''
  const label = String(level ?? '')
    .toUpperCase()
    .padEnd(5)
  const facts = Object.entries(fields).map(([key, value]) => ` ${key}=${formatValue(value)}`)
  return `${clock} ${label} ${String(msg ?? '')}${facts.join('')}\n${formatError(err)}`
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text
}

function formatError(err: unknown): string {
  if (typeof err !== 'object' || err === null) return ''
  const { stack, message } = err as { stack?: unknown; message?: unknown }
  const text = typeof stack === 'string' ? stack : String(message ?? JSON.stringify(err))
  return `${text.replaceAll(/^/gm, '    ')}\n`
}

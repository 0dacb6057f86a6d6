import { expect, test } from 'vitest'
import { InvalidError } from '../protocol/errors.ts'
import { createLogger } from './logger.ts'

function capture(format: 'json' | 'text', level: 'debug' | 'info' = 'info') {
  const lines: string[] = []
  const log = createLogger({ level, format, destination: { write: (line) => void lines.push(line) } })
  return { lines, log }
}

test('json: one object a line with level, time, bindings, fields and message', () => {
  const { lines, log } = capture('json')
  log.child({ role: 'sequencer' }).info({ block: 7 }, 'sealed')
  const entry: unknown = JSON.parse(lines[0] ?? '')
  expect(entry).toMatchObject({ level: 'info', role: 'sequencer', block: 7, msg: 'sealed' })
  expect(lines).toHaveLength(1)
})

test('text: clock, level, message, then key=value', () => {
  const { lines, log } = capture('text')
  log.warn({ block: 7, hash: '0xab' }, 'late')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}late block=7 hash=0xab\n$/)
})

test('text: an error is printed with its stack below the line', () => {
  const { lines, log } = capture('text')
  log.error({ err: new InvalidError('Bad', 'no good') }, 'failed')
  expect(lines[0]).toMatch(/ERROR failed\n/)
  expect(lines[0]).toContain('    InvalidError: no good')
})

test('entries below the level are not written', () => {
  const { lines, log } = capture('json')
  log.debug({}, 'noise')
  expect(lines).toEqual([])
})

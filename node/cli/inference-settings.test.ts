import { describe, expect, it } from 'vitest'
import { inferenceOptions, inferenceSettings } from './inference-settings.ts'
import { parseSettings } from './settings.ts'

const optionsOf = (...args: readonly string[]) => inferenceOptions(parseSettings(inferenceSettings, args, {}).settings)

describe('settings of inference', () => {
  it('default to the CPU, and the reference behind it', () => {
    expect(optionsOf()).toEqual({
      provider: 'auto',
      threads: 1,
      timeoutMs: 10_000,
      sessionCacheBytes: 2 ** 30,
      resultCacheBytes: 2 ** 26,
    })
  })

  it('name a server, whose folder belongs to one worker', () => {
    const server = ['--inference.provider', 'oip', '--inference.endpoint', 'http://localhost:8000']
    expect(optionsOf(...server, '--inference.workers', '3')).toMatchObject({
      provider: 'oip',
      workers: 3,
      server: { endpoint: 'http://localhost:8000' },
    })
    expect(optionsOf(...server, '--inference.workers', '3', '--inference.folder', '/models')).toMatchObject({
      workers: 1,
      server: { endpoint: 'http://localhost:8000', folder: '/models' },
    })
  })

  it.each([
    [['--inference.provider', 'oip'], /needs --inference.endpoint URL/],
    [['--inference.provider', 'oip', '--inference.endpoint', 'localhost:8000'], /takes an http or https URL/],
    [['--inference.provider', 'tpu'], /is one of auto, cpu, webgpu, cuda, oip, reference/],
  ])('are refused when they are %j', (args, message) => {
    expect(() => optionsOf(...args)).toThrow(message)
  })
})

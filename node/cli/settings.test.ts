import { describe, expect, test } from 'vitest'
import { choice, describeSettings, integer, optionalText, parseSettings, port, text, toggle } from './settings.ts'

const table = {
  dataDir: text('data-dir', 'DIR', '.assay', 'Where state lives'),
  l1Rpc: optionalText('l1.rpc', 'URL', 'L1 endpoint'),
  rpcPort: port('rpc.port', 9545, 'JSON-RPC port'),
  threads: integer('inference.threads', 'N', 2, [1, 64], 'Threads'),
  json: toggle('json', 'Print JSON'),
  role: choice('role', ['sequencer', 'verifier'], 'verifier', 'What this node does'),
}

describe('parseSettings', () => {
  test('falls back to defaults', () => {
    expect(parseSettings(table, [], {}).settings).toEqual({
      dataDir: '.assay',
      l1Rpc: null,
      rpcPort: null,
      threads: 2,
      json: false,
      role: 'verifier',
    })
  })

  test('prefers a flag to the environment, and the environment to the default', () => {
    const environment = { ASSAY_RPC_PORT: '1000', ASSAY_INFERENCE_THREADS: '8', ASSAY_JSON: '1' }
    const { settings } = parseSettings(table, ['--rpc.port', '2000'], environment)
    expect(settings).toMatchObject({ rpcPort: 2000, threads: 8, json: true })
  })

  test.each([
    [['--nope'], /nope/],
    [['--rpc.port', '70000'], /--rpc.port takes a whole number from 1 to 65535, not "70000"/],
    [['--rpc.port', '1e3'], /rpc.port/],
    [['--role', 'king'], /--role is one of sequencer, verifier, not "king"/],
    [['stray'], /unexpected "stray"/],
    [['--data-dir'], /data-dir/],
  ])('refuses %j and names what was wrong', (args, message) => {
    expect(() => parseSettings(table, args, {})).toThrow(message)
  })

  test('takes positionals where the command has them', () => {
    expect(parseSettings(table, ['model.onnx', '--json'], {}, 1).positionals).toEqual(['model.onnx'])
  })
})

test('help lists every flag with its default', () => {
  const help = describeSettings(table)
  expect(help).toContain('--inference.threads N')
  expect(help).toContain('[.assay]')
})

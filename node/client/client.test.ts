import { describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { bundleForNoPlatform, startMachine } from '../../test/quickjs/machine.ts'
import { encodeInferenceCall, inferenceActions, type ModelDescription } from './client.ts'

const DESCRIPTION = {
  modelId: `0x${'33'.repeat(32)}`,
  inputs: [{ name: 'x', shape: [2], laneBytes: 2, lo: -1000, hi: 1000, step: '0.1', offset: '0', kind: 'value' }],
  outputs: [
    { name: 'y', shape: [1], laneBytes: 1, lo: 0, hi: 1, step: '1', offset: '0', kind: 'class', labels: ['no', 'yes'] },
  ],
} as const satisfies ModelDescription

describe('encodeInferenceCall', () => {
  it('is the modelId and the input, to the precompile', () => {
    const to = '0x00000000000000000000000000000000000000a1'
    expect(encodeInferenceCall(DESCRIPTION.modelId, '0x0102')).toEqual({ to, data: `${DESCRIPTION.modelId}0102` })
    expect(() => encodeInferenceCall('0x1234', '0x')).toThrow('a modelId has 32 bytes')
  })
})

describe('inferenceActions', () => {
  it('encodes, asks and decodes', async () => {
    const answer = {
      output: '0x01',
      inputRoot: '0xaa',
      outputRoot: '0xbb',
      gas: '0x10',
      transactionGas: '0x20',
      cost: '0x30',
    }
    const requests: unknown[] = []
    const request = async (asked: unknown) => {
      requests.push(asked)
      return answer
    }
    const { infer } = inferenceActions()({ request })
    const { outputs, ...facts } = await infer({ description: DESCRIPTION, inputs: { x: [0.1, -2] } })
    expect(requests).toEqual([{ method: 'ai_infer', params: [DESCRIPTION.modelId, '0x0001ffec', 'latest'] }])
    expect(outputs.y.classes).toEqual([[{ index: 1, label: 'yes' }]])
    expect(facts).toEqual({ ...answer, gas: 16n, transactionGas: 32n, cost: 48n })
  })

  it('asks nothing about inputs that cannot be encoded', async () => {
    const { infer } = inferenceActions()({ request: () => Promise.reject(new Error('asked')) })
    const failure = infer({ description: DESCRIPTION, inputs: { x: [0.1, 500] } })
    await expect(failure).rejects.toThrow('input x at [1]: 500 is beyond -100 to 100, in steps of 0.1')
  })
})

describe('the package entry', () => {
  it('runs without any platform', async () => {
    expect(packageFile.exports['./client']).toBe('./node/client/client.ts')
    const machine = await startMachine(await bundleForNoPlatform('client-entry.ts'))
    const result = await machine.run(
      JSON.stringify({ description: DESCRIPTION, inputs: { x: [0.1, '-2'] }, output: '0x00' }),
    )
    expect(JSON.parse(result)).toEqual({ input: '0x0001ffec', label: 'no' })
  })
})

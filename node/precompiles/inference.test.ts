import { decodeErrorResult, parseAbi } from 'viem'
import { describe, expect, test } from 'vitest'
import { MemoryContent } from '../../test/support/memory-content.ts'
import { affineModel, inferenceCall, putModels, referenceInfer } from '../../test/support/models.ts'
import { firstUseGas, inferenceGas, scanGas } from '../executor/gas-schedule.ts'
import { bytesEqual, bytesToHex, concatBytes, hexToBytes } from '../protocol/bytes.ts'
import { MODEL_REGISTRY } from '../protocol/constants.ts'
import { BugError, UnavailableError } from '../protocol/errors.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { encodeTensor } from '../protocol/tensor-encoding.ts'
import { runInference } from './inference.ts'
import { InferenceLedger } from './inference-ledger.ts'
import { activitySlot } from './model-activity.ts'
import type { PrecompileCall, PrecompileHost } from './precompile-host.ts'

const errors = parseAbi([
  'error ModelNotActive(bytes32 modelId)',
  'error InputLength(uint256 expected, uint256 got)',
  'error InputOutOfRange(uint256 index)',
  'error ValueNotZero(uint256 value)',
])
const model = affineModel()
const { counters } = model.manifest
const input = inferenceCall(model, [1, 2, 3, 4])
const output = encodeTensor([8, 11, 14, 17], 2)
const DISPATCH = scanGas(0)
const SCAN = scanGas(4)
const REPEAT = SCAN + inferenceGas(counters)
const FULL = REPEAT + firstUseGas(counters)
const PLENTY = 10_000_000n

interface HostParts {
  readonly call?: Partial<PrecompileCall>
  readonly isActive?: boolean
  readonly content?: MemoryContent
  readonly infer?: PrecompileHost['infer']
  readonly gasLimit?: bigint
}

function hostOf({ call, isActive = true, content, infer, gasLimit = PLENTY }: HostParts = {}): PrecompileHost {
  const store = content ?? new MemoryContent()
  if (content === undefined) putModels(store, [model])
  const ledger = new InferenceLedger(gasLimit)
  ledger.beginTransaction('simulated')
  return {
    content: store,
    infer: infer ?? referenceInfer([model]),
    ledger,
    manifests: new Map(),
    hash: keccak256,
    prices: {
      scanGas,
      inferenceGas,
      firstUseGas,
      storeChunkGas: () => 0n,
      activationGas: () => 0n,
      activationWorkGas: () => 0n,
      selfTestGas: () => 0n,
    },
    readStorage: async (address, slot) => {
      const active = address === MODEL_REGISTRY && bytesEqual(slot, activitySlot(hexToBytes(model.modelId)))
      return active && isActive ? Uint8Array.of(1) : new Uint8Array(0)
    },
    currentCall: () => ({ caller: MODEL_REGISTRY, value: 0n, isStatic: true, isDirect: true, ...call }),
  }
}

async function failure(host: PrecompileHost, data: Uint8Array, gas = PLENTY) {
  const result = await runInference(host, data, gas)
  expect(result.exceptionError?.error).toBe('revert')
  const { errorName, args } = decodeErrorResult({ abi: errors, data: bytesToHex(result.returnValue) })
  return { errorName, args, gasUsed: result.executionGasUsed }
}

describe('the inference precompile', () => {
  test('returns the canonical output and charges the first use once a transaction', async () => {
    const host = hostOf()
    const first = await runInference(host, input, PLENTY)
    expect(first).toEqual({ executionGasUsed: FULL, returnValue: output })
    expect((await runInference(host, input, PLENTY)).executionGasUsed).toBe(REPEAT)
    host.ledger.beginTransaction('simulated')
    expect((await runInference(host, input, PLENTY)).executionGasUsed).toBe(FULL)
  })

  test('runs with exactly the full gas, and with one less uses all of it and logs nothing', async () => {
    const host = hostOf()
    const short = await runInference(host, input, FULL - 1n)
    expect(short.exceptionError?.error).toBe('out of gas')
    expect(short.executionGasUsed).toBe(FULL - 1n)
    expect(short.returnValue).toHaveLength(0)
    expect(host.ledger.records).toEqual([])
    expect((await runInference(host, input, FULL)).executionGasUsed).toBe(FULL)
    expect(host.ledger.records).toHaveLength(1)
  })

  test('uses all gas below the price of dispatch', async () => {
    const result = await runInference(hostOf(), input, DISPATCH - 1n)
    expect(result.exceptionError?.error).toBe('out of gas')
    expect(result.executionGasUsed).toBe(DISPATCH - 1n)
  })

  test('checks in order: length, value, activity, input length, gas, range', async () => {
    const none = await failure(hostOf({ call: { value: 1n }, isActive: false }), input.subarray(0, 31))
    expect(none).toEqual({ errorName: 'InputLength', args: [32n, 31n], gasUsed: DISPATCH })
    const value = await failure(hostOf({ call: { value: 7n }, isActive: false }), input.subarray(0, 32))
    expect(value).toEqual({ errorName: 'ValueNotZero', args: [7n], gasUsed: DISPATCH })
    const inactive = await failure(hostOf({ isActive: false }), input.subarray(0, 32))
    expect(inactive).toEqual({ errorName: 'ModelNotActive', args: [model.modelId], gasUsed: DISPATCH })
    const length = await failure(hostOf(), concatBytes(input, Uint8Array.of(0)))
    expect(length).toEqual({ errorName: 'InputLength', args: [4n, 5n], gasUsed: DISPATCH })
    const tooHigh = inferenceCall(model, [1, 2, 101, -101])
    expect((await runInference(hostOf(), tooHigh, FULL - 1n)).exceptionError?.error).toBe('out of gas')
    const range = await failure(hostOf(), tooHigh)
    expect(range).toEqual({ errorName: 'InputOutOfRange', args: [2n], gasUsed: SCAN })
  })

  test('does not take the first-use surcharge for a call that fails a check', async () => {
    const host = hostOf()
    await failure(host, inferenceCall(model, [101, 0, 0, 0]))
    expect((await runInference(host, input, PLENTY)).executionGasUsed).toBe(FULL)
  })

  test('fails as if out of gas when the block has no inference gas left', async () => {
    const host = hostOf({ gasLimit: FULL + REPEAT - 1n })
    await runInference(host, input, PLENTY)
    const second = await runInference(host, inferenceCall(model, [9, 9, 9, 9]), PLENTY)
    expect(second.exceptionError?.error).toBe('out of gas')
    expect(host.ledger.records).toHaveLength(1)
  })

  test('gives up, and does not revert, when the manifest or the inference is not to be had', async () => {
    const missing = runInference(hostOf({ content: new MemoryContent() }), input, PLENTY)
    await expect(missing).rejects.toMatchObject({ kind: 'Unavailable', code: 'ModelMissing' })
    const infer: PrecompileHost['infer'] = async () => {
      throw new UnavailableError('InferenceBusy', 'later')
    }
    await expect(runInference(hostOf({ infer }), input, PLENTY)).rejects.toMatchObject({ code: 'InferenceBusy' })
  })

  test('halts on an output of the wrong size', async () => {
    const infer: PrecompileHost['infer'] = async () => new Uint8Array(3)
    await expect(runInference(hostOf({ infer }), input, PLENTY)).rejects.toBeInstanceOf(BugError)
  })
})

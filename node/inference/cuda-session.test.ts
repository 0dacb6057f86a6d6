import { describe, expect, it } from 'vitest'
import { checkGraph } from '../exact/check.ts'
import { type EmittedModel, emitCpu } from '../exact/emit/emit-cpu.ts'
import { createBackend } from './backend.ts'
import { createCudaOpener } from './cuda-session.ts'
import { openOrtSession, openSessionOn } from './ort-session.ts'
import { compare } from './self-test.ts'
import { startVectors } from './start-test.ts'

const EMITTED: EmittedModel = { onnx: Uint8Array.of(), inputs: [], outputs: [], kernels: [], cpuNodes: [] }

describe('the CUDA provider', () => {
  it('is asked for with the CPU behind it and TF32 off', async () => {
    const asked: unknown[] = []
    const open = createCudaOpener((...args: Parameters<typeof openSessionOn>) => {
      asked.push([args[0], args[2], process.env.NVIDIA_TF32_OVERRIDE])
      return openOrtSession(emitCpu(checkGraph(startVectors()[0]?.graph as never)), 1)
    })
    await (await open(EMITTED, 3)).close()
    expect(asked).toEqual([[[{ name: 'cuda', deviceId: 0 }, 'cpu'], 3, '0']])
  })

  it.each([
    'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library',
    'CUDA failure 100: no CUDA-capable device is detected ; GPU=-1',
  ])('is missing where ONNX Runtime says: %s', async (message) => {
    const open = createCudaOpener(async () => {
      throw new Error(message)
    })
    const opened = open(EMITTED, 1)
    await expect(opened).rejects.toMatchObject({ kind: 'Unavailable', code: 'ProviderMissing' })
    await expect(opened).rejects.toThrow(/CUDA 12 and cuDNN 9.+install\.js/)
  })

  it('is not missing where one model does not load', async () => {
    const open = createCudaOpener(async () => {
      throw new Error('no kernel for Foo')
    })
    await expect(open(EMITTED, 1)).rejects.toThrow('no kernel for Foo')
  })

  it('is given models without Conv or 8-bit kernels, which are exact on the CPU as well', async () => {
    const backend = createBackend({ provider: 'cuda', fallsBack: false, threads: 1, sessionCacheBytes: 0 })
    for (const { graph, inputs, name } of startVectors()) {
      const checked = checkGraph(graph)
      const emitted = backend?.emit(checked) as EmittedModel
      expect(emitted.kernels.filter(({ kernel }) => /^q|integer|uint8|^conv|^depthwise/.test(kernel))).toEqual([])
      const runner = await openSessionOn(['cpu'], emitted, 1)
      expect([name, await compare(checked, runner, inputs)]).toEqual([name, undefined])
      await runner.close()
    }
  })
})

import { UnavailableError } from '../protocol/errors.ts'
import { type OpenSession, openSessionOn } from './ort-session.ts'

/**
 * Opens models in ONNX Runtime's CUDA provider, for kernels without Conv: the Node binding cannot choose its algorithm. Nor can it
 * turn TF32 off, which cuts the operands of float32 products to 11 bits; an environment variable does, which NVIDIA's libraries
 * read when they are loaded.
 * @param openOn in place of ONNX Runtime, for tests.
 * @returns rejects with UnavailableError `ProviderMissing` where the provider's libraries or a device are missing.
 */
export function createCudaOpener(openOn: typeof openSessionOn = openSessionOn): OpenSession {
  return async (emitted, threads) => {
    process.env.NVIDIA_TF32_OVERRIDE = '0'
    try {
      return await openOn([{ name: 'cuda', deviceId: 0 }, 'cpu'], emitted, threads)
    } catch (cause) {
      if (!MISSING.test(cause instanceof Error ? cause.message : String(cause))) throw cause
      throw new UnavailableError('ProviderMissing', `the CUDA provider does not start: ${MEND}`, { cause })
    }
  }
}

/** What ONNX Runtime says where a library cannot be loaded, the build lacks the provider, or there is no device. */
const MISSING = /failed to load|cannot open shared object|unsupported: 'cuda'|CUDA failure|no CUDA-capable device/i
const MEND =
  'it needs an NVIDIA GPU with CUDA 12 and cuDNN 9, on Linux x64, and the libraries that onnxruntime-node leaves out ' +
  '(ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js)'

import type { OnnxValueInfo } from '../exact/emit/onnx-writer.ts'
import type { Tensor } from '../exact/graph.ts'
import { UnavailableError } from '../protocol/errors.ts'
import { type BoundedAnswer, requestBounded } from './bounded-http.ts'
import { decodeInferAnswer, encodeInferRequest, maxAnswerBytes } from './oip-messages.ts'

/** A server of the Open Inference Protocol (KServe v2) over HTTP. */
export interface OipClient {
  /** Name of the server software, e.g. `triton`. */
  serverName(): Promise<string>
  /** Loads a model from the bytes given, by the model repository extension. @param config the server's model configuration. */
  load(name: string, onnx: Uint8Array, config: object): Promise<void>
  unload(name: string): Promise<void>
  isReady(name: string): Promise<boolean>
  /** Runs a model for some of its outputs. */
  infer(
    name: string,
    inputs: { readonly infos: readonly OnnxValueInfo[]; readonly tensors: readonly Tensor[] },
    wanted: readonly OnnxValueInfo[],
  ): Promise<Tensor[]>
}

/** Errors and metadata are at most this long. */
const MAX_DOCUMENT_BYTES = 65_536
/** Where Triton takes the model's file from a load request. */
const MODEL_FILE = 'file:1/model.onnx'

/**
 * A client of the server at `endpoint`, e.g. `http://127.0.0.1:8000`. Every method rejects with UnavailableError
 * `ServerUnreachable`, `ServerTimeout` or `ServerFailed`.
 * @param timeoutMs time for each request.
 */
export function createOipClient(endpoint: string, timeoutMs: number): OipClient {
  const base = `${endpoint.replace(/\/+$/, '')}/v2`

  const get = (path: string): Promise<BoundedAnswer> =>
    requestBounded({ method: 'GET', url: base + path, timeoutMs, maxAnswerBytes: MAX_DOCUMENT_BYTES })

  async function post(path: string, document: object): Promise<void> {
    const body = new TextEncoder().encode(JSON.stringify(document))
    const headers = { 'content-type': 'application/json' }
    const url = base + path
    requireOk(
      await requestBounded({ method: 'POST', url, headers, body, timeoutMs, maxAnswerBytes: MAX_DOCUMENT_BYTES }),
      url,
    )
  }

  return {
    async serverName() {
      const answer = await get('')
      requireOk(answer, base)
      const { name } = parseDocument(answer.body, base)
      if (typeof name === 'string') return name
      throw new UnavailableError('ServerFailed', `${base} does not say which server it is: is it an inference server?`)
    },
    load: (name, onnx, config) =>
      post(`/repository/models/${name}/load`, {
        parameters: { config: JSON.stringify(config), [MODEL_FILE]: Buffer.from(onnx).toString('base64') },
      }),
    unload: (name) => post(`/repository/models/${name}/unload`, {}),
    isReady: async (name) => (await get(`/models/${name}/ready`)).status === 200,
    async infer(name, { infos, tensors }, wanted) {
      const { body, headerBytes } = encodeInferRequest(infos, tensors, wanted)
      const url = `${base}/models/${name}/infer`
      const answer = await requestBounded({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(headerBytes) },
        body,
        timeoutMs,
        maxAnswerBytes: maxAnswerBytes(wanted),
      })
      requireOk(answer, url)
      const length = Number(answer.headers.get('inference-header-content-length') ?? Number.NaN)
      return decodeInferAnswer({ body: answer.body, headerBytes: length }, wanted)
    },
  }
}

function requireOk({ status, body }: BoundedAnswer, url: string): void {
  if (status === 200) return
  throw new UnavailableError(
    'ServerFailed',
    `${url} answers ${status}: ${new TextDecoder().decode(body).slice(0, 500)}`,
  )
}

function parseDocument(body: Uint8Array, url: string): { readonly name?: unknown } {
  try {
    return Object(JSON.parse(new TextDecoder().decode(body)))
  } catch (cause) {
    throw new UnavailableError('ServerFailed', `${url} does not answer in JSON: is it an inference server?`, { cause })
  }
}

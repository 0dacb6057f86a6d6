import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { concatBytes } from '../../node/protocol/bytes.ts'

/** What the server does wrong with inferences, if anything. `busy` answers 503 twice, then well; `silent` never does. */
export type OipFault =
  | 'wrong-bit'
  | 'truncated'
  | 'silent'
  | 'busy'
  | 'failing'
  | 'oversized'
  | 'json-tensors'
  | 'other-shape'

/** A running inference server. */
export interface OipServer {
  readonly endpoint: string
  /** Names of the models that are loaded. */
  readonly models: readonly string[]
  /** Configurations that models were loaded with, newest last. */
  readonly configs: readonly { readonly optimization: { readonly graph: { readonly level: number } } }[]
  fault: OipFault | undefined
  /** Requests answered. */
  readonly requests: number
  close(): Promise<void>
}

const ELEMENT_TYPES: Readonly<Record<string, readonly [Tensor.Type, (bytes: ArrayBuffer) => Tensor.DataType]>> = {
  INT8: ['int8', (bytes) => new Int8Array(bytes)],
  INT16: ['int16', (bytes) => new Int16Array(bytes)],
  INT32: ['int32', (bytes) => new Int32Array(bytes)],
  INT64: ['int64', (bytes) => new BigInt64Array(bytes)],
  FP64: ['float64', (bytes) => new Float64Array(bytes)],
}
const DATATYPES = Object.fromEntries(Object.entries(ELEMENT_TYPES).map(([name, [type]]) => [type, name]))

/**
 * A small server of the Open Inference Protocol that runs models in ONNX Runtime: health, metadata, inference with the binary
 * tensor data extension, and the model repository extension. @param folder reads models listed in its `config.json` instead, on
 * request, as OpenVINO Model Server does.
 */
export async function startOipServer(folder?: string): Promise<OipServer> {
  const sessions = new Map<string, InferenceSession>()
  const configs: OipServer['configs'][number][] = []
  const state = { fault: undefined as OipFault | undefined, requests: 0, busyLeft: 2 }

  const server = createServer((request, response) => {
    state.requests++
    answer(request, response).catch((error: Error) => send(response, 500, { error: error.message }))
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request)
    const [, name = '', verb = ''] = /^\/v2\/(?:repository\/)?models\/([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? []
    if (request.url === '/v2') {
      const extensions = folder === undefined ? { extensions: ['model_repository', 'binary_tensor_data'] } : {}
      return send(response, 200, {
        name: folder === undefined ? 'triton' : 'OpenVINO Model Server',
        version: '1',
        ...extensions,
      })
    }
    if (request.url === '/v1/config/reload' && folder !== undefined) return reload(folder, response)
    if (verb === 'ready') return send(response, sessions.has(name) ? 200 : 404, {})
    if (verb === 'infer') return infer(name, request, body, response)
    if (folder === undefined && verb === 'load') {
      const { parameters } = JSON.parse(body.toString())
      configs.push(JSON.parse(parameters.config))
      await load(name, Buffer.from(parameters['file:1/model.onnx'], 'base64'))
      return send(response, 200, {})
    }
    if (folder === undefined && verb === 'unload') {
      await sessions.get(name)?.release()
      return send(response, sessions.delete(name) ? 200 : 400, {})
    }
    send(response, 404, { error: 'no such request' })
  }

  async function load(name: string, onnx: Uint8Array): Promise<void> {
    sessions.set(name, await InferenceSession.create(onnx, { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 }))
  }

  async function reload(folder: string, response: ServerResponse): Promise<void> {
    const { model_config_list: list } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
    const listed = new Map<string, string>(
      list.map(({ config }: { config: { name: string; base_path: string } }) => [config.name, config.base_path]),
    )
    for (const name of [...sessions.keys()].filter((name) => !listed.has(name))) sessions.delete(name)
    for (const [name, path] of listed) {
      if (!sessions.has(name)) await load(name, await readFile(join(folder, path, '1', 'model.onnx')))
    }
    send(response, 201, {})
  }

  async function infer(name: string, request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const session = sessions.get(name)
    if (session === undefined) return send(response, 404, { error: `no model ${name}` })
    if (state.fault === 'failing') return send(response, 500, { error: 'out of memory' })
    if (state.fault === 'busy' && state.busyLeft-- > 0) return send(response, 503, { error: 'busy' })
    if (state.fault === 'silent') return
    const headerBytes = Number(request.headers['inference-header-content-length'])
    const document = JSON.parse(body.subarray(0, headerBytes).toString())
    const results = await session.run(
      feedsOf(document, body.subarray(headerBytes)),
      document.outputs.map(({ name }: { name: string }) => name),
    )
    sendOutputs(response, document.outputs, results, state.fault)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get models() {
      return [...sessions.keys()]
    },
    configs,
    get fault() {
      return state.fault
    },
    set fault(fault) {
      state.fault = fault
      state.busyLeft = 2
    },
    get requests() {
      return state.requests
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Described {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly parameters: { readonly binary_data_size: number }
}

function feedsOf({ inputs }: { readonly inputs: readonly Described[] }, blobs: Buffer): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  let at = 0
  for (const { name, datatype, shape, parameters } of inputs) {
    const end = at + parameters.binary_data_size
    const [type, view] = ELEMENT_TYPES[datatype] as (typeof ELEMENT_TYPES)[string]
    feeds[name] = new Tensor(type, view(Uint8Array.from(blobs.subarray(at, end)).buffer) as never, shape)
    at = end
  }
  if (at !== blobs.length) throw new Error(`${blobs.length - at} bytes belong to no input`)
  return feeds
}

function sendOutputs(
  response: ServerResponse,
  wanted: readonly { readonly name: string; readonly parameters: { readonly binary_data: boolean } }[],
  results: InferenceSession.OnnxValueMapType,
  fault: OipFault | undefined,
): void {
  const blobs: Uint8Array[] = []
  const outputs = wanted.map(({ name, parameters }) => {
    const { data, dims, type } = results[name] as Tensor
    const { buffer, byteOffset, byteLength } = data as Int8Array
    const blob = Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength))
    if (fault === 'wrong-bit') blob[0] = (blob[0] ?? 0) ^ 1
    const shape = fault === 'other-shape' ? [...dims, 1] : dims
    const described = { name, shape, datatype: DATATYPES[type] }
    if (!parameters.binary_data || fault === 'json-tensors') return { ...described, data: Array.from(blob) }
    blobs.push(blob)
    return { ...described, parameters: { binary_data_size: blob.length } }
  })
  const header = Buffer.from(JSON.stringify({ model_name: 'm', outputs }))
  if (fault !== 'json-tensors') response.setHeader('Inference-Header-Content-Length', header.length)
  const whole = concatBytes(header, ...blobs, ...(fault === 'oversized' ? [new Uint8Array(2 ** 20)] : []))
  response.end(fault === 'truncated' ? whole.subarray(0, -1) : whole)
}

function send(response: ServerResponse, status: number, document: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

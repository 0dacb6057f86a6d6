import { refuse } from './import-error.ts'
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from './onnx-model.ts'
import { decodeTensor } from './onnx-tensor.ts'
import { integer, message, payload, push, pushFloats, pushIntegers, text, toFloat32 } from './proto-fields.ts'
import { FIXED32, type FieldBudget, readFields } from './protobuf-reader.ts'

/** Limits of the decoder; sizes in bytes. */
export interface DecodeLimits {
  readonly maxFileBytes: number
}

/** Limits that hold unless a caller lowers them. */
export const DEFAULT_DECODE_LIMITS: DecodeLimits = { maxFileBytes: 512 * 1024 * 1024 }

const MAX_FIELDS = 2 ** 22
const MAX_NODES = 2 ** 16
const MAX_ENTRIES = 2 ** 16
const MAX_DIMS = 8
const MAX_TEXT_BYTES = 2 ** 20

/**
 * Decodes an ONNX file. Nesting is that of the schema (no message contains itself: subgraphs are refused), sizes are those
 * of the bytes at hand; tensor values stay views into `bytes` until asked for.
 * @throws ImportError `OnnxMalformed`, `OnnxTooLarge`, `OnnxUnsupported`.
 */
export function decodeOnnx(bytes: Uint8Array, limits: DecodeLimits = DEFAULT_DECODE_LIMITS): OnnxModel {
  if (bytes.length > limits.maxFileBytes) {
    refuse('OnnxTooLarge', `the file has ${bytes.length} bytes, limit ${limits.maxFileBytes}`)
  }
  const budget: FieldBudget = { left: MAX_FIELDS }
  const opsets = new Map<string, number>()
  const metadata = new Map<string, string>()
  let graph: OnnxGraph | undefined
  for (const field of readFields(bytes, budget)) {
    if (field.number === 7) {
      if (graph) refuse('OnnxMalformed', 'the file has two graphs')
      graph = decodeGraph(message(field), budget)
    } else if (field.number === 8) decodeOpset(message(field), budget, opsets)
    else if (field.number === 14) decodeProperty(message(field), budget, metadata)
    else if (field.number === 25) refuse('OnnxUnsupported', 'model-local functions are not supported: inline them')
  }
  return { opsets, graph: graph ?? refuse('OnnxMalformed', 'no graph: this is no ONNX model'), metadata }
}

function decodeGraph(bytes: Uint8Array, budget: FieldBudget): OnnxGraph {
  const graph = {
    nodes: [] as OnnxNode[],
    initializers: [] as OnnxTensor[],
    inputs: [] as OnnxValueInfo[],
    outputs: [] as OnnxValueInfo[],
    valueInfos: [] as OnnxValueInfo[],
  }
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) push(graph.nodes, decodeNode(message(field), budget), MAX_NODES, 'nodes')
    else if (field.number === 5)
      push(graph.initializers, decodeTensor(message(field), budget), MAX_ENTRIES, 'initializers')
    else if (field.number === 11) push(graph.inputs, decodeValueInfo(message(field), budget), MAX_ENTRIES, 'inputs')
    else if (field.number === 12) push(graph.outputs, decodeValueInfo(message(field), budget), MAX_ENTRIES, 'outputs')
    else if (field.number === 13)
      push(graph.valueInfos, decodeValueInfo(message(field), budget), 2 * MAX_NODES, 'value infos')
    else if (field.number === 15) refuse('OnnxUnsupported', 'sparse initializers are not supported: make them dense')
  }
  return graph
}

function decodeNode(bytes: Uint8Array, budget: FieldBudget): OnnxNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, OnnxAttribute>()
  let [name, opType, domain] = ['', '', '']
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) push(inputs, text(field), MAX_ENTRIES, 'inputs of a node')
    else if (field.number === 2) push(outputs, text(field), MAX_ENTRIES, 'outputs of a node')
    else if (field.number === 3) name = text(field)
    else if (field.number === 4) opType = text(field)
    else if (field.number === 7) domain = text(field)
    else if (field.number === 5) {
      const { key, attribute } = decodeAttribute(message(field), budget)
      if (attributes.has(key)) refuse('OnnxMalformed', `node ${name || opType}: attribute ${key} is given twice`)
      attributes.set(key, attribute)
    }
  }
  return { name, opType, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes }
}

/** AttributeProto.type → which of its fields holds the value. */
const ATTRIBUTE_TYPES: ReadonlyMap<number, OnnxAttribute['type']> = new Map([
  [1, 'float'],
  [2, 'int'],
  [3, 'string'],
  [4, 'tensor'],
  [6, 'floats'],
  [7, 'ints'],
  [8, 'strings'],
])
const UNSUPPORTED_ATTRIBUTE_FIELDS = [6, 10, 11, 14, 15, 22, 23]

function decodeAttribute(bytes: Uint8Array, budget: FieldBudget): { key: string; attribute: OnnxAttribute } {
  const values = {
    float: 0,
    int: 0,
    string: '',
    tensor: undefined as OnnxTensor | undefined,
    floats: [] as number[],
    ints: [] as number[],
    strings: [] as string[],
  }
  let key = ''
  let code = 0
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) key = text(field)
    else if (field.number === 20) code = integer(field)
    else if (field.number === 2) values.float = toFloat32(payload(field, FIXED32))
    else if (field.number === 3) values.int = integer(field)
    else if (field.number === 4) values.string = text(field, MAX_TEXT_BYTES)
    else if (field.number === 5) values.tensor = decodeTensor(message(field), budget)
    else if (field.number === 7) pushFloats(values.floats, field, MAX_ENTRIES)
    else if (field.number === 8) pushIntegers(values.ints, field, MAX_ENTRIES)
    else if (field.number === 9) push(values.strings, text(field), MAX_ENTRIES, 'strings')
    else if (UNSUPPORTED_ATTRIBUTE_FIELDS.includes(field.number)) {
      refuse('OnnxUnsupported', `attribute ${key}: subgraphs, sparse tensors and types are not supported`)
    }
  }
  const type = ATTRIBUTE_TYPES.get(code) ?? refuse('OnnxUnsupported', `attribute ${key} has type ${code}`)
  const value = values[type] ?? refuse('OnnxMalformed', `attribute ${key} has no tensor`)
  return { key, attribute: { type, value } as OnnxAttribute }
}

function decodeValueInfo(bytes: Uint8Array, budget: FieldBudget): OnnxValueInfo {
  let name = ''
  let type: Pick<OnnxValueInfo, 'dataType' | 'dims'> = { dataType: undefined, dims: undefined }
  let isOther = false
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) name = text(field)
    else if (field.number === 2) {
      for (const inner of readFields(message(field), budget)) {
        if (inner.number === 1) type = decodeTensorType(message(inner), budget)
        else if (inner.number !== 6) isOther = true
      }
    }
  }
  return { name, ...type, isTensor: !isOther }
}

function decodeTensorType(bytes: Uint8Array, budget: FieldBudget): Pick<OnnxValueInfo, 'dataType' | 'dims'> {
  let dataType: number | undefined
  let dims: (number | string)[] | undefined
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) dataType = integer(field)
    else if (field.number === 2) {
      dims = []
      for (const inner of readFields(message(field), budget)) {
        if (inner.number === 1) push(dims, decodeDimension(message(inner), budget), MAX_DIMS, 'dimensions')
      }
    }
  }
  return { dataType, dims }
}

function decodeDimension(bytes: Uint8Array, budget: FieldBudget): number | string {
  let dimension: number | string = '?'
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) dimension = integer(field)
    else if (field.number === 2) dimension = text(field)
  }
  return dimension
}

function decodeOpset(bytes: Uint8Array, budget: FieldBudget, opsets: Map<string, number>): void {
  let domain = ''
  let version = 0
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) domain = text(field)
    else if (field.number === 2) version = integer(field)
  }
  opsets.set(domain === 'ai.onnx' ? '' : domain, version)
}

function decodeProperty(bytes: Uint8Array, budget: FieldBudget, metadata: Map<string, string>): void {
  let key = ''
  let value = ''
  for (const field of readFields(bytes, budget)) {
    if (field.number === 1) key = text(field)
    else if (field.number === 2) value = text(field, MAX_TEXT_BYTES)
  }
  if (metadata.has(key)) refuse('OnnxMalformed', `metadata ${key} is given twice`)
  metadata.set(key, value)
}

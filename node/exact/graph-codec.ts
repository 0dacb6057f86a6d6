import { asciiToBytes, bytesEqual } from '../protocol/bytes.ts'
import { PROFILE_V1 } from '../protocol/constants.ts'
import { InvalidError } from '../protocol/errors.ts'
import { decodeTensor, encodeTensor } from '../protocol/tensor-encoding.ts'
import { LANE } from './fields.ts'
import type { ExactGraph, GraphConstant, GraphInput, GraphOutput, LaneBytes, Op, OpKind, Shape } from './graph.ts'
import { createGraphReader, createGraphWriter, type GraphReader, type GraphWriter } from './graph-bytes.ts'
import { requireTensorShape } from './infer-op.ts'
import { MAX_GRAPH_BYTES } from './limits.ts'
import { OPS, ruleOf } from './ops.ts'
import { requireStructure } from './structure.ts'
import { laneBytesOf, shapeSize } from './tensor-data.ts'

/*
 * The canonical bytes of a graph; their keccak256 is the graphHash. All numbers are big-endian and of fixed width, so a
 * graph has one encoding:
 *
 *   graph    = "AXGR" profile:2 inputs:2 constants:2 ops:2 outputs:2 input* constant* op* output*
 *   input    = shape laneBytes:1 lo:8 hi:8
 *   constant = shape laneBytes:1 lanes                 laneBytes is the least that holds them
 *   op       = opcode:1 [operands:2] valueId:2* field* operands only where the arity is 'many'; fields as in `OPS`
 *   output   = valueId:2 laneBytes:1
 *   shape    = rank:1 extent:4*
 *   field    = uint:4 | lane:8 | count:1 entry:4* | flag:1 | rounding:1 (0 floor, 1 half-even)
 */

const MAGIC = asciiToBytes('AXGR')

/**
 * Encodes a graph; `decodeGraph` gives back an equal one.
 * @throws InvalidError (see `requireStructure`) where the encoding cannot hold the graph.
 */
export function encodeGraph(graph: ExactGraph): Uint8Array {
  requireStructure(graph)
  const writer = createGraphWriter()
  writer.bytes(MAGIC)
  writer.uint(graph.profile, 2)
  for (const part of [graph.inputs, graph.constants, graph.ops, graph.outputs]) writer.uint(part.length, 2)
  for (const input of graph.inputs) writeInput(writer, input)
  for (const constant of graph.constants) writeConstant(writer, constant)
  for (const op of graph.ops) writeOp(writer, op)
  for (const output of graph.outputs) {
    writer.uint(output.value, 2)
    writer.uint(output.laneBytes, 1)
  }
  return writer.finish()
}

/**
 * Decodes untrusted bytes. Only the structure is known to be sound (see `requireStructure`); `checkGraph` judges the rest.
 * Memory: in proportion to the bytes, which are capped. Encoding the result gives the same bytes.
 * @throws InvalidError `GraphTooLarge`, `GraphMagic`, `ProfileUnknown`, `GraphTruncated`, `GraphTrailingBytes`,
 * `OpcodeUnknown`, `FieldInvalid`, or as `requireStructure`.
 */
export function decodeGraph(bytes: Uint8Array): ExactGraph {
  if (bytes.length > MAX_GRAPH_BYTES) {
    throw new InvalidError('GraphTooLarge', `${bytes.length} bytes, limit ${MAX_GRAPH_BYTES}`)
  }
  const reader = createGraphReader(bytes)
  if (!bytesEqual(reader.bytes(MAGIC.length), MAGIC)) {
    throw new InvalidError('GraphMagic', 'not the bytes of an exact graph: they do not start with AXGR')
  }
  const profile = reader.uint(2)
  if (profile !== PROFILE_V1) throw new InvalidError('ProfileUnknown', `profile ${profile} is not known`)
  const [inputs = 0, constants = 0, ops = 0, outputs = 0] = repeat(4, () => reader.uint(2))
  const graph: ExactGraph = {
    profile,
    inputs: repeat(inputs, () => readInput(reader)),
    constants: repeat(constants, () => readConstant(reader)),
    ops: repeat(ops, () => readOp(reader)),
    outputs: repeat(outputs, () => readOutput(reader)),
  }
  reader.finish()
  requireStructure(graph)
  return graph
}

function writeInput(writer: GraphWriter, input: GraphInput): void {
  writeShape(writer, input.shape)
  writer.uint(input.laneBytes, 1)
  LANE.write(writer, input.lo)
  LANE.write(writer, input.hi)
}

function readInput(reader: GraphReader): GraphInput {
  const shape = readShape(reader)
  const laneBytes = readLaneBytes(reader)
  return { shape, laneBytes, lo: LANE.read(reader), hi: LANE.read(reader) }
}

function writeConstant(writer: GraphWriter, { shape, data }: GraphConstant): void {
  writeShape(writer, shape)
  writer.uint(laneBytesOf(data), 1)
  writer.bytes(encodeTensor(data, laneBytesOf(data)))
}

function readConstant(reader: GraphReader): GraphConstant {
  const shape = readShape(reader)
  requireTensorShape(shape)
  const laneBytes = readLaneBytes(reader)
  const lanes = shapeSize(shape)
  return { shape, data: decodeTensor(reader.bytes(lanes * laneBytes), laneBytes, lanes) }
}

function readOutput(reader: GraphReader): GraphOutput {
  return { value: reader.uint(2), laneBytes: readLaneBytes(reader) }
}

function writeOp(writer: GraphWriter, op: Op): void {
  const { opcode, arity, fields } = ruleOf(op)
  writer.uint(opcode, 1)
  if (arity === 'many') writer.uint(op.inputs.length, 2)
  for (const id of op.inputs) writer.uint(id, 2)
  const parameters = op as unknown as Readonly<Record<string, never>>
  for (const [name, codec] of fields) codec.write(writer, parameters[name] as never)
}

const KINDS: ReadonlyMap<number, OpKind> = new Map(
  Object.entries(OPS).map(([kind, rule]) => [rule.opcode, kind as OpKind]),
)

function readOp(reader: GraphReader): Op {
  const opcode = reader.uint(1)
  const kind = KINDS.get(opcode)
  if (kind === undefined) throw new InvalidError('OpcodeUnknown', `opcode ${opcode} is not in this profile`)
  const { arity, fields } = OPS[kind]
  const operands = arity === 'many' ? reader.uint(2) : arity
  const op: Record<string, unknown> = { kind, inputs: repeat(operands, () => reader.uint(2)) }
  for (const [name, codec] of fields) op[name] = codec.read(reader)
  return op as unknown as Op
}

function writeShape(writer: GraphWriter, shape: Shape): void {
  writer.uint(shape.length, 1)
  for (const extent of shape) writer.uint(extent, 4)
}

function readShape(reader: GraphReader): Shape {
  return repeat(reader.uint(1), () => reader.uint(4))
}

function readLaneBytes(reader: GraphReader): LaneBytes {
  const laneBytes = reader.uint(1)
  if (laneBytes === 1 || laneBytes === 2 || laneBytes === 4 || laneBytes === 8) return laneBytes
  throw new InvalidError('LaneBytesInvalid', `lanes of ${laneBytes} bytes: must be 1, 2, 4 or 8`)
}

/** Reads `count` items one by one: what is built never outgrows the bytes that are there. */
function repeat<T>(count: number, read: () => T): T[] {
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}

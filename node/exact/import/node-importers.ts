import { constantLiteral } from './constant-node.ts'
import * as contraction from './import-contraction.ts'
import * as elementwise from './import-elementwise.ts'
import * as movement from './import-movement.ts'
import * as pooling from './import-pooling.ts'
import type { NodeContext, Source } from './node-context.ts'
import { requireSource } from './node-context.ts'

/** How nodes of one operator come into the graph. */
export interface NodeImporter {
  /** Least and greatest number of operands. */
  readonly operands: readonly [least: number, most: number]
  /** The attributes that it knows; others are refused. */
  readonly attributes: readonly string[]
  /** Adds the node to the graph and returns its first output. @throws InvalidError, to which the caller adds the node's name. */
  run(context: NodeContext): Source
}

const MANY = 1024
const WINDOW = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides']
const REDUCE = ['axes', 'keepdims', 'noop_with_empty_axes']

// biome-ignore format: a table, one operator after the other
/** The operators of the default domain (operator sets 13 to 21) that exact files may use. */
export const NODE_IMPORTERS: ReadonlyMap<string, NodeImporter> = new Map<string, NodeImporter>([
  ['Abs', { operands: [1, 1], attributes: [], run: elementwise.importAbs }],
  ['Add', { operands: [2, 2], attributes: [], run: (context) => elementwise.importSum(context, 'add') }],
  ['ArgMax', { operands: [1, 1], attributes: ['axis', 'keepdims', 'select_last_index'], run: pooling.importArgMax }],
  ['AveragePool', { operands: [1, 1], attributes: [...WINDOW, 'ceil_mode', 'count_include_pad'], run: pooling.importAveragePool }],
  ['BitShift', { operands: [2, 2], attributes: ['direction'], run: elementwise.importBitShift }],
  ['Cast', { operands: [1, 1], attributes: ['to', 'saturate'], run: elementwise.importCast }],
  ['Clip', { operands: [1, 3], attributes: [], run: elementwise.importClip }],
  ['Concat', { operands: [1, MANY], attributes: ['axis'], run: movement.importConcat }],
  ['Constant', { operands: [0, 0], attributes: ['value', 'value_float', 'value_floats', 'value_int', 'value_ints'], run: constantLiteral }],
  ['Conv', { operands: [2, 3], attributes: [...WINDOW, 'group'], run: contraction.importConv }],
  ['ConvInteger', { operands: [2, 4], attributes: [...WINDOW, 'group'], run: contraction.importConvInteger }],
  ['Div', { operands: [2, 2], attributes: [], run: elementwise.importDiv }],
  ['Expand', { operands: [2, 2], attributes: [], run: movement.importExpand }],
  ['Flatten', { operands: [1, 1], attributes: ['axis'], run: movement.importFlatten }],
  ['Floor', { operands: [1, 1], attributes: [], run: (context) => elementwise.importRounding(context, 'floor') }],
  ['Gather', { operands: [2, 2], attributes: ['axis'], run: movement.importGather }],
  ['Gemm', { operands: [2, 3], attributes: ['alpha', 'beta', 'transA', 'transB'], run: contraction.importGemm }],
  ['GlobalAveragePool', { operands: [1, 1], attributes: [], run: pooling.importGlobalAveragePool }],
  ['GlobalMaxPool', { operands: [1, 1], attributes: [], run: pooling.importGlobalMaxPool }],
  ['Identity', { operands: [1, 1], attributes: [], run: (context) => requireSource(context, 0) }],
  ['MatMul', { operands: [2, 2], attributes: [], run: contraction.importMatMul }],
  ['MatMulInteger', { operands: [2, 4], attributes: [], run: contraction.importMatMulInteger }],
  ['Max', { operands: [1, MANY], attributes: [], run: (context) => elementwise.importExtremum(context, 'max') }],
  ['MaxPool', { operands: [1, 1], attributes: [...WINDOW, 'ceil_mode', 'storage_order'], run: pooling.importMaxPool }],
  ['Min', { operands: [1, MANY], attributes: [], run: (context) => elementwise.importExtremum(context, 'min') }],
  ['Mul', { operands: [2, 2], attributes: [], run: elementwise.importMul }],
  ['Neg', { operands: [1, 1], attributes: [], run: elementwise.importNeg }],
  ['Pad', { operands: [2, 4], attributes: ['mode'], run: movement.importPad }],
  ['ReduceMax', { operands: [1, 2], attributes: REDUCE, run: (context) => pooling.importReduce(context, 'reduce-max', 18) }],
  ['ReduceMin', { operands: [1, 2], attributes: REDUCE, run: (context) => pooling.importReduce(context, 'reduce-min', 18) }],
  ['ReduceSum', { operands: [1, 2], attributes: REDUCE, run: (context) => pooling.importReduce(context, 'reduce-sum', 13) }],
  ['Relu', { operands: [1, 1], attributes: [], run: elementwise.importRelu }],
  ['Reshape', { operands: [2, 2], attributes: ['allowzero'], run: movement.importReshape }],
  ['Round', { operands: [1, 1], attributes: [], run: (context) => elementwise.importRounding(context, 'half-even') }],
  ['Slice', { operands: [3, 5], attributes: [], run: movement.importSlice }],
  ['Squeeze', { operands: [1, 2], attributes: [], run: movement.importSqueeze }],
  ['Sub', { operands: [2, 2], attributes: [], run: (context) => elementwise.importSum(context, 'sub') }],
  ['Transpose', { operands: [1, 1], attributes: ['perm'], run: movement.importTranspose }],
  ['Unsqueeze', { operands: [2, 2], attributes: [], run: movement.importUnsqueeze }],
])

/** Why some well-known operators are refused, and what to use instead. */
export const REFUSED_OPERATORS: ReadonlyMap<string, string> = new Map([
  [
    'QuantizeLinear',
    'runtimes fuse Q/DQ patterns into arithmetic that rounds otherwise: use Mul, Round and Clip on integers',
  ],
  [
    'DequantizeLinear',
    'runtimes fuse Q/DQ patterns into arithmetic that rounds otherwise: use Mul, Round and Clip on integers',
  ],
  ['ReduceMean', 'a mean rounds: use ReduceSum, then Mul by a power of two and Round'],
  ['Exp', 'it rounds: use Gather from a table over a clipped integer'],
  ['Sigmoid', 'it rounds: use Gather from a table over a clipped integer'],
  ['Tanh', 'it rounds: use Gather from a table over a clipped integer'],
  ['Erf', 'it rounds: use Gather from a table over a clipped integer'],
  ['Softmax', 'it rounds: use Gather from a table over a clipped integer'],
  ['BatchNormalization', 'it rounds: fold it into the weights before'],
  ['TopK', 'use rounds of ArgMax'],
])

import { constantLiteral } from './constant-node.ts'
import * as contraction from './import-contraction.ts'
import * as division from './import-division.ts'
import * as elementwise from './import-elementwise.ts'
import * as logic from './import-logic.ts'
import * as movement from './import-movement.ts'
import * as pooling from './import-pooling.ts'
import * as rearrangement from './import-rearrangement.ts'
import * as selection from './import-selection.ts'
import * as statics from './import-static.ts'
import { importConvTranspose } from './import-transposed.ts'
import type { NodeContext, Source } from './node-context.ts'
import { requireSource } from './node-context.ts'

/** How nodes of one operator come into the graph. */
export interface NodeImporter {
  /** Least and greatest number of operands. */
  readonly operands: readonly [least: number, most: number]
  /** The attributes that it knows; others are refused. */
  readonly attributes: readonly string[]
  /** Whether operands may be booleans; else they are refused, as ONNX has no such node. */
  readonly bools?: true
  /** Adds the node to the graph and returns its outputs, or the only one. @throws InvalidError, to which the caller adds the node's name. */
  run(context: NodeContext): Source | readonly Source[]
}

const MANY = 1024
const WINDOW = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides']
const RESIZE = [
  ...['antialias', 'axes', 'coordinate_transformation_mode', 'cubic_coeff_a', 'exclude_outside', 'extrapolation_value'],
  ...['keep_aspect_ratio_policy', 'mode', 'nearest_mode'],
]
const REDUCE = ['axes', 'keepdims', 'noop_with_empty_axes']

// biome-ignore format: a table, one operator after the other
/** The operators of the default domain (operator sets 13 to 21) that exact files may use. */
export const NODE_IMPORTERS: ReadonlyMap<string, NodeImporter> = new Map<string, NodeImporter>([
  ['Abs', { operands: [1, 1], attributes: [], run: elementwise.importAbs }],
  ['Add', { operands: [2, 2], attributes: [], run: (context) => elementwise.importSum(context, 'add') }],
  ['And', { operands: [2, 2], attributes: [], bools: true, run: (context) => logic.importJunction(context, 'min') }],
  ['ArgMax', { operands: [1, 1], attributes: ['axis', 'keepdims', 'select_last_index'], run: (context) => selection.importArgExtremum(context, 'max') }],
  ['ArgMin', { operands: [1, 1], attributes: ['axis', 'keepdims', 'select_last_index'], run: (context) => selection.importArgExtremum(context, 'min') }],
  ['AveragePool', { operands: [1, 1], attributes: [...WINDOW, 'ceil_mode', 'count_include_pad'], run: pooling.importAveragePool }],
  ['BitShift', { operands: [2, 2], attributes: ['direction'], run: elementwise.importBitShift }],
  ['Cast', { operands: [1, 1], attributes: ['to', 'saturate'], bools: true, run: elementwise.importCast }],
  ['Ceil', { operands: [1, 1], attributes: [], run: (context) => elementwise.importRounding(context, 'ceil') }],
  ['Clip', { operands: [1, 3], attributes: [], run: elementwise.importClip }],
  ['Concat', { operands: [1, MANY], attributes: ['axis'], bools: true, run: movement.importConcat }],
  ['Constant', { operands: [0, 0], attributes: ['value', 'value_float', 'value_floats', 'value_int', 'value_ints'], run: constantLiteral }],
  ['ConstantOfShape', { operands: [1, 1], attributes: ['value'], run: statics.importConstantOfShape }],
  ['Conv', { operands: [2, 3], attributes: [...WINDOW, 'group'], run: contraction.importConv }],
  ['ConvInteger', { operands: [2, 4], attributes: [...WINDOW, 'group'], run: contraction.importConvInteger }],
  ['ConvTranspose', { operands: [2, 3], attributes: [...WINDOW, 'group', 'output_padding', 'output_shape'], run: importConvTranspose }],
  ['CumSum', { operands: [2, 2], attributes: ['exclusive', 'reverse'], run: selection.importCumSum }],
  ['DepthToSpace', { operands: [1, 1], attributes: ['blocksize', 'mode'], bools: true, run: rearrangement.importDepthToSpace }],
  ['Div', { operands: [2, 2], attributes: [], run: division.importDiv }],
  ['Equal', { operands: [2, 2], attributes: [], bools: true, run: logic.importEqual }],
  ['Expand', { operands: [2, 2], attributes: [], bools: true, run: movement.importExpand }],
  ['Flatten', { operands: [1, 1], attributes: ['axis'], bools: true, run: movement.importFlatten }],
  ['Floor', { operands: [1, 1], attributes: [], run: (context) => elementwise.importRounding(context, 'floor') }],
  ['Gather', { operands: [2, 2], attributes: ['axis'], bools: true, run: movement.importGather }],
  ['GatherElements', { operands: [2, 2], attributes: ['axis'], bools: true, run: movement.importGatherElements }],
  ['Gemm', { operands: [2, 3], attributes: ['alpha', 'beta', 'transA', 'transB'], run: contraction.importGemm }],
  ['GlobalAveragePool', { operands: [1, 1], attributes: [], run: pooling.importGlobalAveragePool }],
  ['GlobalMaxPool', { operands: [1, 1], attributes: [], run: pooling.importGlobalMaxPool }],
  ['Greater', { operands: [2, 2], attributes: [], run: (context) => logic.importOrder(context, '>') }],
  ['GreaterOrEqual', { operands: [2, 2], attributes: [], run: (context) => logic.importOrder(context, '>=') }],
  ['Identity', { operands: [1, 1], attributes: [], bools: true, run: (context) => requireSource(context, 0) }],
  ['Less', { operands: [2, 2], attributes: [], run: (context) => logic.importOrder(context, '<') }],
  ['LessOrEqual', { operands: [2, 2], attributes: [], run: (context) => logic.importOrder(context, '<=') }],
  ['MatMul', { operands: [2, 2], attributes: [], run: contraction.importMatMul }],
  ['MatMulInteger', { operands: [2, 4], attributes: [], run: contraction.importMatMulInteger }],
  ['Max', { operands: [1, MANY], attributes: [], run: (context) => elementwise.importExtremum(context, 'max') }],
  ['MaxPool', { operands: [1, 1], attributes: [...WINDOW, 'ceil_mode', 'storage_order'], run: pooling.importMaxPool }],
  ['Min', { operands: [1, MANY], attributes: [], run: (context) => elementwise.importExtremum(context, 'min') }],
  ['Mod', { operands: [2, 2], attributes: ['fmod'], run: division.importMod }],
  ['Mul', { operands: [2, 2], attributes: [], run: elementwise.importMul }],
  ['Neg', { operands: [1, 1], attributes: [], run: elementwise.importNeg }],
  ['Not', { operands: [1, 1], attributes: [], bools: true, run: logic.importNot }],
  ['Or', { operands: [2, 2], attributes: [], bools: true, run: (context) => logic.importJunction(context, 'max') }],
  ['Pad', { operands: [2, 4], attributes: ['mode'], bools: true, run: movement.importPad }],
  ['ReduceMax', { operands: [1, 2], attributes: REDUCE, run: (context) => pooling.importReduce(context, 'reduce-max', 18) }],
  ['ReduceMin', { operands: [1, 2], attributes: REDUCE, run: (context) => pooling.importReduce(context, 'reduce-min', 18) }],
  ['ReduceSum', { operands: [1, 2], attributes: REDUCE, run: (context) => pooling.importReduce(context, 'reduce-sum', 13) }],
  ['Relu', { operands: [1, 1], attributes: [], run: elementwise.importRelu }],
  ['Reshape', { operands: [2, 2], attributes: ['allowzero'], bools: true, run: movement.importReshape }],
  ['Resize', { operands: [1, 4], attributes: RESIZE, run: rearrangement.importResize }],
  ['Round', { operands: [1, 1], attributes: [], run: (context) => elementwise.importRounding(context, 'half-even') }],
  ['Shape', { operands: [1, 1], attributes: ['end', 'start'], bools: true, run: statics.importShape }],
  ['Sign', { operands: [1, 1], attributes: [], run: elementwise.importSign }],
  ['Size', { operands: [1, 1], attributes: [], bools: true, run: statics.importSize }],
  ['Slice', { operands: [3, 5], attributes: [], bools: true, run: movement.importSlice }],
  ['SpaceToDepth', { operands: [1, 1], attributes: ['blocksize'], bools: true, run: rearrangement.importSpaceToDepth }],
  ['Split', { operands: [1, 2], attributes: ['axis', 'num_outputs'], bools: true, run: rearrangement.importSplit }],
  ['Sqrt', { operands: [1, 1], attributes: [], run: division.importSqrt }],
  ['Squeeze', { operands: [1, 2], attributes: [], bools: true, run: movement.importSqueeze }],
  ['Sub', { operands: [2, 2], attributes: [], run: (context) => elementwise.importSum(context, 'sub') }],
  ['Tile', { operands: [2, 2], attributes: [], bools: true, run: rearrangement.importTile }],
  ['TopK', { operands: [2, 2], attributes: ['axis', 'largest', 'sorted'], run: selection.importTopK }],
  ['Transpose', { operands: [1, 1], attributes: ['perm'], bools: true, run: movement.importTranspose }],
  ['Trilu', { operands: [1, 2], attributes: ['upper'], bools: true, run: rearrangement.importTrilu }],
  ['Unsqueeze', { operands: [2, 2], attributes: [], bools: true, run: movement.importUnsqueeze }],
  ['Where', { operands: [3, 3], attributes: [], bools: true, run: logic.importWhere }],
  ['Xor', { operands: [2, 2], attributes: [], bools: true, run: logic.importXor }],
])

import { REFUSED_OPERATORS } from '../exact/import/refused-operators.ts'
import { SCALAR_OPERATORS } from './scalar-functions.ts'

const QUANTISED_BEFORE = 'the model was quantised before, by scales that round: start from its float original'
const ON_BITS = 'integers are numbers here, not bits: do it before the model, or write an exact file'
const OF_OPERANDS = 'the shape of its result depends on data: give it constant operands, which fold'
const NORMALISES = 'not built yet: train with BatchNormalization instead'

/** Operators without a handler, and why: where the reason is another than that of exact files. */
const REFUSALS: readonly (readonly [operators: string, reason: string])[] = [
  ['ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger', QUANTISED_BEFORE],
  ['QLinearConv QLinearMatMul QuantizeLinear', QUANTISED_BEFORE],
  ['BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor', ON_BITS],
  ['ConstantOfShape Range BlackmanWindow HammingWindow HannWindow MelWeightMatrix', OF_OPERANDS],
  ['Compress NonZero', 'the shape of its result depends on data: export with fixed shapes'],
  [
    'MaxUnpool Scatter ScatterElements ScatterND',
    'where it writes depends on data: put parts at fixed places together with Concat',
  ],
  ['GatherElements', 'not built yet: use Gather where the indices are the same along the other axes'],
  ['GatherND', 'its indices address several axes at once: use Gather'],
  ['If', 'its branches are graphs of their own: export the branch that is used'],
  ['Col2Im Mod', 'not built yet'],
  ['CumSum', 'not built yet: use MatMul with a constant triangle of ones'],
  ['DepthToSpace SpaceToDepth', 'not built yet: use Reshape, Transpose and Reshape'],
  ['LRN', NORMALISES],
  ['LpNormalization', 'not built yet: use ReduceL2, then Div'],
  ['Mean', 'not built yet: use Sum, then Mul by a constant'],
  ['ReduceLogSum', 'not built yet: use ReduceSum, then Log'],
  ['ReduceLogSumExp', 'not built yet: use Exp, ReduceSum, then Log'],
  ['Shrink', 'not built yet: use x less Clip of x, which shrinks without a jump'],
  ['Tile', 'not built yet: use Concat'],
  ['TopK', 'not built yet: export the scores and choose from the answer; ArgMax gives the first'],
  ['Trilu', 'not built yet: use Mul by a constant mask'],
  ['ai.onnx.ml:ArrayFeatureExtractor', 'not built yet: use Gather'],
  ['ai.onnx.ml:Binarizer', 'not built yet: binarise before the model'],
  ['ai.onnx.ml:CastMap ai.onnx.ml:DictVectorizer', 'maps are no tensors: give the numbers as an input'],
  ['ai.onnx.ml:ZipMap', 'maps are no tensors: export without it'],
  ['ai.onnx.ml:CategoryMapper ai.onnx.ml:LabelEncoder', 'it looks words or keys up: give indices as an input'],
  ['ai.onnx.ml:FeatureVectorizer', 'not built yet: use Concat'],
  ['ai.onnx.ml:Imputer', 'no input lane is ever missing: impute before the model'],
  ['ai.onnx.ml:OneHotEncoder', 'not built yet: use Gather from a constant identity matrix'],
  ['ai.onnx.ml:SVMClassifier ai.onnx.ml:SVMRegressor', 'its kernels are not built: use a linear model or trees'],
  ['ai.onnx.ml:TreeEnsemble', 'not built yet: export as TreeEnsembleClassifier or TreeEnsembleRegressor'],
]

const OWN_REASONS: ReadonlyMap<string, string> = new Map(
  REFUSALS.flatMap(([operators, reason]) => operators.split(' ').map((operator) => [operator, reason] as const)),
)

/** Operators that the quantiser gives reasons of its own for, as `Name` or `domain:Name`. */
export const QUANTISER_REFUSED: readonly string[] = [...OWN_REASONS.keys()]

/** Why a node of an operator without a handler has no exact form, and the mend; undefined for operators that ONNX does not have. */
export function quantiserRefusal(operator: string): string | undefined {
  // Those that work lane by lane are fused away before handlers are asked, wherever they can be.
  if (SCALAR_OPERATORS.includes(operator))
    return 'it must be a function of one float value and of constants of one lane'
  return OWN_REASONS.get(operator) ?? REFUSED_OPERATORS.get(operator)
}

const DEPENDS_ON_DATA = 'the shape of its result depends on data'
const WRITES = 'where it writes depends on data: use Where with a comparison of indices'
const SAMPLES = 'it interpolates between lanes at computed places, which rounds: use Resize by whole factors, or Gather'

/** Operators and why they are refused: the fault first, then the mend where there is one. */
const REFUSALS: readonly (readonly [operators: string, reason: string])[] = [
  // Arithmetic that rounds.
  [
    'Acos Acosh Asin Asinh Atan Atanh Celu Cos Cosh Elu Erf Exp Gelu HardSigmoid HardSwish Log Mish Reciprocal Selu Sigmoid Sin Sinh Softplus Softsign Swish Tan Tanh',
    'it rounds: quantise the float model, or use Gather from a table over a clipped integer',
  ],
  [
    'Attention GRU GroupNormalization InstanceNormalization LRN LSTM LayerNormalization LogSoftmax LpNormalization MeanVarianceNormalization RMSNormalization RNN ReduceLogSum ReduceLogSumExp Softmax',
    'it rounds: quantise the float model, or build it from Gather of tables, ReduceSum, Mul and Div on integers',
  ],
  ['LeakyRelu PRelu', 'its slope rounds: quantise the float model, or add Max and a multiple of Min'],
  ['BatchNormalization', 'it rounds: fold it into the weights before'],
  ['Pow', 'it rounds: use Mul for small whole exponents'],
  ['ReduceMean', 'a mean rounds: use ReduceSum, then Mul by a power of two and Round'],
  ['Mean', 'a mean rounds: use Add, then Div and Floor'],
  ['ReduceL2', 'its root rounds: use Mul by itself, ReduceSum, then Sqrt and Floor'],
  ['GlobalLpPool LpPool', 'its root rounds: use AveragePool or MaxPool'],
  ['AffineGrid DeformConv GridSample RoiAlign', SAMPLES],
  ['DFT STFT', 'its sines round: use MatMul with a constant matrix'],
  ['BlackmanWindow HammingWindow HannWindow MelWeightMatrix', 'it rounds: save its values as an initializer'],
  [
    'DequantizeLinear QuantizeLinear',
    'runtimes fuse Q/DQ patterns into arithmetic that rounds otherwise: use Mul, Round and Clip on integers',
  ],
  ['DynamicQuantizeLinear', 'its scale is a rounded quotient: use Mul by a power of two, Round and Clip on integers'],
  ['QLinearConv', 'its scales round: use ConvInteger, then Mul by a power of two, Round and Clip'],
  ['QLinearMatMul', 'its scales round: use MatMulInteger, then Mul by a power of two, Round and Clip'],
  // Arithmetic that leaves every integer type.
  [
    'ReduceProd',
    'a product of many lanes leaves every integer type: sum logarithms from a table, or multiply a few with Mul',
  ],
  ['Det', 'a product of many lanes leaves every integer type: expand small determinants with Mul and Sub'],
  // Results that depend on more than lanes and shapes.
  ['Compress NonZero', `${DEPENDS_ON_DATA}: use Where`],
  ['NonMaxSuppression Unique', `${DEPENDS_ON_DATA}: do it with the answer`],
  ['MaxRoiPool', 'its windows depend on data: use MaxPool'],
  ['MaxUnpool Scatter ScatterElements ScatterND TensorScatter', WRITES],
  ['GatherND', 'its indices address several axes at once: use Gather or GatherElements'],
  ['ReverseSequence', 'the lengths that it reverses depend on data: reverse the input before, or use Gather'],
  [
    'Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike',
    'it is random: give what it draws as an input',
  ],
  // Control flow and values that are no tensors of numbers.
  ['If', 'its branches are graphs of their own: run both, and choose with Where'],
  ['Loop Scan SequenceMap', 'its body is a graph of its own: unroll it when exporting'],
  [
    'ConcatFromSequence SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence',
    'sequences are no tensors: use Split, Concat and Gather',
  ],
  ['Optional OptionalGetElement OptionalHasElement', 'optional values are no tensors: export without them'],
  [
    'RegexFullMatch StringConcat StringNormalizer StringSplit',
    'strings are no numbers: turn them into indices before the model',
  ],
  ['TfIdfVectorizer', 'it counts runs of any length: give the counts as an input'],
  ['ImageDecoder', 'it decodes files: give pixels as an input'],
  ['NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss', 'it is a loss, for training: export the model without it'],
  // What other operators say as well.
  ['BitwiseAnd BitwiseOr BitwiseXor', 'lanes are integers, not bits: take bits apart with BitShift and Mod'],
  ['BitwiseNot', 'lanes are integers, not bits: use Sub from -1, or from the greatest of an unsigned type'],
  ['CastLike', 'use Cast'],
  ['CenterCropPad', 'use Slice and Pad'],
  ['Col2Im', 'use ConvTranspose with a constant kernel'],
  ['Dropout', 'it does nothing in inference: export in evaluation mode'],
  ['Einsum', 'its equation is not read: use Transpose, Reshape, MatMul and ReduceSum'],
  ['EyeLike Range', 'save its values as an initializer'],
  ['Hardmax', 'use ArgMax, then Gather from a constant identity matrix'],
  ['IsInf IsNaN', 'lanes are never infinite, nor NaN: remove it'],
  ['OneHot', 'use Gather from a constant identity matrix'],
  ['ReduceL1', 'use Abs, then ReduceSum'],
  ['ReduceSumSquare', 'use Mul by itself, then ReduceSum'],
  ['RotaryEmbedding', 'use Slice, Mul by constants, and Add'],
  ['Shrink ThresholdedRelu', 'use Where with a comparison'],
  ['Sum', 'use Add, one operand after the other'],
  ['Upsample', 'ONNX withdrew it in operator set 10: use Resize'],
]

/** Why operators of the default domain that exact files may not use are refused, and what to use instead. */
export const REFUSED_OPERATORS: ReadonlyMap<string, string> = new Map(
  REFUSALS.flatMap(([operators, reason]) => operators.split(' ').map((operator) => [operator, reason] as const)),
)

/** Operators of the default domain up to operator set 21, by the set that brought them. Source: the operator schemas of ONNX. */
const DEFAULT_DOMAIN: Readonly<Record<number, string>> = {
  1: `
    Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Constant Conv ConvTranspose
    DepthToSpace Div Dropout Elu Equal Exp Flatten Floor GRU Gather Gemm GlobalAveragePool GlobalLpPool
    GlobalMaxPool Greater HardSigmoid Hardmax Identity If InstanceNormalization LRN LSTM LeakyRelu Less Log
    LogSoftmax Loop LpNormalization LpPool MatMul Max MaxPool MaxRoiPool Mean Min Mul Neg Not Or PRelu Pad Pow RNN
    RandomNormal RandomNormalLike RandomUniform RandomUniformLike Reciprocal ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Selu Shape
    Sigmoid Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose
    Unsqueeze Upsample Xor
  `,
  7: `
    Acos Asin Atan Cos Multinomial Sin Tan
  `,
  8: `
    Expand Scan
  `,
  9: `
    Acosh Asinh Atanh Compress ConstantOfShape Cosh Erf EyeLike IsNaN MaxUnpool MeanVarianceNormalization NonZero
    OneHot Scatter Shrink Sign Sinh TfIdfVectorizer Where
  `,
  10: `
    ConvInteger DequantizeLinear IsInf MatMulInteger Mod NonMaxSuppression QLinearConv QLinearMatMul QuantizeLinear
    Resize ReverseSequence RoiAlign StringNormalizer ThresholdedRelu
  `,
  11: `
    BitShift ConcatFromSequence CumSum Det DynamicQuantizeLinear GatherElements GatherND Range Round ScatterElements
    ScatterND SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence
    Unique
  `,
  12: `
    Celu Einsum GreaterOrEqual LessOrEqual NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss
  `,
  14: `
    HardSwish Trilu
  `,
  15: `
    Bernoulli CastLike Optional OptionalGetElement OptionalHasElement
  `,
  16: `
    GridSample
  `,
  17: `
    BlackmanWindow DFT HammingWindow HannWindow LayerNormalization MelWeightMatrix STFT SequenceMap
  `,
  18: `
    BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im GroupNormalization Mish
  `,
  19: `
    DeformConv
  `,
  20: `
    AffineGrid Gelu ImageDecoder RegexFullMatch StringConcat StringSplit
  `,
}

/** Operators of the domain `ai.onnx.ml` up to its version 5, by the version that brought them. */
const MACHINE_LEARNING: Readonly<Record<number, string>> = {
  1: `
    ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer Imputer LabelEncoder
    LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler
    TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
  `,
  5: `
    TreeEnsemble
  `,
}

/** An operator of ONNX. */
export interface OnnxOperator {
  /** Empty for the default domain. */
  readonly domain: '' | 'ai.onnx.ml'
  readonly name: string
  /** The operator set of its domain that brought it. */
  readonly since: number
}

/** Every operator of ONNX that a model of operator set 21 may use, but for training: by domain, then by name. */
export const ONNX_OPERATORS: readonly OnnxOperator[] = [
  ...operatorsOf('', DEFAULT_DOMAIN),
  ...operatorsOf('ai.onnx.ml', MACHINE_LEARNING),
]

function operatorsOf(domain: OnnxOperator['domain'], bySet: Readonly<Record<number, string>>): OnnxOperator[] {
  return Object.entries(bySet)
    .flatMap(([since, operators]) =>
      operators
        .trim()
        .split(/\s+/)
        .map((name) => ({ domain, name, since: Number(since) })),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

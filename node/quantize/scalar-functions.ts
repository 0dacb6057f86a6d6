import { attributeOf, type FloatNode } from './float-graph.ts'

/** An operator that works lane by lane, as a function of numbers: one an operand. */
export type ScalarFunction = (operands: readonly number[]) => number

type Make = (node: FloatNode) => ScalarFunction
type Unary = (x: number) => number

const unary =
  (f: Unary): Make =>
  () =>
  (operands) =>
    f(operands[0] as number)
const binary =
  (f: (a: number, b: number) => number): Make =>
  () =>
  (operands) =>
    f(operands[0] as number, operands[1] as number)
const float = (node: FloatNode, name: string, absent: number) => attributeOf(node, name, 'float') ?? absent
/** With one parameter, an attribute. */
const withAlpha =
  (absent: number, f: (x: number, alpha: number) => number): Make =>
  (node) => {
    const alpha = float(node, 'alpha', absent)
    return (operands) => f(operands[0] as number, alpha)
  }

const sigmoid: Unary = (x) => 1 / (1 + Math.exp(-x))
const softplus: Unary = (x) => (x > 30 ? x : Math.log1p(Math.exp(x)))
const gelu: Unary = (x) => (x / 2) * (1 + erf(x / Math.SQRT2))
const geluTanh: Unary = (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
const clamp = (x: number, lo: number, hi: number) => Math.min(Math.max(x, lo), hi)
const roundHalfEven: Unary = (x) => {
  const down = Math.floor(x)
  const rest = x - down
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down
}

const FUNCTIONS: Readonly<Record<string, Make>> = {
  Abs: unary(Math.abs),
  Acos: unary(Math.acos),
  Acosh: unary(Math.acosh),
  Add: binary((a, b) => a + b),
  Asin: unary(Math.asin),
  Asinh: unary(Math.asinh),
  Atan: unary(Math.atan),
  Atanh: unary(Math.atanh),
  Ceil: unary(Math.ceil),
  Celu: withAlpha(1, (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x / alpha))),
  Clip: (node) => {
    const [min, max] = [float(node, 'min', Number.NEGATIVE_INFINITY), float(node, 'max', Number.POSITIVE_INFINITY)]
    return ([x = 0, lo = min, hi = max]) => clamp(x, Number.isNaN(lo) ? min : lo, Number.isNaN(hi) ? max : hi)
  },
  Cos: unary(Math.cos),
  Cosh: unary(Math.cosh),
  Div: binary((a, b) => a / b),
  Elu: withAlpha(1, (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x))),
  Erf: unary(erf),
  Exp: unary(Math.exp),
  Floor: unary(Math.floor),
  Gelu: (node) => unary(attributeOf(node, 'approximate', 'string') === 'tanh' ? geluTanh : gelu)(node),
  HardSigmoid: (node) => {
    const [alpha, beta] = [float(node, 'alpha', 0.2), float(node, 'beta', 0.5)]
    return ([x = 0]) => clamp(alpha * x + beta, 0, 1)
  },
  HardSwish: unary((x) => x * clamp(x / 6 + 0.5, 0, 1)),
  LeakyRelu: withAlpha(0.01, (x, alpha) => (x > 0 ? x : alpha * x)),
  Log: unary(Math.log),
  Max: () => (operands) => Math.max(...operands),
  Min: () => (operands) => Math.min(...operands),
  Mish: unary((x) => x * Math.tanh(softplus(x))),
  Mul: binary((a, b) => a * b),
  Neg: unary((x) => -x),
  Pow: binary((a, b) => a ** b),
  PRelu: binary((x, slope) => (x > 0 ? x : slope * x)),
  Reciprocal: unary((x) => 1 / x),
  Relu: unary((x) => Math.max(x, 0)),
  Round: unary(roundHalfEven),
  Selu: (node) => {
    const [alpha, gamma] = [float(node, 'alpha', 1.6732631921768188), float(node, 'gamma', 1.0507010221481323)]
    return ([x = 0]) => gamma * (x > 0 ? x : alpha * Math.expm1(x))
  },
  Sigmoid: unary(sigmoid),
  Sign: unary(Math.sign),
  Sin: unary(Math.sin),
  Sinh: unary(Math.sinh),
  Softplus: unary(softplus),
  Softsign: unary((x) => x / (1 + Math.abs(x))),
  Sqrt: unary(Math.sqrt),
  Sub: binary((a, b) => a - b),
  Sum: () => (operands) => operands.reduce((sum, x) => sum + x, 0),
  Swish: withAlpha(1, (x, alpha) => x * sigmoid(alpha * x)),
  Tan: unary(Math.tan),
  Tanh: unary(Math.tanh),
  ThresholdedRelu: withAlpha(1, (x, alpha) => (x > alpha ? x : 0)),
}

/** The function of a node that works lane by lane on numbers; undefined for any other. An operand that is left out is NaN. */
export function scalarFunction(node: FloatNode): ScalarFunction | undefined {
  if (node.domain !== '' || !Object.hasOwn(FUNCTIONS, node.opType)) return undefined
  return FUNCTIONS[node.opType]?.(node)
}

/** Names of the operators of {@link scalarFunction}. */
export const SCALAR_OPERATORS: readonly string[] = Object.keys(FUNCTIONS)

/**
 * The error function to about 1e-15: its Maclaurin series below 2.5, the continued fraction of erfc above
 * (Abramowitz & Stegun, 7.1.5 and 7.1.14).
 */
export function erf(x: number): number {
  const z = Math.abs(x)
  if (z > 6) return Math.sign(x)
  if (z < 2.5) {
    let [term, sum] = [x, x]
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (z + fraction)
  return Math.sign(x) * (1 - Math.exp(-z * z) / (z + fraction) / Math.sqrt(Math.PI))
}

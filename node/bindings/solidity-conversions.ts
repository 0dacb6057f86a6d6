import { laneScale } from '../client/lane-scale.ts'
import { type LaneWidth, laneRange } from '../protocol/tensor-encoding.ts'
import type { NameScope } from './identifiers.ts'
import type { FieldPart, SolidityField } from './solidity-fields.ts'
import { integerLiteral, natspec } from './solidity-text.ts'

/** Factors beyond this could overflow within an int256. */
const MAX_FACTOR = 2n ** 96n

/** Numbers of a scale as arguments; undefined where lanes are whole numbers already, or the numbers are too great. */
function scaleArguments({ meaning: { step, offset, kind } }: FieldPart): string | undefined {
  const { base, gain, denominator } = laneScale(step, offset)
  const plain = base === 0n && gain === 1n && denominator === 1n
  const numbers = [base, gain, denominator]
  if (kind === 'class' || plain || numbers.some((x) => x > MAX_FACTOR || x < -MAX_FACTOR)) return undefined
  return numbers.map(integerLiteral).join(', ')
}

/** Functions that bring WADs to lanes of an input's field; none where lanes are whole numbers already. */
export function fromWadText({ form, laneType, spec, parts, name: field }: SolidityField, names: NameScope): string[][] {
  if (form === 'bytes') return []
  return parts.flatMap((part) => {
    const scale = scaleArguments(part)
    if (scale === undefined) return []
    const clips = part.meaning.range === 'clip'
    const { lo, hi } = clips ? spec : part.bounds
    const ends = `${boundLiteral(lo, spec.laneBytes)}, ${boundLiteral(hi, spec.laneBytes)}`
    const beyond = clips
      ? 'the nearest lane there is, where it is beyond'
      : 'reverts where the model takes no such value'
    const notice = `${partName(field, part)} from a WAD (1e18 is one): the nearest step, halves to the even one; ${beyond}.`
    return [
      [
        ...natspec('    ', '@notice', notice),
        `    function ${names.field(`${fullName(field, part)}FromWad`)}(int256 wad) internal pure returns (${laneType}) {`,
        `        int256 lane = InferenceLanes.fromWad(wad, ${scale});`,
        `        return ${laneType}(InferenceLanes.${clips ? 'clip' : 'within'}(lane, ${ends}));`,
        '    }',
      ],
    ]
  })
}

/** Functions that bring lanes of an output's field to WADs; none where lanes are whole numbers already. */
export function toWadText({ laneType, parts, name: field }: SolidityField, names: NameScope): string[][] {
  return parts.flatMap((part) => {
    const scale = scaleArguments(part)
    if (scale === undefined) return []
    return [
      [
        ...natspec('    ', '@notice', `The real value of a lane, as a WAD (1e18 is one): ${partName(field, part)}.`),
        `    function ${names.field(`${fullName(field, part)}ToWad`)}(${laneType} lane) internal pure returns (int256) {`,
        `        return InferenceLanes.toWad(lane, ${scale});`,
        '    }',
      ],
    ]
  })
}

/** A column's name with that of its array before it. */
function fullName(field: string, { name }: FieldPart): string {
  return name === field ? field : `${field} ${name}`
}

function partName(field: string, { name }: FieldPart): string {
  return name === field ? `\`${field}\`` : `column ${name} of \`${field}\``
}

function boundLiteral(lane: number, laneBytes: LaneWidth): string {
  // The range of 8-byte lanes is that of safe integers, not of the type.
  const { lo, hi } = laneRange(laneBytes)
  const type = `type(int${8 * laneBytes})`
  if (laneBytes < 8 && lane === lo) return `${type}.min`
  return laneBytes < 8 && lane === hi ? `${type}.max` : integerLiteral(lane)
}

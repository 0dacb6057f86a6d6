/** Width that lines keep to, in columns. */
const WIDTH = 120

/** A NatSpec comment, wrapped: `tag` opens it, such as `@notice` or `@param x`. */
export function natspec(indent: string, tag: string, text: string): string[] {
  // An at sign would open a tag.
  const words = `${tag} ${text.replaceAll('@', '(at)')}`.split(/\s+/)
  const lines: string[] = []
  let line = `${indent}///`
  for (const word of words) {
    if (`${line} ${word}`.length > WIDTH && line !== `${indent}///`) {
      lines.push(line)
      line = `${indent}///`
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

/** An integer literal, its digits in groups of three from five digits on. */
export function integerLiteral(value: bigint | number): string {
  const digits = BigInt(value).toString()
  const magnitude = digits.replace('-', '')
  if (magnitude.length < 5) return digits
  return `${digits.startsWith('-') ? '-' : ''}${magnitude.replace(/\B(?=(\d{3})+$)/g, '_')}`
}

/** A string literal. */
export function stringLiteral(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
  return `${/^[\x20-\x7e]*$/.test(text) ? '' : 'unicode'}"${escaped}"`
}

/** `head(a, b, …)tail` in one line where it fits, else one argument a line; `depth` is the indentation in steps of four spaces. */
export function callText(depth: number, head: string, parts: readonly string[], tail: string): string[] {
  const indent = '    '.repeat(depth)
  const line = `${indent}${head}(${parts.join(', ')})${tail}`
  if (line.length <= WIDTH && !line.includes('\n')) return [line]
  const rows = parts.map((part, i) => `${indent}    ${part}${i < parts.length - 1 ? ',' : ''}`)
  return [`${indent}${head}(`, ...rows, `${indent})${tail}`]
}

/** Parts in as few groups as go, each of at most 8 (more would not fit Solidity's stack) whose text fits the width that is left. */
export function grouped(parts: readonly string[], widthLeft: number): readonly (readonly string[])[] {
  const groups: string[][] = []
  for (const part of parts) {
    const last = groups.at(-1)
    if (last !== undefined && last.length < 8 && [...last, part].join(', ').length <= widthLeft) last.push(part)
    else groups.push([part])
  }
  return groups
}

const GRAPH = 7
const OUTPUT = 12
const NAME = 1
const LENGTH_DELIMITED = 2

/**
 * The file with more values declared as outputs, so that a runtime gives them out. A second graph field is appended: protobuf merges
 * the two, and repeated fields are concatenated (https://protobuf.dev/programming-guides/encoding/, "Last One Wins").
 */
export function declareOutputs(file: Uint8Array, names: readonly string[]): Uint8Array {
  const infos = names.map((name) => field(OUTPUT, field(NAME, new TextEncoder().encode(name))))
  const graph = field(GRAPH, concat(infos))
  return names.length === 0 ? file : concat([file, graph])
}

function field(number: number, payload: Uint8Array): Uint8Array {
  return concat([Uint8Array.from([...varint(number * 8 + LENGTH_DELIMITED), ...varint(payload.length)]), payload])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return [...bytes, rest]
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

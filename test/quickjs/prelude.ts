/**
 * The few web globals that the Ethereum libraries touch while they load and that bare ECMAScript lacks. Assay's own consensus code
 * uses none of them.
 */
class AsciiEncoder {
  encode(text: string): Uint8Array {
    return Uint8Array.from(text, asciiCode)
  }
}

class AsciiDecoder {
  decode(bytes: Uint8Array): string {
    return String.fromCharCode(...bytes)
  }
}

function asciiCode(character: string): number {
  const code = character.charCodeAt(0)
  if (code > 0x7f) throw new Error('text beyond ASCII in a library constant')
  return code
}

const log = { debug(): void {} }

Object.assign(globalThis, { TextEncoder: AsciiEncoder, TextDecoder: AsciiDecoder, console: log })

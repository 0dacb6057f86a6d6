import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import { InvalidError } from '../protocol/errors.ts'

/** A private key given as a setting. @throws InvalidError `SettingMalformed` naming the flag, never the key. */
export function privateKeySetting(flag: string, key: string): Hex {
  if (/^0x[0-9a-fA-F]{64}$/.test(key) && hexToBytes(key).some((byte) => byte !== 0)) return key as Hex
  throw new InvalidError('SettingMalformed', `--${flag} takes a private key: 0x and 64 hex digits, not all zero`)
}

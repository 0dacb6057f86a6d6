import type { AccountOverride, BlockOverride, CallRequest } from '../executor/call-request.ts'
import type { AccessListEntry, Authorization } from '../executor/decode-transaction.ts'
import { type Hex, hexToBytes } from '../protocol/bytes.ts'
import { arrayOf, type Codec, mapOf, objectOf } from './codec.ts'
import { address, data, hash32, quantity, storageKey } from './ethereum-codecs.ts'
import { invalidParams } from './rpc-error.ts'

const MAX_ACCESS_LIST_ENTRIES = 1024
const MAX_STORAGE_KEYS = 4096
const MAX_AUTHORIZATIONS = 256
const MAX_OVERRIDES = 256
const MAX_OVERRIDE_SLOTS = 4096

const bytes: Codec<Uint8Array> = { schema: data.schema, parse: (value, path) => hexToBytes(data.parse(value, path)) }

const accessListMembers = objectOf({ address, storageKeys: arrayOf(hash32, MAX_STORAGE_KEYS) })

const accessListEntry: Codec<AccessListEntry> = {
  schema: accessListMembers.schema,
  parse: (value, path) => {
    const entry = accessListMembers.parse(value, path)
    if (entry.address === undefined) throw invalidParams(`invalid argument ${path}: want an address`)
    return [hexToBytes(entry.address), (entry.storageKeys ?? []).map(hexToBytes)]
  },
}

const authorizationMembers = objectOf({
  chainId: quantity,
  address,
  nonce: quantity,
  yParity: quantity,
  r: quantity,
  s: quantity,
})

const authorization: Codec<Authorization> = {
  schema: authorizationMembers.schema,
  parse: (value, path) => {
    const { address: target, chainId, nonce, yParity, r, s } = authorizationMembers.parse(value, path)
    if (target === undefined) throw invalidParams(`invalid argument ${path}: want an address`)
    const uint = (part: bigint | undefined) => uintBytes(part ?? 0n)
    return [uint(chainId), hexToBytes(target), uint(nonce), uint(yParity), uint(r), uint(s)]
  },
}

const callMembers = objectOf({
  from: address,
  to: address,
  gas: quantity,
  gasPrice: quantity,
  maxFeePerGas: quantity,
  maxPriorityFeePerGas: quantity,
  value: quantity,
  data,
  input: data,
  accessList: arrayOf(accessListEntry, MAX_ACCESS_LIST_ENTRIES),
  authorizationList: arrayOf(authorization, MAX_AUTHORIZATIONS),
})

/** The transaction object of `eth_call` and `eth_estimateGas`; other members, like chainId and nonce, are let through unread. */
export const callRequest: Codec<CallRequest> = {
  schema: callMembers.schema,
  parse: (value, path) => {
    const call = callMembers.parse(value, path)
    if (call.data !== undefined && call.input !== undefined && call.data !== call.input) {
      throw invalidParams(`invalid argument ${path}: both "data" and "input" are set and not equal; use "input"`)
    }
    if (call.gasPrice !== undefined && (call.maxFeePerGas ?? call.maxPriorityFeePerGas) !== undefined) {
      throw invalidParams(
        `invalid argument ${path}: both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) are specified`,
      )
    }
    const payload = call.input ?? call.data
    return withoutUndefined({
      from: call.from,
      to: call.to ?? null,
      data: payload === undefined ? undefined : hexToBytes(payload),
      value: call.value,
      gas: call.gas,
      maxFeePerGas: call.gasPrice ?? call.maxFeePerGas,
      maxPriorityFeePerGas: call.gasPrice ?? call.maxPriorityFeePerGas,
      accessList: call.accessList,
      authorizations: call.authorizationList,
    })
  },
}

const slots = mapOf(storageKey, hash32, MAX_OVERRIDE_SLOTS)

const overrideMembers = objectOf({ balance: quantity, nonce: quantity, code: bytes, state: slots, stateDiff: slots })

const accountOverride: Codec<AccountOverride> = {
  schema: overrideMembers.schema,
  parse: (value, path) => {
    const { balance, nonce, code, state, stateDiff } = overrideMembers.parse(value, path)
    if (state !== undefined && stateDiff !== undefined) {
      throw invalidParams(`invalid argument ${path}: both "state" and "stateDiff" are set`)
    }
    return withoutUndefined({
      balanceWei: balance,
      nonce,
      code,
      state: state && recordOf(state),
      stateDiff: stateDiff && recordOf(stateDiff),
    })
  },
}

/** Parts of accounts to replace before a call. */
export const stateOverrides: Codec<Readonly<Record<Hex, AccountOverride>>> = {
  schema: mapOf(address, accountOverride, MAX_OVERRIDES).schema,
  parse: (value, path) => recordOf(mapOf(address, accountOverride, MAX_OVERRIDES).parse(value, path)),
}

const blockOverrideMembers = objectOf({
  number: quantity,
  time: quantity,
  gasLimit: quantity,
  feeRecipient: address,
  prevRandao: hash32,
  baseFeePerGas: quantity,
})

/** Fields of the block to replace for a call. */
export const blockOverrides: Codec<BlockOverride> = {
  schema: blockOverrideMembers.schema,
  parse: (value, path) => {
    const { time, baseFeePerGas, ...rest } = blockOverrideMembers.parse(value, path)
    return withoutUndefined({ ...rest, timestamp: time, baseFeeWei: baseFeePerGas })
  },
}

function recordOf<T>(map: ReadonlyMap<Hex, T>): Readonly<Record<Hex, T>> {
  return Object.fromEntries(map) as Record<Hex, T>
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Leaves members out that are undefined, as optional properties want it. */
function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>
}

function uintBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0)
  const digits = value.toString(16)
  return hexToBytes(`0x${digits.length % 2 === 0 ? digits : `0${digits}`}`)
}

import type { ChainSpec } from './chain-spec.ts'
import { InvalidError } from './errors.ts'

type Check = (value: unknown) => boolean

/** What each field must be, in words and as a check. */
const wholeNumber: readonly [string, Check] = [
  'a whole number',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
]
const positiveNumber: readonly [string, Check] = [
  'a whole number above 0',
  (value) => wholeNumber[1](value) && value !== 0,
]
const quantity: readonly [string, Check] = ['a decimal quantity in quotes', matches(/^[0-9]{1,78}$/)]
const address: readonly [string, Check] = ['an address', matches(/^0x[0-9a-fA-F]{40}$/)]
const hash: readonly [string, Check] = ['32 bytes of hex', matches(/^0x[0-9a-fA-F]{64}$/)]

const FIELDS: Readonly<Record<string, readonly [string, Check]>> = {
  chainId: positiveNumber,
  l1ChainId: positiveNumber,
  'genesis.l1.hash': hash,
  'genesis.l1.number': wholeNumber,
  'genesis.l1.timestamp': wholeNumber,
  'genesis.l2TimeSeconds': wholeNumber,
  'genesis.gasLimit': positiveNumber,
  'genesis.baseFeeWei': quantity,
  'genesis.alloc': ['an object of accounts by address', isAlloc],
  blockTimeSeconds: positiveNumber,
  maxSequencerDriftSeconds: wholeNumber,
  sequencerWindowBlocks: positiveNumber,
  channelTimeoutBlocks: positiveNumber,
  batcherAddress: address,
  batchInboxAddress: address,
  depositContractAddress: address,
  inferenceGasLimit: wholeNumber,
}

/**
 * Reads a chain spec from a JSON document. The accounts' contents are checked when genesis is built.
 * @throws InvalidError `ChainSpecInvalid` naming the field and what it must be
 */
export function parseChainSpec(document: unknown): ChainSpec {
  for (const [path, [wanted, isRight]] of Object.entries(FIELDS)) {
    if (!isRight(valueAt(document, path))) {
      throw new InvalidError('ChainSpecInvalid', `invalid chain spec: ${path} must be ${wanted}`)
    }
  }
  return document as ChainSpec
}

function valueAt(document: unknown, path: string): unknown {
  let value = document
  for (const name of path.split('.')) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

function matches(pattern: RegExp): Check {
  return (value) => typeof value === 'string' && pattern.test(value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isAlloc(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(isAccount)
}

function isAccount(value: unknown): boolean {
  if (!isObject(value)) return false
  const { balance = '0', nonce = 0, code = '0x', storage = {} } = value
  return (
    quantity[1](balance) &&
    wholeNumber[1](nonce) &&
    matches(/^0x([0-9a-fA-F]{2})*$/)(code) &&
    isObject(storage) &&
    Object.values(storage).every((word) => hash[1](word))
  )
}

import { getAddress, toHex } from 'viem'
import { MAX_FAN_IN, MAX_LANES, MAX_OUTPUTS } from '../../node/exact/limits.ts'
import * as program from '../../node/exact/program/program.ts'
import * as protocol from '../../node/protocol/constants.ts'
import * as domains from '../../node/protocol/domains.ts'
import { BugError } from '../../node/protocol/errors.ts'
import { MAX_IO_TENSORS, MAX_RANK } from '../../node/protocol/model-manifest-codec.ts'
import { CHUNK_BYTES } from '../../node/protocol/tensor-encoding.ts'
import { MAX_OPENING_BYTES } from '../../node/prover/opened-values.ts'
import { MAX_WITNESS_BYTES } from '../../node/prover/step-tape.ts'
import type { GeneratedFile } from './bindings-codegen.ts'

/** The files under `contracts/shared` that are generated from the protocol's constants. */
export function sharedSources(): GeneratedFile[] {
  return [
    { name: 'Constants.sol', text: constantsSource() },
    { name: 'Domains.sol', text: domainsSource() },
    { name: 'ProgramLimits.sol', text: programLimitsSource() },
  ]
}

/** Solidity source of every protocol constant: addresses as `address`, numbers as `uint256`, under their TypeScript names. */
export function constantsSource(): string {
  return source('node/protocol/constants.ts', protocol)
}

/** Solidity source of every domain separator, as `bytes32`. */
function domainsSource(): string {
  const { domainSeparator: _, ...separators } = domains
  return source('node/protocol/domains.ts', separators)
}

/** Solidity source of the limits of Programs, manifests and witnesses, as `uint256`. */
function programLimitsSource(): string {
  const limits = { MAX_FAN_IN, MAX_LANES, MAX_OUTPUTS, MAX_RANK, MAX_IO_TENSORS, CHUNK_BYTES }
  const origin = 'the limits in node/exact, node/protocol and node/prover'
  return source(origin, { ...program, ...limits, MAX_OPENING_BYTES, MAX_WITNESS_BYTES })
}

function source(origin: string, values: Readonly<Record<string, unknown>>): string {
  // Sorted, because the order of a module's exports differs between loaders.
  const constants = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    '// SPDX-License-Identifier: MIT',
    'pragma solidity 0.8.37;',
    '',
    `// Generated from ${origin} by contracts/scripts/build.ts; do not edit.`,
    '',
    ...constants.map(([name, value]) => declaration(name, value)),
    '',
  ].join('\n')
}

function declaration(name: string, value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return `uint256 constant ${name} = ${value};`
  if (typeof value === 'string' && /^0x[0-9a-f]{40}$/.test(value))
    return `address constant ${name} = ${getAddress(value)};`
  if (value instanceof Uint8Array && value.length === 32) return `bytes32 constant ${name} = ${toHex(value)};`
  throw new BugError(`constant ${name} has no Solidity type that the generator knows: teach it`)
}

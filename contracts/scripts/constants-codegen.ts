import { getAddress } from 'viem'
import * as protocol from '../../node/protocol/constants.ts'
import { BugError } from '../../node/protocol/errors.ts'

/** Solidity source of every protocol constant: addresses as `address`, numbers as `uint256`, under their TypeScript names. */
export function constantsSource(): string {
  // Sorted, because the order of a module's exports differs between loaders.
  const constants = Object.entries(protocol).sort(([a], [b]) => (a < b ? -1 : 1))
  const declarations = constants.map(([name, value]) => declaration(name, value))
  return [
    '// SPDX-License-Identifier: MIT',
    'pragma solidity 0.8.37;',
    '',
    '// Generated from node/protocol/constants.ts by contracts/scripts/build.ts; do not edit.',
    '',
    ...declarations,
    '',
  ].join('\n')
}

function declaration(name: string, value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return `uint256 constant ${name} = ${value};`
  if (typeof value === 'string' && /^0x[0-9a-f]{40}$/.test(value))
    return `address constant ${name} = ${getAddress(value)};`
  throw new BugError(`constant ${name} is neither a number nor an address: teach the generator its Solidity type`)
}

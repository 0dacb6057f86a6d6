import { bytesToHex, hexToBytes } from '../protocol/bytes.ts'
import { keccak256 } from '../protocol/keccak.ts'
import { data } from './ethereum-codecs.ts'
import { method, type RpcMethod, required } from './method.ts'
import { toQuantity } from './quantity.ts'

/** Identity of the chain and the node. */
export function netWeb3Methods(chainId: number, version: string): RpcMethod[] {
  return [
    method('eth_chainId', { summary: 'Chain id (EIP-155).' }, () => toQuantity(chainId)),
    method('net_version', { summary: 'Network id, in decimal; the same as the chain id.' }, () => String(chainId)),
    method('net_listening', { summary: 'Always true.' }, () => true),
    method('net_peerCount', { summary: 'Number of peers.' }, () => '0x0'),
    method('web3_clientVersion', { summary: 'Name and version of this software.' }, () => `assay/v${version}`),
    method('web3_sha3', { summary: 'keccak256 of the given bytes.', params: [required('data', data)] }, (bytes) =>
      bytesToHex(keccak256(hexToBytes(bytes))),
    ),
    method('eth_syncing', { summary: 'Always false: a node serves what it has derived.' }, () => false),
    method('eth_accounts', { summary: 'Accounts that this node signs for: none.' }, () => []),
  ]
}

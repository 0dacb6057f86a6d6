import { buildGenesis } from '../node/executor/genesis.ts'
import { readAccount } from '../node/executor/read-state.ts'
import { bytesToHex, type Hex } from '../node/protocol/bytes.ts'
import type { ChainSpec } from '../node/protocol/chain-spec.ts'
import { L2_TO_L1_MESSAGE_PASSER } from '../node/protocol/constants.ts'
import type { ContentStore } from '../node/protocol/content-store.ts'
import { outputRootOf } from '../node/prover/output-root.ts'

/** Output root of a chain's block 0, which its first proposals build on. Cost: building the genesis state in memory. */
export async function genesisOutputRoot(spec: ChainSpec): Promise<Hex> {
  const content = createMemoryContent()
  const { header, hash } = await buildGenesis(spec, content)
  const { storageRoot } = await readAccount(content, header.stateRoot, L2_TO_L1_MESSAGE_PASSER)
  const stateRoot = bytesToHex(header.stateRoot)
  return outputRootOf({ stateRoot, messagePasserStorageRoot: storageRoot, latestBlockhash: hash })
}

function createMemoryContent(): ContentStore {
  const entries = new Map<Hex, Uint8Array>()
  return {
    get: async (hash) => entries.get(bytesToHex(hash)),
    put: (hash, bytes) => {
      entries.set(bytesToHex(hash), bytes)
    },
  }
}

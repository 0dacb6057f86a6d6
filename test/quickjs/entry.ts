/** What runs inside QuickJS: reads a claim and its witness from text, answers with text. */
import './prelude.ts'
import { bytesToHex, type Hex } from '../../node/protocol/bytes.ts'
import type { ContentReader } from '../../node/protocol/content-store.ts'
import { UnavailableError } from '../../node/protocol/errors.ts'
import { inputRoot } from '../../node/protocol/inference-roots.ts'
import type { Infer } from '../../node/protocol/model-manifest.ts'
import { type ChainClaim, verifyChain } from './verify-chain.ts'
import { fromWire, toWire } from './wire.ts'

/** All that the machine is given. */
export interface WitnessedClaim {
  readonly claim: ChainClaim
  /** Content by its keccak256. */
  readonly preimages: Readonly<Record<Hex, Uint8Array>>
  /** Outputs by modelId ‖ inputRoot. */
  readonly inferences: Readonly<Record<string, Uint8Array>>
}

async function run(text: string): Promise<string> {
  const { claim, preimages, inferences } = fromWire<WitnessedClaim>(text)
  const reader: ContentReader = { get: async (hash) => preimages[bytesToHex(hash)] }
  const infer: Infer = async (manifest, input) => {
    const output = inferences[`${manifest.modelId}${bytesToHex(inputRoot(manifest.inputs, input))}`]
    if (output === undefined) throw new UnavailableError('InferenceMissing', 'the witness has no such inference')
    return output
  }
  return toWire(await verifyChain(claim, reader, infer))
}

Object.assign(globalThis, { run })

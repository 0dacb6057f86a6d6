import type { ExecutedBlock } from '../executor/execution.ts'
import { bytesEqual, type Hex } from '../protocol/bytes.ts'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import type { ContentReader } from '../protocol/content-store.ts'
import { BugError, UnavailableError } from '../protocol/errors.ts'
import type { Infer, ModelManifest } from '../protocol/model-manifest.ts'
import { replayBlock } from '../prover/replay-block.ts'

/** What blocks are checked with. */
export interface DoubleCheckDeps {
  readonly spec: ChainSpec
  readonly content: ContentReader
  getBlockByNumber(number: number): Promise<ExecutedBlock | undefined>
  /** Inference by other kernels than those that the chain was built on. */
  readonly secondInfer: Infer
  /** The interpreter that defines every op. */
  readonly referenceInfer: Infer
  /** Models of at most this many MACs are sampled by the reference. */
  readonly referenceMacs: number
}

/**
 * Computes every inference of blocks `(lo, hi]` anew by other kernels, and the first one of each model by the reference too, and compares.
 * Cost: those blocks executed once more; one reference run a model.
 * @throws BugError where an answer differs: nothing may be proposed then. Rejects with UnavailableError where it cannot be done now.
 */
export async function doubleCheck(lo: number, hi: number, deps: DoubleCheckDeps): Promise<void> {
  const sampled = new Set<Hex>()
  const infer = comparingInfer(deps, sampled)
  for (let number = lo + 1; number <= hi; number++) {
    const block = await requireBlock(deps, number)
    if (block.inferences.length === 0) continue
    const { header: parent } = await requireBlock(deps, number - 1)
    const again = await replayBlock({ spec: deps.spec, content: deps.content, infer, parent, block })
    if (again.hash === block.hash) continue
    throw new BugError(
      `block ${number} is ${block.hash}, but ${again.hash} by other kernels: a kernel computes wrongly on this machine`,
    )
  }
}

function comparingInfer({ secondInfer, referenceInfer, referenceMacs }: DoubleCheckDeps, sampled: Set<Hex>): Infer {
  return async (manifest, input) => {
    const output = await secondInfer(manifest, input)
    if (sampled.has(manifest.modelId) || macsOf(manifest) > referenceMacs) return output
    sampled.add(manifest.modelId)
    if (bytesEqual(await referenceInfer(manifest, input), output)) return output
    throw new BugError(`model ${manifest.modelId} has another output by the reference: a kernel computes wrongly here`)
  }
}

function macsOf({ counters }: ModelManifest): number {
  return counters.macsNarrow + counters.macsMedium + counters.macsWide + counters.elements
}

async function requireBlock(deps: DoubleCheckDeps, number: number): Promise<ExecutedBlock> {
  const block = await deps.getBlockByNumber(number)
  if (block !== undefined) return block
  throw new UnavailableError('BlockUnavailable', `L2 block ${number} is not stored`, { meta: { number } })
}

import { buildModel, type Model } from '../../node/exact/model.ts'
import type { Game } from '../../node/l1/game-record.ts'
import { hexToBytes } from '../../node/protocol/bytes.ts'
import { UnavailableError } from '../../node/protocol/errors.ts'
import { findInference, type ReplayedInference } from '../../node/prover/replay-block.ts'
import { type ExplainedStep, explainStep, lieInLastProduct } from './explain-step.ts'
import type { FaultContext } from './fault.ts'

/** The inference that a game is about, as the honest node's chain has it; undefined where the game is about none. */
export async function disputedInference(
  { honest }: FaultContext,
  { stage }: Game,
): Promise<ReplayedInference | undefined> {
  if (stage.kind !== 'inference') return undefined
  const { record, block: number } = stage.disputed
  const { spec, content, infer, getBlockByNumber } = honest.oracleParts
  const [parent, block] = await Promise.all([getBlockByNumber(number - 1), getBlockByNumber(number)])
  if (parent === undefined || block === undefined) return undefined
  return findInference({ spec, content, infer, parent: parent.header, block }, record)
}

/** The model of an inference. */
export async function modelOf({ honest }: FaultContext, { manifest }: ReplayedInference): Promise<Model> {
  const graph = await honest.oracleParts.content.get(hexToBytes(manifest.graphHash))
  if (graph === undefined) throw new UnavailableError('ModelMissing', 'the model in dispute is not stored')
  return buildModel(graph)
}

/** The step that L1 executed, in plain numbers; undefined where no game came that far. */
export async function explainLastStep(
  context: FaultContext,
  games: readonly Game[],
): Promise<ExplainedStep | undefined> {
  for (const game of games) {
    const proven = game.moves.find((move) => move.kind === 'step-proven')
    if (proven?.kind !== 'step-proven') continue
    const inference = await disputedInference(context, game)
    if (inference === undefined) continue
    const model = await modelOf(context, inference)
    return explainStep(model, inference.input, proven.step, lieInLastProduct(model))
  }
  return undefined
}

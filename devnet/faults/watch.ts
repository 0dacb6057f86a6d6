import type { Program } from '../../node/exact/program/program.ts'
import type { Game, Proposal } from '../../node/l1/game-record.ts'
import type { L1Client } from '../../node/l1/l1-client.ts'
import type { Hex } from '../../node/protocol/bytes.ts'
import { UnavailableError } from '../../node/protocol/errors.ts'
import { type CourseNames, moveText } from './course.ts'
import { disputedInference, modelOf } from './disputed-inference.ts'
import type { FaultContext } from './fault.ts'
import { nameOf } from './people.ts'

/** Follows all proposals and games of a devnet. */
export interface Watch {
  readonly names: CourseNames
  /** As they were when they were looked at last. */
  readonly proposals: readonly Proposal[]
  readonly games: readonly Game[]
  readonly gasByTransaction: ReadonlyMap<Hex, number>
  /** Looks at L1, and tells of each new move once. */
  look(): Promise<void>
}

/** Creates a watch. @param report tells people of a move. */
export function createWatch(context: FaultContext, client: L1Client, report: (line: string) => void): Watch {
  const { reader } = context.honest
  const games = new Map<Hex, Game>()
  const gas = new Map<Hex, number>()
  const programs = new Map<Hex, Program>()
  let proposals: readonly Proposal[] = []
  const names: CourseNames = {
    nameOf,
    gasOf: (transaction) => gas.get(transaction),
    programOf: ({ stage }) => (stage.kind === 'inference' ? programs.get(stage.disputed.record.modelId) : undefined),
  }
  const learn = async (game: Game) => {
    for (const { transaction } of game.moves) {
      if (gas.has(transaction)) continue
      gas.set(transaction, Number((await client.getTransactionReceipt({ hash: transaction })).gasUsed))
    }
    if (game.stage.kind !== 'inference' || programs.has(game.stage.disputed.record.modelId)) return
    const inference = await disputedInference(context, game)
    if (inference === undefined) return
    programs.set(inference.manifest.modelId, (await modelOf(context, inference)).program)
  }
  const tell = (game: Game) => {
    const told = games.get(game.id)?.moves.length ?? 0
    for (const move of game.moves.slice(told)) {
      report(`[game of ${nameOf(game.challenger)}] ${moveText(game, move, names)}`)
    }
  }
  return {
    names,
    gasByTransaction: gas,
    get proposals() {
      return proposals
    },
    get games() {
      return [...games.values()]
    },
    async look() {
      proposals = await reader.proposals()
      for (const proposal of proposals) {
        for (const game of await gamesOf(context, proposal)) {
          await learn(game)
          tell(game)
          games.set(game.id, game)
        }
      }
    },
  }
}

/** A game that moves while it is read is read the next time. */
async function gamesOf({ honest }: FaultContext, proposal: Proposal): Promise<readonly Game[]> {
  try {
    return await honest.reader.games(proposal)
  } catch (error) {
    if (error instanceof UnavailableError) return []
    throw error
  }
}

import type { BlockHeader } from '@ethereumjs/block'
import type { ChainSpec } from '../protocol/chain-spec.ts'
import { InvalidError } from '../protocol/errors.ts'
import { createBlockBuilder } from './block-builder.ts'
import type { BlockAttributes, ExecutedBlock, ExecutionDeps } from './execution.ts'

/**
 * Executes a whole block: what the builder would have made of exactly these transactions. Cost: the transactions.
 * @throws InvalidError `BlockInvalid` naming the first sequenced transaction that has no place in the block.
 * @throws UnavailableError when inference or content is unavailable.
 */
export async function executeBlock(
  spec: ChainSpec,
  deps: ExecutionDeps,
  parent: BlockHeader,
  attributes: BlockAttributes,
  sequenced: readonly Uint8Array[],
): Promise<ExecutedBlock> {
  const builder = await createBlockBuilder(spec, deps, parent, attributes)
  for (const [index, raw] of sequenced.entries()) {
    const verdict = await builder.tryTransaction(raw)
    if (!verdict.included) throw blockInvalid(parent, index, verdict.reason)
  }
  return builder.seal()
}

function blockInvalid(
  parent: BlockHeader,
  index: number,
  reason: InvalidError | 'block-full',
): InvalidError<'BlockInvalid'> {
  const number = Number(parent.number) + 1
  const why = reason === 'block-full' ? 'the block has no room for it' : reason.message
  return new InvalidError('BlockInvalid', `sequenced transaction ${index} of block ${number} is not valid: ${why}`, {
    cause: reason === 'block-full' ? undefined : reason,
    meta: { number, index },
  })
}

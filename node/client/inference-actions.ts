import type { Hex } from '../protocol/bytes.ts'
import { type DecodeOptions, decodeOutputs, type OutputsOf } from './decode-outputs.ts'
import { encodeInputs, type InputsOf } from './encode-inputs.ts'
import type { ModelDescription } from './model-description.ts'
import type { InputList } from './tensor-lanes.ts'

/** What the actions need of a client: viem's clients have it. */
export interface RequestClient {
  request(request: { readonly method: never; readonly params: never }): Promise<unknown>
}

/** What is asked of a model. */
export interface InferParameters<Description extends ModelDescription> extends DecodeOptions {
  readonly description: Description
  /** As {@link encodeInputs} takes them. */
  readonly inputs: InputsOf<Description> | InputList
  /** The block at whose state the model must be active. Default `latest`. */
  readonly blockTag?: 'latest' | 'safe' | 'finalized' | 'earliest' | 'pending'
}

/** What a model answered, and what that would cost. */
export interface InferReturnType<Description extends ModelDescription> {
  readonly outputs: OutputsOf<Description>
  /** The bytes that a contract would get. */
  readonly output: Hex
  /** Commitment to the inputs, as in the block's inference log. */
  readonly inputRoot: Hex
  /** Commitment to the outputs. */
  readonly outputRoot: Hex
  /** Gas of the precompile, the model's first use in its transaction. */
  readonly gas: bigint
  /** Gas of a transaction that asks the model directly. */
  readonly transactionGas: bigint
  /** Wei that such a transaction would cost at the next block's base fee. */
  readonly cost: bigint
}

/** The actions that {@link inferenceActions} adds; a type, since viem's `extend` takes no interface. */
export type InferenceActions = {
  /**
   * Runs a model outside of a transaction (`ai_infer`).
   * Rejects with InvalidError `InputInvalid` or `OutputInvalid`, or with the client's own errors.
   */
  infer<const Description extends ModelDescription>(
    parameters: InferParameters<Description>,
  ): Promise<InferReturnType<Description>>
}

/** The fields of `ai_infer`'s answer that are read. */
type InferAnswer = Readonly<Record<'output' | 'inputRoot' | 'outputRoot' | 'gas' | 'transactionGas' | 'cost', Hex>>

/** Adds inference to a viem client: `createPublicClient({ … }).extend(inferenceActions())`. */
export function inferenceActions(): (client: RequestClient) => InferenceActions {
  return (client) => ({
    infer: async ({ description, inputs, blockTag = 'latest', ...options }) => {
      const input = encodeInputs(description, inputs)
      const request = { method: 'ai_infer', params: [description.modelId, input, blockTag] }
      const answer = (await client.request(request as never)) as InferAnswer
      const { output, inputRoot, outputRoot } = answer
      return {
        outputs: decodeOutputs(description, output, options),
        output,
        inputRoot,
        outputRoot,
        gas: BigInt(answer.gas),
        transactionGas: BigInt(answer.transactionGas),
        cost: BigInt(answer.cost),
      }
    },
  })
}

import { buildModel } from '../../node/exact/model.ts'
import { runReferenceAll } from '../../node/exact/reference.ts'
import type { ExecutedBlock, ExecutedTransaction } from '../../node/executor/execution.ts'
import { buildGenesis } from '../../node/executor/genesis.ts'
import { bytesToHex, hexToBytes } from '../../node/protocol/bytes.ts'
import { INFERENCE_PRECOMPILE } from '../../node/protocol/constants.ts'
import { createNodeOracle, type OracleParts } from '../../node/prover/node-oracle.ts'
import { signed, TestChain, testAccount, testSpec } from './execution.ts'
import { MemoryContent } from './memory-content.ts'
import { inferenceCall, putModels, referenceInfer, registryWith, type TestModel, testModel } from './models.ts'
import { constantOf, graphOf, inputOf } from './small-graph.ts'

/** 300 terms a lane in 3 runs, 24 lanes, then a shift and a clip: some 75 steps, so that a trace takes two dissections. */
export function disputedModel(): TestModel {
  const weights = Array.from({ length: 300 * 24 }, (_, i) => ((i * 37) % 15) - 7)
  return testModel(
    graphOf({
      inputs: [inputOf([1, 300], -10, 10)],
      constants: [constantOf([300, 24], weights)],
      ops: [
        { kind: 'matmul', inputs: [0, 1] },
        { kind: 'clip', inputs: [2], lo: -1_000, hi: 1_000 },
      ],
      outputs: [{ value: 3, laneBytes: 2 }],
    }),
  )
}

/** An L2 chain in memory to dispute about: each block from 1 on calls the model `recordsPerBlock` times. */
export interface DisputeChain {
  readonly blocks: readonly ExecutedBlock[]
  readonly parts: OracleParts
}

/** Builds blocks 0 … `lastBlock`. */
export async function buildDisputeChain(lastBlock: number, recordsPerBlock: number): Promise<DisputeChain> {
  const model = disputedModel()
  const content = new MemoryContent()
  putModels(content, [model])
  const spec = testSpec(registryWith([model]))
  const infer = referenceInfer([model])
  const chain = await TestChain.create(spec, infer, content)
  const genesis = await buildGenesis(spec, content)
  const first = { number: 0, hash: genesis.hash, header: genesis.header, rlp: genesis.rlp, inferences: [] }
  const blocks: ExecutedBlock[] = [{ ...first, transactions: [] as ExecutedTransaction[] }]
  let nonce = 0n
  for (let number = 1; number <= lastBlock; number++) {
    const calls = Array.from({ length: recordsPerBlock }, (_, record) => {
      const lanes = Array.from({ length: 300 }, (_, i) => ((i * number + record) % 21) - 10)
      const data = bytesToHex(inferenceCall(model, lanes))
      return signed(testAccount(0), { nonce: nonce++, to: INFERENCE_PRECOMPILE, data, gasLimit: 2_000_000n })
    })
    blocks.push(await chain.execute(calls))
  }
  return { blocks, parts: partsOf(content, spec, infer, blocks) }
}

function partsOf(
  content: MemoryContent,
  spec: OracleParts['spec'],
  infer: OracleParts['infer'],
  blocks: readonly ExecutedBlock[],
): OracleParts {
  return {
    spec,
    content,
    getBlockByNumber: async (number) => blocks[number],
    infer,
    valueRunner: (manifest) => async (inputs, values) => {
      const graph = await content.get(hexToBytes(manifest.graphHash))
      const all = runReferenceAll(buildModel(graph as Uint8Array).checked, inputs)
      return values.map((value) => all[value]?.data ?? new Int8Array())
    },
  }
}

/** The true claims about a chain. */
export function trueOracle({ parts }: DisputeChain) {
  return createNodeOracle(parts)
}

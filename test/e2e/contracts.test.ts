import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Contract, ContractFactory, type ContractTransactionResponse, JsonRpcProvider, Wallet } from 'ethers'
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  createWalletClient,
  decodeErrorResult,
  getAbiItem,
  type Hex,
  http,
  keccak256,
  parseEventLogs,
  type TransactionReceipt,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loanDeskAbi } from '../../contracts/generated/loan-desk.ts'
import { FUNDED_ACCOUNTS } from '../../devnet/accounts.ts'
import { loadSamples } from '../../devnet/models.ts'
import type { DevnetSummary } from '../../devnet/summary.ts'
import { type L2Reader, l2Chain, l2Reader } from '../../devnet/transaction-sender.ts'
import { describeOnnx } from '../../node/bindings/describe-onnx.ts'
import { encodeInferenceCall, encodeInputs, inferenceActions } from '../../node/client/client.ts'
import { createDevnetProcess, type DevnetProcess } from '../support/devnet-process.ts'
import { createFoundryProject, type FoundryProject } from '../support/foundry-project.ts'
import { digitSample, riskSample } from '../support/model-inputs.ts'
import { until } from '../support/processes.ts'
import { rawCall } from '../support/viem-clients.ts'

const [FORGE_USER, VIEM_USER, ETHERS_USER] = FUNDED_ACCOUNTS as unknown as readonly [Account, Account, Account]
type Account = (typeof FUNDED_ACCOUNTS)[number]

interface RiskSamples {
  readonly samples: readonly { readonly columns: readonly number[] }[]
}

interface DigitSamples {
  readonly samples: readonly { readonly pixels: readonly number[] }[]
}

let devnet: DevnetProcess
let project: FoundryProject
let summary: DevnetSummary
let abi: Abi
let bytecode: Hex
let reader: L2Reader
let verifierReader: L2Reader
/** What forge deployed. */
let deployed: Hex

beforeAll(async () => {
  devnet = await createDevnetProcess()
  project = createFoundryProject(fileURLToPath(new URL('TwoModels.sol', import.meta.url)))
  const built = project.forge('build')
  summary = await devnet.start()
  await built
  const artifact = project.artifact()
  ;({ abi, bytecode } = artifact)
  reader = l2Reader(summary.endpoints.l2Rpc)
  verifierReader = l2Reader(summary.endpoints.verifierRpc)
}, 120_000)

afterAll(async () => {
  project?.remove()
  await devnet?.destroy()
})

const modelId = (name: string) => summary.models.find((model) => model.name === name)?.modelId as Hex
const walletOf = (account: Account, rpcUrl = summary.endpoints.l2Rpc) =>
  createWalletClient({
    account: privateKeyToAccount(account.privateKey),
    chain: l2Chain(rpcUrl),
    transport: http(rpcUrl),
  })
const stored = async (address: Hex, client = reader) => {
  const read = (functionName: string) => client.readContract({ address, abi, functionName })
  return { risk: await read('lastRisk'), digit: await read('lastDigit'), count: await read('askCount') }
}
const answeredIn = (receipt: TransactionReceipt) =>
  parseEventLogs({ abi, logs: receipt.logs, eventName: 'Answered' })[0] as unknown as {
    args: Record<string, unknown>
  }

describe('a new contract that asks both models', () => {
  test('is deployed by forge create', async () => {
    const output = await project.forge(
      ...['create', 'src/TwoModels.sol:TwoModels', '--broadcast', '--json'],
      ...['--rpc-url', summary.endpoints.l2Rpc, '--private-key', FORGE_USER.privateKey],
      ...['--constructor-args', modelId('risk'), modelId('digits')],
    )
    deployed = (JSON.parse(output) as { deployedTo: Hex }).deployedTo
    expect(await reader.getCode({ address: deployed })).toMatch(/^0x60/)
    expect(await reader.readContract({ address: deployed, abi, functionName: 'riskModel' })).toBe(modelId('risk'))
  })

  test('answers eth_call, estimates, executes, logs and stores with viem', async () => {
    const [risk, digit] = [riskSample(0), digitSample(3)]
    const call = { address: deployed, abi, functionName: 'ask', args: [risk.input, digit.input] } as const
    const account = privateKeyToAccount(VIEM_USER.privateKey)
    const { result } = await reader.simulateContract({ ...call, account })
    expect(result).toEqual([risk.answer, digit.answer])
    const estimate = await reader.estimateContractGas({ ...call, account })

    const hash = await walletOf(VIEM_USER).writeContract({ ...call, gas: estimate })
    const receipt = await reader.waitForTransactionReceipt({ hash })
    expect(receipt.status).toBe('success')
    expect(receipt.gasUsed).toBeLessThanOrEqual(estimate)
    expect(Number(estimate)).toBeLessThan(1.1 * Number(receipt.gasUsed))
    expect(answeredIn(receipt).args).toEqual({
      askId: 0n,
      asker: VIEM_USER.address,
      risk: risk.answer,
      digit: digit.answer,
    })
    const logs = await reader.getLogs({ address: deployed, fromBlock: receipt.blockNumber })
    expect(logs.map(({ transactionHash }) => transactionHash)).toEqual([hash])
    expect(await stored(deployed)).toEqual({ risk: risk.answer, digit: digit.answer, count: 1n })

    // The block's inference log holds what the contract stored.
    const { inferences } = (await ai('ai_getInferences', `0x${receipt.blockNumber.toString(16)}`)) as {
      inferences: { modelId: Hex; inputRoot: Hex; outputRoot: Hex }[]
    }
    const answers = await Promise.all([infer('risk', risk.input), infer('digits', digit.input)])
    expect(inferences).toHaveLength(2)
    for (const { modelId: id, inputRoot, outputRoot } of answers) {
      expect(inferences).toContainEqual(expect.objectContaining({ modelId: id, inputRoot, outputRoot }))
    }
  })

  test('is deployed and asked with ethers', async () => {
    const provider = new JsonRpcProvider(summary.endpoints.l2Rpc, undefined, { pollingInterval: 100, cacheTimeout: -1 })
    try {
      const wallet = new Wallet(ETHERS_USER.privateKey, provider)
      const factory = new ContractFactory(abi as never, bytecode, wallet)
      const contract = (await (
        await factory.deploy(modelId('risk'), modelId('digits'))
      ).waitForDeployment()) as unknown as Contract
      const [risk, digit] = [riskSample(2), digitSample(7)]
      const ask = contract.getFunction('ask')
      expect(await ask.staticCall(risk.input, digit.input)).toEqual([BigInt(risk.answer), BigInt(digit.answer)])
      const sent = (await ask.send(risk.input, digit.input)) as ContractTransactionResponse
      const receipt = await sent.wait()
      expect(receipt?.status).toBe(1)
      const answers = [await contract.getFunction('lastRisk')(), await contract.getFunction('lastDigit')()]
      expect(answers).toEqual([BigInt(risk.answer), BigInt(digit.answer)])
      expect((await contract.queryFilter('Answered', receipt?.blockNumber)).length).toBe(1)
    } finally {
      provider.destroy()
    }
  })
})

describe('input that a model does not take', () => {
  const [risk, digit] = [riskSample(0).input, digitSample(0).input]
  const brightPixel = `${digit.slice(0, -4)}0100` as Hex
  const unknownModel = keccak256('0x')
  const cases = [
    { what: 'one byte too many', args: () => [`${risk}00`, digit], error: 'InputLength', values: [48n, 49n] },
    { what: 'no input', args: () => ['0x', digit], error: 'InputLength', values: [48n, 0n] },
    { what: 'a lane out of range', args: () => [risk, brightPixel], error: 'InputOutOfRange', values: [783n] },
  ] as const

  test.each(cases)('$what reverts with $error', async ({ args, error, values }) => {
    const call = { address: deployed, abi, functionName: 'ask', args: args() }
    const failure = await reader.simulateContract(call).catch((thrown: unknown) => thrown)
    expect(revertOf(failure)).toEqual({ errorName: error, args: values })
    const estimate = await reader.estimateContractGas({ ...call, account: VIEM_USER.address }).catch((e: unknown) => e)
    expect(String(estimate)).toContain(error)

    // In a transaction it reverts too, and costs only what was done.
    const hash = await walletOf(VIEM_USER).writeContract({ ...call, gas: 3_000_000n })
    const receipt = await reader.waitForTransactionReceipt({ hash })
    expect(receipt.status).toBe('reverted')
    expect(receipt.gasUsed).toBeLessThan(2_000_000n)
  })

  test('a model that nobody registered reverts with ModelNotActive, on both nodes', async () => {
    for (const client of [reader, verifierReader]) {
      await derived(reader, verifierReader)
      const call = { address: deployed, abi, functionName: 'run', args: [unknownModel, risk] }
      const failure = await client.readContract(call).catch((thrown: unknown) => thrown)
      expect(revertOf(failure)).toEqual({ errorName: 'ModelNotActive', args: [unknownModel] })
    }
    const { error } = await rawCall(summary.endpoints.l2Rpc, 'ai_infer', [unknownModel, risk])
    expect(error?.message).toContain('no active model')
  })

  test('ai_infer refuses the same with the same errors', async () => {
    const { error } = await rawCall(summary.endpoints.l2Rpc, 'ai_infer', [modelId('digits'), brightPixel])
    expect(error).toMatchObject({ code: 3, message: 'execution reverted: InputOutOfRange(783)' })
    expect(decodeErrorResult({ abi, data: error?.data as Hex })).toMatchObject({ errorName: 'InputOutOfRange' })
  })
})

describe('the ai methods', () => {
  test('list and describe the registered models', async () => {
    const { total, models } = (await ai('ai_listModels')) as { total: number; models: { modelId: Hex }[] }
    expect(total).toBe(2)
    expect(new Set(models.map(({ modelId: id }) => id))).toEqual(new Set([modelId('digits'), modelId('risk')]))
    for (const model of models) expect(await ai('ai_getModel', model.modelId)).toEqual(model)
    expect(await ai('ai_getModel', keccak256('0x'))).toBeNull()
  })

  test('infer what contracts are told, in bytes and in numbers', async () => {
    const { input, answer } = digitSample(5)
    const { output, outputs } = await infer('digits', input)
    expect(outputs[0]?.values).toEqual([answer])
    const ran = await reader.readContract({
      address: deployed,
      abi,
      functionName: 'run',
      args: [modelId('digits'), input],
    })
    expect(ran).toBe(output)
  })
})

describe('assay/client', () => {
  const describeFile = (name: string) =>
    describeOnnx(new Uint8Array(readFileSync(new URL(`../../models/${name}/${name}.exact.onnx`, import.meta.url))))

  test('asks by names and real values what contracts ask by lanes', async () => {
    const risk = describeFile('risk')
    expect(risk.modelId).toBe(modelId('risk'))
    const named = {
      ...{
        income: 34_319,
        debt: 13_286,
        age: 50,
        employment: 102,
        utilisation: '0.0887',
        late_payments: 0,
        inquiries: 1,
      },
      ...{ credit_history: 242, loan_amount: 1538, loan_term: 36, dependants: 0, homeowner: false },
    }
    const input = encodeInputs(risk, { columns: named })
    expect(input).toBe(riskSample(0).input)
    const answer = await reader.extend(inferenceActions()).infer({ description: risk, inputs: { columns: named } })
    expect(answer.outputs.probability?.values).toEqual([riskSample(0).answer / 10_000])
    expect(await infer('risk', input)).toMatchObject({ output: answer.output, inputRoot: answer.inputRoot })

    // A call of the precompile itself, and a contract whose library was generated from the same labels.
    const { data } = await reader.call(encodeInferenceCall(risk.modelId, input))
    expect(data).toBe(answer.output)
    const [{ components }] = getAbiItem({ abi: loanDeskAbi, name: 'quote' }).inputs
    const lanes = components.map(({ name }, i) => [name, loadSamples<RiskSamples>('risk').samples[0]?.columns[i]])
    const args = [Object.fromEntries(lanes)] as never
    const address = summary.contracts.loanDesk as Hex
    const quoted = await reader.readContract({ address, abi: loanDeskAbi, functionName: 'quote', args })
    expect(quoted).toMatchObject({ defaultBps: riskSample(0).answer })
  })

  test('names the class that an image shows', async () => {
    const digits = describeFile('digits')
    const pixels = Uint8Array.from(loadSamples<DigitSamples>('digits').samples[4]?.pixels ?? [])
    const { outputs } = await reader.extend(inferenceActions()).infer({ description: digits, inputs: pixels, top: 3 })
    expect(outputs.digit?.classes).toEqual([[{ index: 4, label: '4' }]])
    expect(outputs.scores?.classes?.[0]).toHaveLength(3)
    expect(outputs.scores?.classes?.[0]?.[0]).toMatchObject({ index: 4, label: '4' })
  })
})

describe('the verifier', () => {
  test('serves the same blocks, receipts, logs and answers once they are derived', async () => {
    const head = await derived(reader, verifierReader)
    for (let number = 0n; number <= head; number++) {
      const [ours, theirs] = await Promise.all(
        [reader, verifierReader].map((client) => client.getBlock({ blockNumber: number, includeTransactions: true })),
      )
      expect(theirs).toEqual(ours)
    }
    expect(await stored(deployed, verifierReader)).toEqual(await stored(deployed))
    const filter = { fromBlock: 0n, toBlock: head } as const
    expect(await verifierReader.getLogs(filter)).toEqual(await reader.getLogs(filter))
    const [risk] = [riskSample(1)]
    const answers = await Promise.all(
      [summary.endpoints.l2Rpc, summary.endpoints.verifierRpc].map((url) =>
        rawCall(url, 'ai_infer', [modelId('risk'), risk.input]),
      ),
    )
    expect(answers[0]?.result).toMatchObject({ outputs: [{ values: [risk.answer] }] })
    expect(answers[1]?.result).toMatchObject({ outputs: [{ values: [risk.answer] }] })
  })

  test('forwards raw transactions to the sequencer, and passes its refusals on', async () => {
    const wallet = walletOf(VIEM_USER, summary.endpoints.verifierRpc)
    const nonce = await reader.getTransactionCount({ address: VIEM_USER.address, blockTag: 'pending' })
    const hash = await wallet.sendTransaction({ to: ETHERS_USER.address, value: 1n, nonce, gas: 21_000n })
    expect((await reader.waitForTransactionReceipt({ hash })).status).toBe('success')
    const again = await wallet
      .sendTransaction({ to: ETHERS_USER.address, value: 2n, nonce, gas: 21_000n })
      .catch((thrown: unknown) => thrown)
    expect(String(again)).toMatch(/nonce too low|already|underpriced/i)
    const receipt = await until(
      'the verifier has derived it',
      () => verifierReader.getTransactionReceipt({ hash }),
      60_000,
    )
    expect(receipt).toEqual(await reader.getTransactionReceipt({ hash }))
  })
})

/** Waits until the verifier has derived the sequencer's present head, and returns its number. */
async function derived(ours: L2Reader, theirs: L2Reader): Promise<bigint> {
  const head = await ours.getBlockNumber()
  await until(`block ${head} is derived`, async () => (await theirs.getBlockNumber()) >= head, 60_000)
  return head
}

async function ai(method: string, ...params: readonly unknown[]): Promise<unknown> {
  const { result, error } = await rawCall(summary.endpoints.l2Rpc, method, params)
  expect(error).toBeUndefined()
  return result
}

async function infer(name: string, input: Hex) {
  return (await ai('ai_infer', modelId(name), input)) as {
    modelId: Hex
    inputRoot: Hex
    outputRoot: Hex
    output: Hex
    outputs: { values: number[] }[]
  }
}

function revertOf(failure: unknown): { errorName: string | undefined; args: readonly unknown[] | undefined } {
  const reverted = failure instanceof BaseError ? failure.walk((e) => e instanceof ContractFunctionRevertedError) : null
  if (!(reverted instanceof ContractFunctionRevertedError)) throw failure
  return { errorName: reverted.data?.errorName, args: reverted.data?.args }
}

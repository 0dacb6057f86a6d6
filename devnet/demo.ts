import {
  type Abi,
  decodeEventLog,
  encodeDeployData,
  encodeFunctionData,
  getAbiItem,
  type TransactionReceipt,
} from 'viem'
import { digitReaderAbi, digitReaderBytecode } from '../contracts/generated/digit-reader.ts'
import { loanDeskAbi, loanDeskBytecode } from '../contracts/generated/loan-desk.ts'
import { bytesToHex, type Hex } from '../node/protocol/bytes.ts'
import { BugError, UnavailableError } from '../node/protocol/errors.ts'
import { loadSamples } from './models.ts'
import type { TransactionSender } from './transaction-sender.ts'

/** The demo dapps on L2. */
export interface DemoContracts {
  readonly loanDesk: Hex
  readonly digitReader: Hex
}

/** One answer that a contract got from a model within a transaction. */
export interface DemoAnswer {
  readonly contract: 'LoanDesk' | 'DigitReader'
  /** Who or what was judged. */
  readonly subject: string
  /** What the contract made of the model's answer and stored. */
  readonly answer: string
  /** The model's bare answer: the probability of default in 1/10,000, or the digit. */
  readonly modelAnswer: number
  /** What the same model answered when it was made, outside any chain. */
  readonly expected: number
  readonly transactionHash: Hex
  readonly blockNumber: number
  readonly gasUsed: number
}

interface RiskSamples {
  readonly samples: readonly {
    readonly name: string
    readonly columns: readonly number[]
    readonly probability: number
  }[]
}

interface DigitSamples {
  readonly samples: readonly { readonly digit: number; readonly pixels: readonly number[] }[]
}

/** How many samples of each model the demo judges. */
const SAMPLES_PER_MODEL = 4

/** Deploys both dapps. @throws UnavailableError `TransactionFailed`. */
export async function deployDemo(
  sender: TransactionSender,
  modelIds: { readonly risk: Hex; readonly digits: Hex },
): Promise<DemoContracts> {
  const deploy = async (name: string, abi: Abi, bytecode: Hex, modelId: Hex) => {
    const data = encodeDeployData({ abi, bytecode, args: [modelId] })
    const { contractAddress } = await sender.send(`deploying ${name}`, { data })
    if (!contractAddress) throw new UnavailableError('TransactionFailed', `deploying ${name} left no contract`)
    return contractAddress
  }
  const [loanDesk, digitReader] = await Promise.all([
    deploy('LoanDesk', loanDeskAbi as Abi, loanDeskBytecode, modelIds.risk),
    deploy('DigitReader', digitReaderAbi as Abi, digitReaderBytecode, modelIds.digits),
  ])
  return { loanDesk, digitReader }
}

/** Asks both dapps about a few samples, each in a transaction of its own. @throws UnavailableError `TransactionFailed`. */
export function runDemo(sender: TransactionSender, contracts: DemoContracts): Promise<DemoAnswer[]> {
  const loans = loadSamples<RiskSamples>('risk').samples.slice(0, SAMPLES_PER_MODEL)
  const digits = loadSamples<DigitSamples>('digits').samples.slice(0, SAMPLES_PER_MODEL)
  return Promise.all([
    ...loans.map((sample) => requestLoan(sender, contracts.loanDesk, sample)),
    ...digits.map((sample) => readDigit(sender, contracts.digitReader, sample)),
  ])
}

async function requestLoan(
  sender: TransactionSender,
  loanDesk: Hex,
  { name, columns, probability }: RiskSamples['samples'][number],
): Promise<DemoAnswer> {
  const data = encodeFunctionData({
    abi: loanDeskAbi,
    functionName: 'requestLoan',
    args: [applicationOf(columns)],
  })
  const receipt = await sender.send(`a loan for ${name}`, { to: loanDesk, data })
  const { approved, defaultBps, rateBps } = eventOf(receipt, loanDeskAbi, 'LoanDecided')
  const rate = `${(Number(rateBps) / 100).toFixed(2)} %`
  return {
    contract: 'LoanDesk',
    subject: name,
    answer: approved ? `approved at ${rate} a year` : 'declined',
    modelAnswer: Number(defaultBps),
    expected: probability,
    ...factsOf(receipt),
  }
}

async function readDigit(
  sender: TransactionSender,
  digitReader: Hex,
  { digit, pixels }: DigitSamples['samples'][number],
): Promise<DemoAnswer> {
  const image = bytesToHex(Uint8Array.from(pixels))
  const data = encodeFunctionData({ abi: digitReaderAbi, functionName: 'read', args: [image] })
  const receipt = await sender.send(`reading a ${digit}`, { to: digitReader, data })
  const read = eventOf(receipt, digitReaderAbi, 'DigitRead')
  return {
    contract: 'DigitReader',
    subject: `an image of a ${digit}`,
    answer: `read as ${read.digit}`,
    modelAnswer: Number(read.digit),
    expected: digit,
    ...factsOf(receipt),
  }
}

type Application = Parameters<typeof encodeFunctionData<typeof loanDeskAbi, 'requestLoan'>>[0]['args'][0]

/** The columns of a sample under the names that the contract gives them; both are in the model's order. */
function applicationOf(columns: readonly number[]): Application {
  const [{ components }] = getAbiItem({ abi: loanDeskAbi, name: 'requestLoan' }).inputs
  return Object.fromEntries(components.map(({ name }, index) => [name, columns[index]])) as unknown as Application
}

function eventOf(receipt: TransactionReceipt, abi: Abi, eventName: string): Readonly<Record<string, unknown>> {
  const log = receipt.logs[0]
  if (log === undefined) throw new BugError(`no ${eventName} in transaction ${receipt.transactionHash}`)
  const decoded = decodeEventLog({ abi, data: log.data, topics: log.topics })
  if (decoded.eventName !== eventName) throw new BugError(`expected ${eventName}, got ${decoded.eventName}`)
  return decoded.args as unknown as Readonly<Record<string, unknown>>
}

function factsOf({ transactionHash, blockNumber, gasUsed }: TransactionReceipt) {
  return { transactionHash, blockNumber: Number(blockNumber), gasUsed: Number(gasUsed) }
}

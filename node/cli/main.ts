import { AssayError, InvalidError } from '../protocol/errors.ts'
import type { Command, CommandContext } from './command.ts'
import { describeSettings, parseSettings, type SettingsTable } from './settings.ts'

/** Loads a command's module only when it is asked for, so that `assay --help` is instant. */
type CommandLoader = () => Promise<Command<SettingsTable>>

const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: CommandLoader }>> = {
  devnet: {
    summary: 'Run a whole devnet: L1, contracts, sequencer, verifier, models and a demo',
    load: async () => erase((await import('./devnet-command.ts')).devnetCommand),
  },
  node: {
    summary: 'Run one node as sequencer or verifier',
    load: async () => erase((await import('./node-command.ts')).nodeCommand),
  },
  check: {
    summary: 'Check an exact ONNX file: verdict, modelId, cost, bounds and kernels',
    load: async () => erase((await import('./check-command.ts')).checkCommand),
  },
  infer: {
    summary: 'Run an exact ONNX file on inputs and print outputs and their roots',
    load: async () => erase((await import('./infer-command.ts')).inferCommand),
  },
  model: {
    summary: 'Describe an exact ONNX file for callers, or write Solidity or TypeScript that calls it',
    load: async () => erase((await import('./model-command.ts')).modelCommand),
  },
  operators: {
    summary: 'List the operators of ONNX: taken in exact files, by the quantiser, or refused and why',
    load: async () => erase((await import('./operators-command.ts')).operatorsCommand),
  },
  quantize: {
    summary: 'Quantise a float ONNX file into an exact one, and report how close it is',
    load: async () => erase((await import('./quantize-command.ts')).quantizeCommand),
  },
  bench: {
    summary: 'Measure this build on this machine: disputes',
    load: async () => erase((await import('./bench-command.ts')).benchCommand),
  },
  accuracy: {
    summary: 'Compare float and exact accuracy of the models in this repository on held-out data',
    load: async () => erase((await import('./accuracy-command.ts')).accuracyCommand),
  },
}

function erase<Table extends SettingsTable>(command: Command<Table>): Command<SettingsTable> {
  return command as unknown as Command<SettingsTable>
}

/** Exit codes: 0 as it should be, 1 it is not, 2 the request was wrong, 3 something needed was unavailable, 70 a bug of ours. */
const EXIT_CODES = { Invalid: 2, Unavailable: 3, Bug: 70 } as const
/** Exit code of a command that was ended by a signal before it was done. */
const INTERRUPTED = 130

function overview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  return ['Usage: assay COMMAND [FLAGS]', '', ...rows, '', 'assay COMMAND --help lists the flags of a command.'].join(
    '\n',
  )
}

function helpOf(command: Command<SettingsTable>): string {
  const words = command.positionals.map((name) => ` ${name}`).join('')
  const flags = describeSettings(command.settings)
  const environment = 'Each flag is also read from the environment: --rpc.port is ASSAY_RPC_PORT.'
  return [`Usage: assay ${command.name}${words} [FLAGS]`, '', command.summary, '', flags, '', environment].join('\n')
}

/** Aborts on the first SIGINT, SIGTERM or SIGHUP, or when nobody reads us any more; a second signal ends the process at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, onSignal)
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => controller.abort())
  return controller.signal
}

function explain(error: unknown): string {
  if (!(error instanceof AssayError)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const causes: string[] = []
  for (let cause = error.cause; cause instanceof Error && causes.length < 4; cause = cause.cause) {
    causes.push(`  because: ${cause.message.split('\n')[0]}`)
  }
  return [`assay: ${error.message} (${error.code})`, ...causes].join('\n')
}

async function runCommand(args: readonly string[], context: CommandContext): Promise<number> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') {
    context.print(overview())
    return 0
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) throw new InvalidError('CommandUnknown', `no command "${name}": see assay --help`)
  const command = await entry.load()
  if (rest.includes('--help') || rest.includes('-h')) {
    context.print(helpOf(command))
    return 0
  }
  const { settings, positionals } = parseSettings(command.settings, rest, process.env, command.positionals.length)
  if (positionals.length < command.positionals.length) {
    throw new InvalidError('PositionalMissing', `assay ${name} needs ${command.positionals.join(' ')}: see --help`)
  }
  return command.run(settings, positionals, context)
}

/** Runs the `assay` command line and resolves to the exit code. Errors go to stderr, one line and their causes. */
export async function main(args: readonly string[]): Promise<number> {
  let signal: AbortSignal | undefined
  const context: CommandContext = {
    // Signals are caught for commands that look at them; the others just end.
    get signal() {
      signal ??= abortOnSignals()
      return signal
    },
    print: (line) => void process.stdout.write(`${line}\n`),
    report: (line) => void process.stderr.write(`${line}\n`),
  }
  try {
    return await runCommand(args, context)
  } catch (error) {
    if (signal?.aborted && error === signal.reason) {
      context.report('assay: interrupted')
      return INTERRUPTED
    }
    context.report(explain(error))
    return error instanceof AssayError ? EXIT_CODES[error.kind] : EXIT_CODES.Bug
  }
}

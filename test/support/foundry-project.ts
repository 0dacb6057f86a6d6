import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Abi } from 'viem'
import { forgeBinary } from '../../contracts/scripts/forge.ts'
import type { Hex } from '../../node/protocol/bytes.ts'

const CONTRACTS = fileURLToPath(new URL('../../contracts', import.meta.url))

/** A compiled contract. */
export interface Artifact {
  readonly abi: Abi
  readonly bytecode: Hex
}

/** A Foundry project of its own, as a user of the `Inference` library has it. */
export interface FoundryProject {
  /** Runs forge in the project and resolves to its stdout. */
  forge(...args: readonly string[]): Promise<string>
  /** The compiled contract of a name; without one, that which is named like the source file. */
  artifact(name?: string): Artifact
  remove(): void
}

/** Makes a project of a Solidity file, given by its path or its name and text, that imports ours by `assay/`. */
export function createFoundryProject(
  source: string | { readonly file: string; readonly text: string },
): FoundryProject {
  const folder = mkdtempSync(join(tmpdir(), 'assay-foundry-'))
  const file = typeof source === 'string' ? basename(source) : source.file
  mkdirSync(join(folder, 'src'))
  if (typeof source === 'string') cpSync(source, join(folder, 'src', file))
  else writeFileSync(join(folder, 'src', file), source.text)
  writeFileSync(join(folder, 'foundry.toml'), configuration())
  return {
    forge: async (...args) => {
      const env = { ...process.env, NO_COLOR: '1' }
      const { stdout } = await promisify(execFile)(forgeBinary(), args, { cwd: folder, env, timeout: 60_000 })
      return stdout
    },
    artifact: (name = basename(file, '.sol')) => {
      const path = join(folder, 'out', file, `${name}.json`)
      const { abi, bytecode } = JSON.parse(readFileSync(path, 'utf8')) as { abi: Abi; bytecode: { object: Hex } }
      return { abi, bytecode: bytecode.object }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function configuration(): string {
  return [
    '[profile.default]',
    `solc = "${join(CONTRACTS, 'scripts', 'solc.cjs')}"`,
    'offline = true',
    'evm_version = "prague"',
    'optimizer = true',
    `remappings = ["assay/=${CONTRACTS}/"]`,
    `allow_paths = ["${CONTRACTS}"]`,
    '',
  ].join('\n')
}

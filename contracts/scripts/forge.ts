import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { UnavailableError } from '../../node/protocol/errors.ts'

/** The folder that holds `foundry.toml`; forge resolves its compiler path from here. */
export const contractsRoot: string = fileURLToPath(new URL('..', import.meta.url))

const npmArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/**
 * Path of the native forge binary that npm installed. The package's own launcher is not used: it loses the exit code.
 * @throws UnavailableError `ForgeMissing` where the development dependencies are not installed or the platform has no build.
 */
export function forgeBinary(): string {
  const executable = process.platform === 'win32' ? 'forge.exe' : 'forge'
  const name = `@foundry-rs/forge-${process.platform}-${npmArchitectures[process.arch] ?? process.arch}`
  try {
    const launcher = createRequire(import.meta.url).resolve('@foundry-rs/forge/package.json')
    return createRequire(launcher).resolve(`${name}/bin/${executable}`)
  } catch (cause) {
    throw new UnavailableError('ForgeMissing', `${name} is not installed: run npm ci`, { cause })
  }
}

/** Runs forge in the contracts folder with its output passed through; resolves to its exit code. */
export function runForge(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(forgeBinary(), args, { cwd: contractsRoot, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

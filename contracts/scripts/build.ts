/**
 * Compiles the contracts and generates what both languages share: `shared/{Constants,Domains,ProgramLimits}.sol` from the protocol's constants,
 * `demo/{RiskModel,DigitsModel}.sol` from the shipped models, and `generated/*.ts` (ABI and bytecode) from the artifacts. `--check` writes nothing and fails when a file is out of date.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bindings, type GeneratedFile } from './bindings-codegen.ts'
import { sharedSources } from './constants-codegen.ts'
import { contractsRoot, runForge } from './forge.ts'
import { modelLibraries } from './model-libraries.ts'

const check = process.argv.slice(2).includes('--check')

/** Writes the files into `folder`, or compares them in check mode. Returns the paths that differed or do not belong there. */
function sync(folder: string, files: readonly GeneratedFile[]): string[] {
  const names = new Set(files.map((file) => file.name))
  const stale = files.filter((file) => read(join(contractsRoot, folder, file.name)) !== file.text)
  const strays = folder === 'generated' ? listed(folder).filter((name) => !names.has(name)) : []
  if (!check) {
    mkdirSync(join(contractsRoot, folder), { recursive: true })
    for (const file of stale) writeFileSync(join(contractsRoot, folder, file.name), file.text)
    for (const name of strays) rmSync(join(contractsRoot, folder, name))
  }
  return [...stale.map((file) => file.name), ...strays].map((name) => `contracts/${folder}/${name}`)
}

function listed(folder: string): string[] {
  return existsSync(join(contractsRoot, folder)) ? readdirSync(join(contractsRoot, folder)) : []
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

const changed = [...sync('shared', sharedSources()), ...sync('demo', modelLibraries())]
const built = await runForge(['build'])
if (built === 0) {
  changed.push(...sync('generated', bindings()))
  for (const path of changed)
    process.stderr.write(`${path}: ${check ? 'out of date, run the contracts build' : 'written'}\n`)
}
process.exitCode = built !== 0 ? built : check && changed.length > 0 ? 1 : 0

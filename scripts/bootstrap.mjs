// Makes a checkout ready to run with nothing but Node: installs the locked dependencies when they are missing or stale.
// Plain JavaScript on purpose: it runs before any dependency exists. Everything it prints goes to stderr.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const stampPath = join(root, 'node_modules', '.assay-lock')

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  process.stderr.write(
    `Assay needs Node 20.19 or newer; this is ${process.versions.node}. Install it from nodejs.org.\n`,
  )
  process.exit(1)
}

/** Installs what package-lock.json names, unless node_modules already holds exactly that. Exits non-zero with the reason on failure. */
export function ensureDependencies() {
  requireNode()
  const want = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === want) return
  process.stderr.write('Installing dependencies (once, about 900 MB on disk)…\n')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // Not `npm ci`: that refuses a lock file written behind a registry that lacks packages for other platforms. Versions are the
  // locked ones all the same, and --no-save leaves the lock file as it is.
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const done = spawnSync(npm, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (done.status !== 0) {
    process.stderr.write(
      'npm install failed: see its messages above. Check that the npm registry can be reached, then run this again.\n',
    )
    process.exit(done.status ?? 1)
  }
  writeFileSync(stampPath, want)
}

/** Runs an installed program's JavaScript entry with this Node, inheriting stdio; resolves to its exit code. */
export function runTool(entry, args) {
  const done = spawnSync(process.execPath, [join(root, 'node_modules', entry), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  return done.status ?? 1
}

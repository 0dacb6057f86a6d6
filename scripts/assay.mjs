#!/usr/bin/env node
// The `assay` command: installs what is missing, then hands over to the TypeScript command line.
import { ensureDependencies } from './bootstrap.mjs'

ensureDependencies()
const { register } = await import('tsx/esm/api')
register()
const { main } = await import('../node/cli/main.ts')
process.exitCode = await main(process.argv.slice(2))
// Output drains by itself; requests that nobody waits for any more do not keep the process.
setTimeout(() => process.exit(), 500).unref()

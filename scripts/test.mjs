// `npm test`: installs what is missing, runs the TypeScript tests (vitest) and then the Solidity tests (forge).
// Arguments go to vitest alone: `npm test -- node/exact` runs only those TypeScript tests.
import { ensureDependencies, root, runTool } from './bootstrap.mjs'

ensureDependencies()
const args = process.argv.slice(2)
process.chdir(root)
const vitest = runTool('vitest/vitest.mjs', ['run', ...args])
const forge = args.length > 0 ? 0 : runTool('tsx/dist/cli.mjs', ['contracts/scripts/test.ts'])
process.exit(vitest || forge)

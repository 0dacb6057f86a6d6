/** Runs the Solidity tests; further arguments go to forge (`--match-test name`, `-vvv`). */
import { runForge } from './forge.ts'

process.exitCode = await runForge(['test', ...process.argv.slice(2)])

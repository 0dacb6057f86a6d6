#!/usr/bin/env node
// Gives the npm package `solc` the command line that forge speaks: `--version` and `--standard-json`.
const solc = require('solc')

const flags = process.argv.slice(2)
if (flags.includes('--version')) {
  // forge parses the version as that of a native build and refuses the Emscripten suffix.
  const version = solc.version().replace('.Emscripten.clang', '.Linux.g++')
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`)
} else if (flags.includes('--standard-json')) {
  const chunks = []
  process.stdin.on('data', (chunk) => chunks.push(chunk))
  process.stdin.on('end', () => process.stdout.write(solc.compile(Buffer.concat(chunks).toString('utf8'))))
} else {
  process.stderr.write('solc.cjs: pass --version or --standard-json (it exists for forge)\n')
  process.exitCode = 1
}

import { defineConfig } from 'vitest/config'
import { EMULATORS_MEND, hasEmulators } from './test/support/emulators.ts'
import { hasVulkan, VULKAN_MEND } from './test/support/swiftshader.ts'

/** Tests that need more than Node. CI installs that and leaves nothing out; elsewhere it is said what is not run. */
const MACHINES = [
  { tests: '**/*.webgpu.test.ts', isHere: hasVulkan, mend: VULKAN_MEND },
  { tests: '**/*.emulated.test.ts', isHere: hasEmulators, mend: EMULATORS_MEND },
]
const leftOut = process.env.CI ? [] : MACHINES.filter(({ isHere }) => !isHere())
for (const { tests, mend } of leftOut) process.stderr.write(`Not run: ${tests}. ${mend}.\n`)

export default defineConfig({
  test: {
    include: ['node/**/*.test.ts', 'devnet/**/*.test.ts', 'contracts/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'contracts/lib/**', ...leftOut.map(({ tests }) => tests)],
    testTimeout: 240_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})

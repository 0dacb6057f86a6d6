import { defineConfig } from 'vitest/config'
import { hasVulkan, VULKAN_MEND } from './test/support/swiftshader.ts'

/** Tests that need more than Node. CI installs it and leaves nothing out; elsewhere it is said what was not run. */
const leftOut = process.env.CI || hasVulkan() ? [] : ['**/*.webgpu.test.ts']
if (leftOut.length > 0) process.stderr.write(`Not run: ${leftOut.join(', ')}. ${VULKAN_MEND}\n`)

export default defineConfig({
  test: {
    include: ['node/**/*.test.ts', 'devnet/**/*.test.ts', 'contracts/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'contracts/lib/**', ...leftOut],
    testTimeout: 90_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})

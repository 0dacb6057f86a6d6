import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['node/**/*.test.ts', 'devnet/**/*.test.ts', 'contracts/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'contracts/lib/**'],
    testTimeout: 90_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})

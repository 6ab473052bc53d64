// `npm run test:faults`: PostgreSQL fails in every way it can, one file after the other.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/faults/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  maxWorkers: 1,
}

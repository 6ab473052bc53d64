// `npm run test:browser`: whole journeys in a real Chromium, one file after the other.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  maxWorkers: 1,
}

// `npm run test:cli`: every command of `authsec`, each run as a program of its own.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/cli/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
}

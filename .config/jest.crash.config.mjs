// `npm run test:crash`: servers that are killed again and again in the middle of their calls.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/crash/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
}

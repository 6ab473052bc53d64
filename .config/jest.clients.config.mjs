// `npm run test:clients`: real MCP clients, most of them programs, sign in to the built quickstart with nobody at the keyboard.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/clients/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // Each listens on a port of its own choice for its answer.
  maxWorkers: 1,
  testTimeout: 60_000,
}

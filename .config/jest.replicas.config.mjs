// `npm run test:replicas`: one server in three processes, of which one is killed again and again.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/replicas/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
}

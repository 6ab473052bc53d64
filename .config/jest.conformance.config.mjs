// `npm run test:conformance`: the resource server by the sections of its RFCs.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/conformance/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
}

// `npm run test:conformance`: the resource server by the sections of its RFCs, the authorization server by the scenarios of the MCP conformance suite.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/conformance/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
}

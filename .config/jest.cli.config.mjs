// `npm run test:cli`: every command of `authsec`, each run as a program of its own, and servers that are programs.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['cli', 'process'].map((name) => `<rootDir>/test/${name}/**/*.test.ts`),
  testPathIgnorePatterns: ['/node_modules/'],
}

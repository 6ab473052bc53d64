// `npm run test:vault`: a real HashiCorp Vault, or OpenBao, at VAULT_ADDR, as whoever VAULT_TOKEN is: somebody who may set up mounts.
import base from './jest.config.mjs'

export default {
  ...base,
  testMatch: ['<rootDir>/test/vault/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  testTimeout: 60_000,
}

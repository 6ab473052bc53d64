import { expect, it } from '@jest/globals'
import { refuseOldServer } from '../../../src/adapter/postgres/provision/server-version.js'

it('a PostgreSQL that is too old is refused by its version, and no other', () => {
  expect(() => refuseOldServer({ number: 140_018, name: '14.18 (Debian 14.18-1)' })).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG_DATABASE',
      message: expect.stringContaining('PostgreSQL 14.18 (Debian 14.18-1) is too old: AuthSec needs 15 or later'),
    }),
  )
  for (const number of [150_000, 150_004, 180_001]) expect(() => refuseOldServer({ number, name: '' })).not.toThrow()
})

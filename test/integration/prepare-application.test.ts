import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PasswordHasher } from '../../src/adapter/issuer/password-hasher.js'
import { prepareApplication } from '../../src/app/prepare-application.js'
import { readSettings } from '../../src/app/settings/settings.js'
import { openTestPostgres, type TestPostgres } from '../support/postgres.js'
import { temporaryHome, type TemporaryHome } from '../support/server-process.js'

describe('an application in development', () => {
  let database: TestPostgres
  let home: TemporaryHome
  beforeAll(async () => {
    database = await openTestPostgres()
    home = await temporaryHome()
  })
  afterAll(async () => {
    await database?.close()
    await home?.remove()
  })

  /** What a start with these tenants in the code warns of. */
  async function start(...slugs: readonly string[]): Promise<readonly string[]> {
    const warnings: string[] = []
    const settings = readSettings({ AUTHSEC_HOME: home.path, NODE_ENV: 'test' }, { clientId: 'ledger' }, undefined)
    await prepareApplication({
      ...{ settings, postgres: database.postgres, hasher: new PasswordHasher({ cost: 14 }), appName: 'Ledger' },
      admits: undefined,
      seed: slugs.map((slug) => ({ slug, name: slug, accounts: [] })),
      log: { write: (level, message) => void (level === 'warn' && warnings.push(message)) },
    })
    return warnings
  }

  it('belongs to the first tenant that the code ever named, and a start that names another one says so', async () => {
    expect(await start('acme', 'globex')).toEqual([])
    expect(await start('acme')).toEqual([])
    expect(await start('initech', 'acme')).toEqual([
      expect.stringMatching(
        /^the application "ledger" belongs to tenant acme since its first start, and not to initech/,
      ),
    ])
    expect((await database.postgres.applications.find('ledger'))?.tenant.slug).toBe('acme')
  })
})

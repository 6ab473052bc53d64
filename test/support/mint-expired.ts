import { mintDevelopmentToken } from '../../src/adapter/issuer/mint-development-token.js'
import { openData } from '../../src/app/open-data.js'
import { readSettings } from '../../src/app/settings/settings.js'
import { issuerOf } from '../../src/app/start-server.js'

/** A token for john that was good two hours ago, signed with the keys of the server that runs from `home`. */
export async function mintExpired(home: string, audience: string): Promise<string> {
  const settings = readSettings({ AUTHSEC_HOME: home }, {}, undefined)
  const issuer = issuerOf(new URL(audience).origin)
  const data = await openData({ settings, issuer, log: { write: () => undefined } })
  try {
    const tenant = await data.postgres.tenants.findBySlug('acme-corp')
    const account = tenant && (await data.postgres.accounts.findByEmail(tenant, 'john@company.com'))
    if (tenant === undefined || account === undefined) throw new Error('the quickstart has not been seeded')
    return await mintDevelopmentToken({
      issuer,
      storage: data.postgres.issuerStorage,
      keys: data.postgres.signingKeys,
      masterKey: data.masterKey,
      audit: data.postgres.audit,
      clock: { now: () => Date.now() - 7_200_000 },
      tenant,
      account,
      audience,
      lifetimeSeconds: 3_600,
    })
  } finally {
    await data.close()
  }
}

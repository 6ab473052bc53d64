import { mintDevelopmentToken } from '../../src/adapter/issuer/mint-development-token.js'
import { openData } from '../../src/app/open-data.js'
import { readSettings } from '../../src/app/settings/settings.js'
import { issuerOf } from '../../src/app/start-server.js'

export interface MintOptions {
  readonly home: string
  /** The URL of the server that runs from this home. */
  readonly audience: string
  readonly tenant?: string
  readonly emails: readonly string[]
  /** How long ago the tokens were made. */
  readonly ageSeconds?: number
}

/** Tokens by address, signed with the keys of the server that runs from the home. */
export async function mintTokens(options: MintOptions): Promise<ReadonlyMap<string, string>> {
  const settings = readSettings({ AUTHSEC_HOME: options.home }, {}, undefined)
  const issuer = issuerOf(new URL(options.audience).origin)
  const data = await openData({ settings, issuer, log: { write: () => undefined } })
  const clock = { now: () => Date.now() - (options.ageSeconds ?? 0) * 1000 }
  const { issuerStorage: storage, signingKeys: keys, audit, tenants, accounts } = data.postgres
  const tokens = new Map<string, string>()
  try {
    const tenant = await tenants.findBySlug(options.tenant ?? 'acme-corp')
    if (tenant === undefined) throw new Error('there is no such tenant')
    for (const email of options.emails) {
      const account = await accounts.findByEmail(tenant, email)
      if (account === undefined) throw new Error(`there is no account ${email}`)
      const { masterKey } = data
      const target = { tenant, account, audience: options.audience, lifetimeSeconds: 3_600 }
      tokens.set(email, await mintDevelopmentToken({ issuer, storage, keys, masterKey, audit, clock, ...target }))
    }
    return tokens
  } finally {
    await data.close()
  }
}

import { mintDevelopmentToken } from '../../src/adapter/issuer/mint-development-token.js'
import { openData, type Data } from '../../src/app/open-data.js'
import { readSettings } from '../../src/app/settings/settings.js'
import { issuerOf } from '../../src/app/issuer-of.js'
import type { SigningKeyStore } from '../../src/core/identity/signing-key-store.js'
import { TokenForge } from './token-forge.js'

export interface MintOptions {
  /** The URL of the server that the tokens are for; its origin names the issuer. */
  readonly audience: string
  readonly tenant?: string
  readonly emails: readonly string[]
  /** How long ago the tokens were made. */
  readonly ageSeconds?: number
  /** How the tokens say that their users signed in; not at all unless told, as it is with tokens for development. */
  readonly methods?: readonly string[]
}

/** Tokens by address, signed with the keys of a server that has this data. */
export async function mintTokens(
  { postgres, keyring }: Pick<Data, 'postgres' | 'keyring'>,
  options: MintOptions,
): Promise<ReadonlyMap<string, string>> {
  const issuer = issuerOf(new URL(options.audience).origin)
  const clock = { now: () => Date.now() - (options.ageSeconds ?? 0) * 1000 }
  const { issuerStorage: storage, signingKeys: keys, audit, tenants, accounts } = postgres
  const tokens = new Map<string, string>()
  const tenant = await tenants.findBySlug(options.tenant ?? 'acme-corp')
  if (tenant === undefined) throw new Error('there is no such tenant')
  for (const email of options.emails) {
    const account = await accounts.findByEmail(tenant, email)
    if (account === undefined) throw new Error(`there is no account ${email}`)
    const target = { tenant, account, audience: options.audience, lifetimeSeconds: 3_600 }
    const minted = await mintDevelopmentToken({ issuer, storage, keys, keyring, audit, clock, ...target })
    tokens.set(email, options.methods === undefined ? minted : await withMethods(minted, options.methods, keys))
  }
  return tokens
}

/** The same token as a sign-in would have made it, on the same grant. */
async function withMethods(token: string, methods: readonly string[], keys: SigningKeyStore): Promise<string> {
  const [key] = await keys.list()
  if (key === undefined) throw new Error('there is no signing key')
  const claims: Record<string, unknown> = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const forge = new TokenForge({ issuer: '', resource: '', key, now: () => 0 })
  return forge.sign({ claims: JSON.stringify({ ...claims, amr: methods }) })
}

/** The same for the server that runs from `home`. */
export async function mintFromHome(home: string, options: MintOptions): Promise<ReadonlyMap<string, string>> {
  const settings = readSettings({ AUTHSEC_HOME: home }, {}, undefined)
  const issuer = issuerOf(new URL(options.audience).origin)
  const data = await openData({ settings, issuer, log: { write: () => undefined } })
  try {
    return await mintTokens(data, options)
  } finally {
    await data.close()
  }
}

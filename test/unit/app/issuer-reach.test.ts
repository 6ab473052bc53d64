import { describe, expect, it } from '@jest/globals'
import { issuerReach, type Trust } from '../../../src/app/federation/issuer-reach.js'
import type { AdmittedTenants, Application } from '../../../src/core/identity/application.js'
import type { StoredIssuer } from '../../../src/core/trust/issuer-store.js'

const acme = { id: '11111111-1111-4111-8111-111111111111', slug: 'acme', name: 'Acme' }
const globex = { id: '22222222-2222-4222-8222-222222222222', slug: 'globex', name: 'Globex' }
const issuer = 'https://idp.test'
const everywhere: Trust = { issuer, application: undefined, tenant: { kind: 'claim', claim: 'org' } }

interface Installation {
  readonly fixed?: readonly Trust[]
  readonly stored?: readonly StoredIssuer[]
  /** What the application `ledger` admits. */
  readonly admits?: AdmittedTenants
}

/** The slugs of the tenants whose users an issuer can name. */
async function reached({ admits = 'any', fixed = [], stored = [] }: Installation, name = issuer) {
  const ledger: Application = { clientId: 'ledger', name: 'Ledger', tenant: globex, admits }
  const isTrusted = issuerReach(
    {
      applications: { find: async (id) => (id === ledger.clientId ? ledger : undefined) },
      tenantDirectory: {
        list: async () => [acme, globex],
        find: async (slug) => [acme, globex].find((known) => known.slug === slug),
      },
      trustedIssuers: { list: async () => stored },
    },
    fixed,
  )
  const slugs: string[] = []
  for (const { id, slug } of [acme, globex]) if (await isTrusted(name, id)) slugs.push(slug)
  return slugs
}

describe('an issuer whose tokens are taken', () => {
  it('reaches every tenant where a claim says the tenant, and the one that it is for otherwise', async () => {
    expect(await reached({ fixed: [everywhere] })).toEqual(['acme', 'globex'])
    expect(await reached({ fixed: [{ ...everywhere, tenant: { kind: 'fixed', tenant: 'acme' } }] })).toEqual(['acme'])
    expect(await reached({ fixed: [{ ...everywhere, tenant: { kind: 'fixed', tenant: 'gone' } }] })).toEqual([])
    expect(await reached({ fixed: [everywhere] }, 'https://other.test')).toEqual([])
  })

  it.each<readonly [AdmittedTenants, readonly string[]]>([
    ['any', ['acme', 'globex']],
    ['own', ['globex']],
    [['acme'], ['acme']],
  ])('for one application alone reaches the tenants that it admits: %s', async (admits, slugs) => {
    expect(await reached({ fixed: [{ ...everywhere, application: 'ledger' }], admits })).toEqual(slugs)
  })

  it('for an application that nobody knows may reach any of them', async () => {
    expect(await reached({ fixed: [{ ...everywhere, application: 'lost' }] })).toEqual(['acme', 'globex'])
  })

  it('of the database counts as those of environment and code, and as far as it may ever reach where it cannot be read', async () => {
    const written = { issuer, audience: 'resource', tenant: { slug: 'acme' } }
    expect(await reached({ stored: [{ issuer, written, revision: '1' }] })).toEqual(['acme'])
    expect(await reached({ stored: [{ issuer, written, revision: '1', fault: 'sealed with another key' }] })).toEqual([
      'acme',
      'globex',
    ])
    expect(await reached({ stored: [{ issuer, written: 'x', revision: '1' }] })).toEqual(['acme', 'globex'])
  })

  it('that is shared at Entra ID is every directory there, and no other host', async () => {
    const shared = [{ ...everywhere, issuer: 'https://login.microsoftonline.com/{tid}/v2.0' }]
    const directory = 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'
    expect(await reached({ fixed: shared }, directory)).toEqual(['acme', 'globex'])
    expect(await reached({ fixed: shared }, directory.replace('login', 'other'))).toEqual([])
    expect(await reached({ fixed: shared }, 'https://login.microsoftonline.com/{tid}/v2.0')).toEqual([])
  })
})

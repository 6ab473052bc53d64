import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { AuthSecError } from '../../../src/core/error/auth-sec-error.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import { Authenticator } from '../../../src/core/operation/authenticator.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { OwnIssuer } from '../../support/own-issuer.js'
import { openTestPostgres, ownIssuer, type TestPostgres } from '../../support/postgres.js'
import type { ForgedToken } from '../../support/token-forge.js'

const issuers = {
  north: new OwnIssuer({ issuer: 'https://north.example' }),
  south: new OwnIssuer({ issuer: 'https://south.example' }),
} as const
type IssuerName = keyof typeof issuers

/** Both issuers know a user `sam`, and each calls its tenant by a name of its own. */
const claims = { north: 'org-1', south: 'org-2' } as const

let test: TestPostgres
let tenants: Readonly<Record<IssuerName, Tenant>>
let authenticators: Readonly<Record<IssuerName, Authenticator>>

beforeAll(async () => {
  test = await openTestPostgres()
  const { applications } = test.postgres
  tenants = { north: await createTenant('acme', 'north'), south: await createTenant('globex', 'south') }
  await applications.register({ clientId: 'app', name: 'App', tenant: tenants.north, admits: 'any' })
  authenticators = { north: authenticatorOf('north'), south: authenticatorOf('south') }
})
afterAll(() => test?.close())

async function createTenant(slug: string, name: IssuerName): Promise<Tenant> {
  const { accounts, provisioner, tenantDirectory } = test.postgres
  const tenant = await provisioner.createTenant({ slug, name: slug })
  const registered = await tenantDirectory.find(slug)
  if (registered === undefined) throw new TypeError(`there is no ${slug}`)
  await tenantDirectory.addClaim(registered, { issuer: issuers[name].issuer, value: claims[name] }, 'cli:test')
  const grants = grantsOf({ roles: [`${slug}-role`] })
  const { id } = await accounts.create(tenant, { email: `sam@${slug}.example`, grants })
  await test.tenantSql(tenant, `insert into account_identity values ($1, 'sam', $2)`, [issuers[name].issuer, id])
  return tenant
}

function authenticatorOf(name: IssuerName): Authenticator {
  const { applications, grants, signIns, tenants: registry } = test.postgres
  return new Authenticator({
    ...{ clientId: 'app', applications, grants, signIns, tenants: registry },
    tokens: issuers[name].verifier,
    logouts: { isOver: async () => false },
    registry: { isActive: async () => true },
    developmentTokens: 'refuse',
  })
}

/** Who enters with a token, or the code of the refusal. */
async function entering(by: IssuerName, token: string): Promise<string> {
  try {
    const { tenant, user } = await authenticators[by].authenticate(token, issuers[by].resource)
    return `${user.email} of ${tenant.slug}`
  } catch (error) {
    if (error instanceof AuthSecError) return String(error.code)
    throw error
  }
}

const tokenOf = (by: IssuerName, tenant_id: string, forged: ForgedToken = {}): string =>
  issuers[by].forge.sign({ ...forged, claims: { sub: 'sam', client_id: 'client', roles: [], tenant_id } })

describe('two issuers and two tenants', () => {
  it.each([
    ['north', 'org-1', 'sam@acme.example of acme'],
    ['north', 'org-2', 'ERR_TENANT_UNKNOWN'],
    ['south', 'org-1', 'ERR_TENANT_UNKNOWN'],
    ['south', 'org-2', 'sam@globex.example of globex'],
  ] as const)('%s with the claim %s: %s', async (by, claim, outcome) => {
    expect(await entering(by, tokenOf(by, claim))).toBe(outcome)
  })

  it.each([
    ['north', 'south'],
    ['south', 'north'],
  ] as const)('a token of %s is none where %s is asked, whoever signs it', async (by, at) => {
    expect(await entering(at, tokenOf(by, claims[at]))).toBe('ERR_TOKEN_ISSUER')
    const { key } = issuers[by]
    const forge = issuers[at].forgeWith({ ...key, kid: issuers[at].key.kid })
    expect(await entering(at, forge.sign({ claims: { sub: 'sam', tenant_id: claims[at] } }))).toBe(
      'ERR_TOKEN_SIGNATURE',
    )
  })

  it.each(['acme', 'globex', 'ORG-1', 'org-1 ', 'org-', ''])(
    'a slug, or what only looks like the claim, is no claim of theirs: %j',
    async (claim) => {
      for (const by of ['north', 'south'] as const) {
        expect(await entering(by, tokenOf(by, claim))).toBe(claim === '' ? 'ERR_TOKEN_CLAIMS' : 'ERR_TENANT_UNKNOWN')
      }
    },
  )

  it('the same subject of both is two people, of whom each holds what their own tenant gives', async () => {
    const { grants } = test.postgres
    const [north, south] = [issuers.north.issuer, issuers.south.issuer]
    expect((await grants.findStanding(tenants.north, north, 'sam')).account?.email).toBe('sam@acme.example')
    expect((await grants.findStanding(tenants.south, south, 'sam')).account?.email).toBe('sam@globex.example')
    expect((await grants.findStanding(tenants.north, south, 'sam')).account).toBeUndefined()
    expect((await grants.findStanding(tenants.south, north, 'sam')).account).toBeUndefined()
    expect((await grants.findStanding(tenants.north, ownIssuer, 'sam')).account).toBeUndefined()
  })

  it('an account id is the subject of nobody but our own issuer, in its own tenant', async () => {
    const { grants } = test.postgres
    const { account } = await grants.findStanding(tenants.north, issuers.north.issuer, 'sam')
    const id = account?.id ?? ''
    expect((await grants.findStanding(tenants.north, ownIssuer, id)).account?.id).toBe(id)
    expect((await grants.findStanding(tenants.south, ownIssuer, id)).account).toBeUndefined()
    expect((await grants.findStanding(tenants.north, issuers.north.issuer, id)).account).toBeUndefined()
  })
})

describe('what a claim means', () => {
  it('is one tenant: it cannot be given to another while it is the first one’s', async () => {
    const { tenantDirectory, tenants: registry } = test.postgres
    const [acme, globex] = [await tenantDirectory.find('acme'), await tenantDirectory.find('globex')]
    if (acme === undefined || globex === undefined) throw new TypeError('there are no tenants')
    const claim = { issuer: issuers.north.issuer, value: 'org-1' }
    await expect(tenantDirectory.addClaim(globex, claim, 'cli:test')).rejects.toThrow(
      'that claim means the tenant acme',
    )
    expect(await tenantDirectory.removeClaim(globex, claim, 'cli:test')).toBe(false)
    expect(await registry.find(claim.issuer, claim.value)).toEqual(tenants.north)
    expect(await tenantDirectory.removeClaim(acme, claim, 'cli:test')).toBe(true)
    expect(await entering('north', tokenOf('north', 'org-1'))).toBe('ERR_TENANT_UNKNOWN')
    await tenantDirectory.addClaim(acme, claim, 'cli:test')
    expect(await entering('north', tokenOf('north', 'org-1'))).toBe('sam@acme.example of acme')
  })
})

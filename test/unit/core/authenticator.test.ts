import { describe, expect, it } from '@jest/globals'
import { AuthenticationError } from '../../../src/core/error/authentication-error.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { admits, type AdmittedTenants } from '../../../src/core/identity/application.js'
import { principalOf } from '../../../src/core/identity/caller.js'
import type { VerifiedToken } from '../../../src/core/identity/verified-token.js'
import { Authenticator, type AuthenticatorPorts } from '../../../src/core/operation/authenticator.js'
import type { StoredAccount } from '../../../src/core/permission/grant-store.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { acme, globex, sampleApplication } from '../../support/core-samples.js'

const verified: VerifiedToken = {
  issuer: 'https://auth.acme.example',
  subject: 'ada',
  clientId: 'client-1',
  resource: 'https://mcp.acme.example/mcp',
  tenantClaim: 'acme',
  email: 'token@acme.example',
  name: 'Token',
  asserted: { roles: ['admin', 'owner'], groups: [], scopes: ['read'], resources: [] },
  grantDigest: 'grant-1',
  expiresAt: 2_000_000_000,
  methods: ['pwd'],
}

const ada: StoredAccount = {
  id: 'ada',
  email: 'ada@acme.example',
  name: 'Ada',
  disabled: false,
  grants: grantsOf({ roles: ['admin', 'user'], scopes: ['read', 'write'], permissions: ['invoice:read'] }),
}

/** Everything behind an authenticator, in memory, noting which stores were asked. */
class Bench {
  readonly asked: string[] = []
  token: VerifiedToken = verified
  account: StoredAccount | undefined = ada
  active: unknown = true
  application = sampleApplication()
  down: 'registry' | 'grants' | 'tenants' | undefined

  authenticate() {
    const note = async (store: string) => {
      this.asked.push(store)
      await new Promise(setImmediate)
      if (this.down === store) throw new UpstreamError('TENANT_UNAVAILABLE', 'down')
    }
    const ports: AuthenticatorPorts = {
      application: this.application,
      tokens: {
        verify: async (token, resource) => {
          if (token !== 'good') throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'no')
          return { ...this.token, resource }
        },
      },
      tenants: {
        find: async (issuer, claim) => {
          await note('tenants')
          return issuer === verified.issuer ? [acme, globex].find((tenant) => tenant.slug === claim) : undefined
        },
        findBySlug: async () => undefined,
        list: async () => [acme, globex],
      },
      grants: {
        findAccount: async (tenant, issuer, subject) => {
          await note('grants')
          const known = tenant.id === acme.id && issuer === verified.issuer && subject === ada.id
          return known ? this.account : undefined
        },
      },
      registry: {
        isActive: async (digest) => {
          await note('registry')
          return digest === 'grant-1' ? JSON.parse(JSON.stringify(this.active)) : false
        },
      },
    }
    return new Authenticator(ports)
  }

  enter(token = 'good') {
    return this.authenticate().authenticate(token, 'https://mcp.acme.example/mcp')
  }
}

describe('a caller', () => {
  it('is who the token names, with what token and database both grant', async () => {
    const caller = await new Bench().enter()
    expect(caller).toMatchObject({
      tenant: acme,
      issuer: verified.issuer,
      clientId: 'client-1',
      expiresAt: 2_000_000_000,
    })
    expect(caller.user).toMatchObject({
      subject: 'ada',
      email: 'ada@acme.example',
      name: 'Ada',
      tenantId: 'acme',
      roles: ['admin'],
      groups: [],
      scopes: ['read'],
      resources: [],
      permissions: ['invoice:read'],
    })
  })

  it('answers has() by category and byte', async () => {
    const { user } = await new Bench().enter()
    expect(user.has('roles', 'admin')).toBe(true)
    expect(user.has('roles', 'owner')).toBe(false)
    expect(user.has('roles', 'ADMIN')).toBe(false)
    expect(user.has('groups', 'admin')).toBe(false)
  })

  it('cannot be given more by a handler', async () => {
    const { user } = await new Bench().enter()
    expect(Object.isFrozen(user)).toBe(true)
    expect(Reflect.set(user, 'roles', ['owner'])).toBe(false)
    expect(Reflect.set(user.roles, 1, 'owner')).toBe(false)
    expect(user.has('roles', 'owner')).toBe(false)
  })

  it('is one principal across tokens, and another for another subject, tenant, client or issuer', async () => {
    const caller = await new Bench().enter()
    expect(principalOf({ ...caller, expiresAt: 1 })).toBe(principalOf(caller))
    const others = [
      { ...caller, tenant: globex },
      { ...caller, clientId: 'client-2' },
      { ...caller, issuer: 'https://other.example' },
    ]
    expect(new Set([caller, ...others].map(principalOf)).size).toBe(4)
  })
})

describe('refusals', () => {
  it('a token that is not good: nothing is looked up', async () => {
    const bench = new Bench()
    await expect(bench.enter('bad')).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    expect(bench.asked).toEqual([])
  })

  it.each(['', 'nobody', 'ACME', 'acme ', 'acme?host=evil', '../acme', 'postgres', '__proto__'])(
    'an unknown tenant %j: no account is looked up',
    async (tenantClaim) => {
      const bench = new Bench()
      bench.token = { ...verified, tenantClaim }
      await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' })
      expect(bench.asked).toEqual(['tenants'])
    },
  )

  it('a tenant of another issuer', async () => {
    const bench = new Bench()
    bench.token = { ...verified, issuer: 'https://other.example' }
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' })
  })

  it('a tenant that the application does not admit: no account is looked up', async () => {
    const bench = new Bench()
    bench.token = { ...verified, tenantClaim: 'globex' }
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_TENANT_NOT_ADMITTED' })
    expect(bench.asked).toEqual(['tenants'])
  })

  it.each([false, null, 'true', 1, {}, []])('a grant that is %j: only true is true', async (active) => {
    const bench = new Bench()
    bench.active = active
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })

  it('a grant that is not known', async () => {
    const bench = new Bench()
    bench.token = { ...verified, grantDigest: 'grant-2' }
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })

  it('an account that the tenant does not have', async () => {
    const bench = new Bench()
    bench.account = undefined
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_ACCOUNT_UNKNOWN' })
  })

  it('an account of another tenant with the same subject', async () => {
    const bench = new Bench()
    bench.application = sampleApplication({ admits: 'any' })
    bench.token = { ...verified, tenantClaim: 'globex' }
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_ACCOUNT_UNKNOWN' })
  })

  it('a disabled account', async () => {
    const bench = new Bench()
    bench.account = { ...ada, disabled: true }
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_ACCOUNT_DISABLED' })
  })

  it.each([undefined, null, 0, '', 'false'])(
    'an account whose state is %j: only false is enabled',
    async (disabled) => {
      const bench = new Bench()
      const account = { ...ada }
      Reflect.set(account, 'disabled', disabled)
      bench.account = account
      await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_ACCOUNT_DISABLED' })
    },
  )

  it.each(['tenants', 'registry', 'grants'] as const)('an outage of %s is an outage', async (store) => {
    const bench = new Bench()
    bench.down = store
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
  })

  it('nothing is remembered: a caller who was let in is refused once the grant has ended', async () => {
    const bench = new Bench()
    const authenticator = bench.authenticate()
    await expect(authenticator.authenticate('good', 'r')).resolves.toMatchObject({ tenant: acme })
    bench.active = false
    await expect(authenticator.authenticate('good', 'r')).rejects.toMatchObject({ code: 'ERR_TOKEN_REVOKED' })
  })
})

describe('admission', () => {
  const cases: readonly (readonly [AdmittedTenants, boolean, boolean])[] = [
    ['own', true, false],
    ['any', true, true],
    [[], false, false],
    [['acme'], true, false],
    [['globex'], false, true],
    [['acme', 'globex'], true, true],
    [['ACME', 'globex '], false, false],
    [['any'], false, false],
    [['own'], false, false],
  ]
  it.each(cases.map(([tenants, own, other]) => ({ tenants, own, other })))(
    'of $tenants: own $own, other $other',
    ({ tenants, own, other }) => {
      const application = sampleApplication({ admits: tenants })
      expect(admits(application, acme)).toBe(own)
      expect(admits(application, globex)).toBe(other)
    },
  )

  it('goes by the id of the own tenant, not by its slug', () => {
    expect(admits(sampleApplication(), { ...globex, slug: 'acme' })).toBe(false)
  })

  it('never admits by a part of a text', () => {
    const application = sampleApplication()
    Reflect.set(application, 'admits', 'acme,globex')
    expect(() => admits(application, acme)).toThrow(TypeError)
  })
})

import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { AuthenticationError } from '../../../src/core/error/authentication-error.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import { admits, type AdmittedTenants, type Application } from '../../../src/core/identity/application.js'
import { principalOf } from '../../../src/core/identity/caller.js'
import type { VerifiedToken } from '../../../src/core/identity/verified-token.js'
import { Authenticator, type AuthenticatorPorts } from '../../../src/core/operation/authenticator.js'
import type { StoredAccount } from '../../../src/core/permission/standing.js'
import { grantsOf } from '../../../src/core/permission/grants.js'
import type { SignIn, SignInReference } from '../../../src/core/sign-in/sign-in-store.js'
import { acme, globex, sampleApplication } from '../../support/core-samples.js'
import { standingOf } from '../../support/standings.js'

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
  issuedAt: 1_900_000_000,
  methods: ['pwd'],
}

const ada: StoredAccount = {
  id: 'ada',
  email: 'ada@acme.example',
  name: 'Ada',
  disabled: false,
  grants: grantsOf({ roles: ['admin', 'user'], scopes: ['read', 'write'], permissions: ['invoice:read'] }),
}

const reference: SignInReference = { tenant: acme, key: 'sign-in-1' }

const signedIn: SignIn = {
  key: 'sign-in-1',
  application: 'client-1',
  issuer: verified.issuer,
  subject: 'ada',
  tenant: acme,
  clientId: 'relying-party',
  asserted: { scopes: ['read', 'delete'] },
  grantDigest: 'grant-1',
  endsAt: undefined,
  startedAt: 1_900_000_000,
  expiresAt: 1_900_043_200,
  refreshDue: false,
}

/** Everything behind an authenticator, in memory, noting which stores were asked. */
class Bench {
  readonly asked: string[] = []
  token: VerifiedToken = verified
  account: StoredAccount | undefined = ada
  active: unknown = true
  signIn: SignIn | undefined = signedIn
  /** Which sign-ins were ended, and how. */
  readonly ended: (readonly [string, string])[] = []
  /** How each sign-in was looked up. */
  readonly found: string[] = []
  application: Application | undefined = sampleApplication()
  suspended = false
  developmentTokens: AuthenticatorPorts['developmentTokens'] = 'refuse'
  /** What the tenant of the slug `acme` is. */
  acme = acme
  down: 'applications' | 'registry' | 'grants' | 'signIns' | 'tenants' | undefined

  authenticate() {
    const note = async (store: string) => {
      this.asked.push(store)
      await new Promise(setImmediate)
      if (this.down === store) throw new UpstreamError('TENANT_UNAVAILABLE', 'down')
    }
    const ports: AuthenticatorPorts = {
      clientId: 'client-1',
      applications: {
        find: async (clientId) => {
          await note('applications')
          return clientId === 'client-1' ? this.application : undefined
        },
      },
      developmentTokens: this.developmentTokens,
      tokens: {
        verify: async (token, resource) => {
          if (token !== 'good') throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'no')
          return { ...this.token, resource }
        },
      },
      tenants: {
        find: async (issuer, claim) => {
          await note('tenants')
          if (issuer !== verified.issuer || this.suspended) return undefined
          return [this.acme, globex].find((tenant) => tenant.slug === claim)
        },
        findBySlug: async () => undefined,
        list: async () => [acme, globex],
      },
      grants: {
        findStanding: async (tenant, issuer, subject) => {
          await note('grants')
          const known = tenant.slug === acme.slug && issuer === verified.issuer && subject === ada.id
          return standingOf(known ? this.account : undefined)
        },
      },
      logouts: { isOver: async () => false },
      registry: {
        isActive: async (digest) => {
          await note('registry')
          return digest === 'grant-1' ? JSON.parse(JSON.stringify(this.active)) : false
        },
      },
      signIns: {
        find: async ({ key }, used) => {
          await note('signIns')
          this.found.push(used)
          return key === reference.key ? this.signIn : undefined
        },
        end: async ({ key }, how) => {
          this.ended.push([key, how])
          return true
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

  it('shares with whoever comes at the same moment what is read of the application and the tenant, and nothing of the account', async () => {
    const bench = new Bench()
    const authenticator = bench.authenticate()
    await Promise.all([1, 2, 3].map(() => authenticator.authenticate('good', 'https://mcp.acme.example/mcp')))
    const readsOf = (store: string) => bench.asked.filter((asked) => asked === store).length
    expect(['applications', 'tenants', 'registry', 'grants'].map(readsOf)).toEqual([1, 1, 3, 3])
    bench.suspended = true
    await expect(authenticator.authenticate('good', '')).rejects.toMatchObject({ code: 'ERR_TENANT_UNKNOWN' })
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
      expect(bench.asked).toEqual(['tenants', 'applications'])
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
    expect(bench.asked).toEqual(['tenants', 'applications'])
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

  it.each(['tenants', 'applications', 'registry', 'grants'] as const)('an outage of %s is an outage', async (store) => {
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

describe('a token that was minted for development', () => {
  const minted = { ...verified, methods: ['dev'] }

  it('is refused where it is not accepted on purpose: nothing is looked up', async () => {
    const bench = new Bench()
    bench.token = minted
    await expect(bench.enter()).rejects.toMatchObject({ name: 'AuthenticationError', code: 'ERR_TOKEN_TYPE' })
    bench.token = { ...verified, methods: ['pwd', 'dev'] }
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE' })
    expect(bench.asked).toEqual([])
    bench.token = { ...verified, methods: ['pwd', 'otp'] }
    await expect(bench.enter()).resolves.toMatchObject({ tenant: acme })
  })

  it('is refused where what to do with it is not said', async () => {
    const bench = new Bench()
    bench.token = minted
    Reflect.set(bench, 'developmentTokens', undefined)
    await expect(bench.enter()).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE' })
  })

  it('is accepted where it is accepted on purpose', async () => {
    const bench = new Bench()
    bench.token = minted
    bench.developmentTokens = 'accept'
    await expect(bench.enter()).resolves.toMatchObject({ tenant: acme })
  })
})

describe('an application that changes while the server runs', () => {
  const changes: readonly (readonly [string, Application | undefined])[] = [
    ['no longer admits the tenant', sampleApplication({ admits: ['globex'] })],
    ['is deleted, or belongs to a suspended tenant', undefined],
  ]
  it.each(changes)(
    'keeps everybody out from the next request on when it %s, and lets them in again',
    async (_how, changed) => {
      const bench = new Bench()
      const authenticator = bench.authenticate()
      const enter = () => authenticator.authenticate('good', 'r')
      await expect(enter()).resolves.toMatchObject({ tenant: acme })
      bench.application = changed
      await expect(enter()).rejects.toMatchObject({ name: 'PermissionDeniedError', code: 'ERR_TENANT_NOT_ADMITTED' })
      bench.application = sampleApplication()
      await expect(enter()).resolves.toMatchObject({ tenant: acme })
    },
  )
})

describe('who is refused by tenant', () => {
  const enterAs = async (tenantClaim: string): Promise<unknown> => {
    const bench = new Bench()
    bench.token = { ...verified, tenantClaim }
    return bench.enter().catch((error: unknown) => error)
  }

  it.each(['nobody', 'globex'])('is told to the record: %s', async (tenantClaim) => {
    const { issuer, subject, clientId } = verified
    expect(await enterAs(tenantClaim)).toMatchObject({ principal: { issuer, subject, clientId, tenantClaim } })
  })

  it('is told to nothing that prints the error', async () => {
    const error = await enterAs('a-strange-claim')
    expect(error).toBeInstanceOf(Error)
    expect(inspect(error) + JSON.stringify(error)).not.toMatch(/strange|ada/)
  })
})

describe('a caller who was let in', () => {
  const endings: readonly (readonly [string, (bench: Bench) => void])[] = [
    ['the account is disabled', (bench) => (bench.account = { ...ada, disabled: true })],
    ['the account is deleted', (bench) => (bench.account = undefined)],
    ['the grant has ended', (bench) => (bench.active = false)],
    ['the tenant is suspended', (bench) => (bench.suspended = true)],
    ['the tenant is no longer admitted', (bench) => (bench.application = sampleApplication({ admits: [] }))],
    ['the application is deleted', (bench) => (bench.application = undefined)],
  ]
  it.each(endings)('stands until %s', async (_how, end) => {
    const bench = new Bench()
    const authenticator = bench.authenticate()
    const caller = await authenticator.authenticate('good', 'r')
    await expect(authenticator.renew(caller)).resolves.toBeDefined()
    end(bench)
    await expect(authenticator.renew(caller)).resolves.toBeUndefined()
  })

  it.each(endings)('falls where %s, though its issuer does not say whether its token stands', async (_how, end) => {
    const bench = new Bench()
    const stands = (): Promise<never> => Promise.reject(new UpstreamError('IDP_UNAVAILABLE', 'silent'))
    bench.token = { ...verified, proof: { digest: 'd', stands } }
    const authenticator = bench.authenticate()
    const caller = await authenticator.authenticate('good', 'r')
    await expect(authenticator.renew(caller)).rejects.toMatchObject({ code: 'ERR_IDP_UNAVAILABLE' })
    end(bench)
    await expect(authenticator.renew(caller)).resolves.toBeUndefined()
  })

  it.each([true, false])('stands as long as what proved it does: %j', async (answer) => {
    const bench = new Bench()
    bench.token = { ...verified, proof: { digest: 'd', stands: () => Promise.resolve(answer) } }
    const authenticator = bench.authenticate()
    const caller = await authenticator.authenticate('good', 'r')
    expect((await authenticator.renew(caller)) !== undefined).toBe(answer)
  })

  it('does not stand as a caller of another tenant', async () => {
    const bench = new Bench()
    const authenticator = bench.authenticate()
    const caller = await authenticator.authenticate('good', 'r')
    await expect(authenticator.renew({ ...caller, tenant: globex })).resolves.toBeUndefined()
  })

  it.each(['tenants', 'applications', 'registry', 'grants'] as const)(
    'neither stands nor falls during an outage of %s',
    async (store) => {
      const bench = new Bench()
      const authenticator = bench.authenticate()
      const caller = await authenticator.authenticate('good', 'r')
      bench.down = store
      await expect(authenticator.renew(caller)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    },
  )
})

describe('a sign-in with the five tools', () => {
  const recognized = (bench: Bench) => bench.authenticate().recognize(reference, 'used')

  it('is a caller who holds what the account holds now, scopes capped by the sign-in', async () => {
    const bench = new Bench()
    const caller = await recognized(bench)
    expect(caller).toMatchObject({
      tenant: acme,
      issuer: verified.issuer,
      tenantClaim: 'acme',
      clientId: 'relying-party',
      grantDigest: 'grant-1',
      expiresAt: signedIn.expiresAt,
      credential: { kind: 'sign-in', signIn: reference },
    })
    expect(caller?.user).toMatchObject({ subject: 'ada', email: ada.email, tenantId: 'acme' })
    expect(caller?.user).toMatchObject({ roles: ['admin', 'user'], scopes: ['read'], permissions: ['invoice:read'] })
  })

  it('has no scope that it was not granted, however much the account has', async () => {
    const bench = new Bench()
    bench.signIn = { ...signedIn, asserted: { scopes: [] } }
    expect((await recognized(bench))?.user.scopes).toEqual([])
  })

  it('has nothing that a token behind it did not assert, in whatever category', async () => {
    const bench = new Bench()
    bench.signIn = { ...signedIn, asserted: { scopes: ['read'], roles: ['user'], permissions: [] } }
    const caller = await recognized(bench)
    expect(caller?.user).toMatchObject({ roles: ['user'], scopes: ['read'], permissions: [] })
  })

  it('reads the account anew each time', async () => {
    const bench = new Bench()
    const authenticator = bench.authenticate()
    const roles = async () => (await authenticator.recognize(reference, 'used'))?.user.roles
    expect(await roles()).toEqual(['admin', 'user'])
    bench.account = { ...ada, grants: grantsOf({ roles: ['user'] }) }
    expect(await roles()).toEqual(['user'])
  })

  it('without an authorization grant stands on its account alone', async () => {
    const bench = new Bench()
    bench.signIn = { ...signedIn, grantDigest: undefined }
    bench.active = false
    expect(await recognized(bench)).toMatchObject({ grantDigest: undefined })
    expect(bench.asked).not.toContain('registry')
  })

  const endings: readonly (readonly [string, (bench: Bench) => void])[] = [
    ['it has ended', (bench) => (bench.signIn = undefined)],
    ['it is of another application', (bench) => (bench.signIn = { ...signedIn, application: 'client-2' })],
    ['the tenant is suspended', (bench) => (bench.suspended = true)],
    ['the tenant is no longer admitted', (bench) => (bench.application = sampleApplication({ admits: [] }))],
    [
      'the slug is another tenant now, though that one is admitted too',
      (bench) => {
        bench.application = sampleApplication({ admits: 'any' })
        bench.acme = { ...acme, id: globex.id }
      },
    ],
    ['the account is disabled', (bench) => (bench.account = { ...ada, disabled: true })],
    ['the account is deleted', (bench) => (bench.account = undefined)],
    ['the grant is revoked', (bench) => (bench.active = false)],
    ['its grant is unknown', (bench) => (bench.signIn = { ...signedIn, grantDigest: 'grant-2' })],
  ]
  it.each(endings)('is nobody, and its caller stands no more, when %s', async (_how, end) => {
    const bench = new Bench()
    const authenticator = bench.authenticate()
    const caller = await authenticator.recognize(reference, 'used')
    if (caller === undefined) throw new TypeError('nobody was recognized')
    await expect(authenticator.renew(caller)).resolves.toBeDefined()
    end(bench)
    await expect(authenticator.renew(caller)).resolves.toBeUndefined()
    await expect(authenticator.recognize(reference, 'used')).resolves.toBeUndefined()
  })

  it.each(endings.slice(2))('ends for good, and does not come back, when %s', async (_how, end) => {
    const bench = new Bench()
    end(bench)
    await expect(bench.authenticate().recognize(reference, 'used')).resolves.toBeUndefined()
    expect(bench.ended).toEqual([[reference.key, 'refused']])
  })

  it.each([...endings.slice(0, 2), ['it stands', () => undefined] as const])(
    'is not ended when %s',
    async (_how, end) => {
      const bench = new Bench()
      end(bench)
      await bench.authenticate().recognize(reference, 'used')
      expect(bench.ended).toEqual([])
    },
  )

  it('is of nobody under another key', async () => {
    const authenticator = new Bench().authenticate()
    await expect(authenticator.recognize({ tenant: acme, key: 'sign-in-2' }, 'used')).resolves.toBeUndefined()
  })

  it('is not used by asking whether it stands', async () => {
    const bench = new Bench()
    const authenticator = bench.authenticate()
    const caller = await authenticator.recognize(reference, 'used')
    if (caller === undefined) throw new TypeError('nobody was recognized')
    await authenticator.renew(caller)
    expect(bench.found).toEqual(['used', 'unused'])
  })

  it.each(['signIns', 'tenants', 'applications', 'registry', 'grants'] as const)(
    'is neither somebody nor nobody during an outage of %s',
    async (store) => {
      const bench = new Bench()
      bench.down = store
      await expect(recognized(bench)).rejects.toMatchObject({ code: 'ERR_TENANT_UNAVAILABLE' })
    },
  )
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

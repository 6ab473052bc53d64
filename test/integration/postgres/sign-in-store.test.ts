import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import type { SignInReference } from '../../../src/core/sign-in/sign-in-store.js'
import { identityIn, newSignIn, someDigest } from '../../support/login-samples.js'
import { openTestPostgres, ownIssuer, type Row, type TestPostgres } from '../../support/postgres.js'
import { until } from '../../support/until.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await test.postgres.provisioner.createTenant({ slug: 'globex', name: 'Globex' })
})
afterAll(() => test?.close())

/** A sign-in that was opened in acme, and where it is. */
async function opened(changed: Parameters<typeof identityIn>[1] = {}) {
  const signIn = newSignIn(identityIn(acme, changed))
  await test.postgres.signIns.open(signIn)
  return { signIn, reference: { tenant: acme, key: signIn.key } }
}

async function row({ key }: SignInReference): Promise<Row | undefined> {
  const epoch = (column: string) => `extract(epoch from ${column})::float8 as ${column}`
  const columns = `xmin::text, issuer, ${['created_at', 'used_at', 'expires_at'].map(epoch).join(', ')}`
  const [found] = await test.tenantSql(acme, `select ${columns} from session where key = $1`, [key])
  return found
}

async function shift({ key }: SignInReference, change: string): Promise<void> {
  await test.tenantSql(acme, `update session set ${change} where key = $1`, [key])
}

async function records(requestId: string, tenant = acme): Promise<readonly Row[]> {
  const columns = 'type, issuer, subject, client_id, operation, reason, detail, count'
  return test.tenantSql(tenant, `select ${columns} from audit_event where request_id = $1 order by id`, [requestId])
}

async function stand(references: readonly SignInReference[]): Promise<readonly boolean[]> {
  const found = await Promise.all(references.map((reference) => test.postgres.signIns.find(reference, 'unused')))
  return found.map((signIn) => signIn !== undefined)
}

describe('a sign-in', () => {
  it('is found as it was opened, for twelve hours from now', async () => {
    const { signIn, reference } = await opened()
    const { identity, key, application } = signIn
    const found = await test.postgres.signIns.find(reference, 'unused')
    expect(found).toEqual({
      ...identity,
      ...{ key, application, startedAt: expect.any(Number), expiresAt: expect.any(Number) },
      refreshDue: false,
    })
    expect(Math.abs((found?.startedAt ?? 0) - (await test.postgres.logins.now()))).toBeLessThan(5)
    expect((found?.expiresAt ?? 0) - (found?.startedAt ?? 0)).toBeCloseTo(12 * 60 * 60, -1)
  })

  it('is not found by another key', async () => {
    const { reference } = await opened()
    for (const key of ['', someDigest(), `${reference.key}\0`, reference.key.toLowerCase(), `${reference.key} `]) {
      expect(await test.postgres.signIns.find({ tenant: acme, key }, 'used')).toBeUndefined()
    }
  })

  it("is not found, nor ended, in another tenant's name", async () => {
    const { reference } = await opened()
    const elsewhere = { tenant: globex, key: reference.key }
    const disguised = { tenant: { ...acme, id: globex.id }, key: reference.key }
    for (const foreign of [elsewhere, disguised]) {
      expect(await test.postgres.signIns.find(foreign, 'used')).toBeUndefined()
      expect(await test.postgres.signIns.end(foreign, 'terminated')).toBe(false)
    }
    expect(await stand([reference])).toEqual([true])
    expect(await test.tenantSql(globex, 'select 1 from session')).toEqual([])
  })

  it('is an outage for a tenant that the registry does not have', async () => {
    const nobody: Tenant = { ...acme, id: '00000000-0000-4000-8000-000000000000' }
    const signIn = newSignIn(identityIn(nobody))
    const code = { code: 'ERR_TENANT_UNAVAILABLE' }
    await expect(test.postgres.signIns.open(signIn)).rejects.toMatchObject(code)
    await expect(test.postgres.signIns.find({ tenant: nobody, key: 'x' }, 'used')).rejects.toMatchObject(code)
  })

  it('of our own issuer stays whose it is when the address of the issuer changes', async () => {
    const { reference } = await opened({ issuer: ownIssuer })
    expect(await row(reference)).toMatchObject({ issuer: null })
    const moved = await test.reopen({ ownIssuer: 'https://issuer.example:8443' })
    expect(await moved.signIns.find(reference, 'unused')).toMatchObject({ issuer: 'https://issuer.example:8443' })
  })

  it('of another issuer keeps its address', async () => {
    const { reference } = await opened({ issuer: 'https://other.example' })
    const moved = await test.reopen({ ownIssuer: 'https://issuer.example:8443' })
    expect(await moved.signIns.find(reference, 'unused')).toMatchObject({ issuer: 'https://other.example' })
  })

  it.each([
    ['a subject with NUL', { subject: 'ann\0' }],
    ['half a character in a scope', { asserted: { scopes: ['read', '\ud800'] } }],
    ['an issuer with NUL', { issuer: 'https://issuer.example\0' }],
    ['an end that is no number', { endsAt: Number.NaN }],
  ])('is refused with %s, and nothing is on record', async (_what, changed) => {
    const signIn = newSignIn(identityIn(acme, changed))
    await expect(test.postgres.signIns.open(signIn)).rejects.toThrow(TypeError)
    expect(await stand([{ tenant: acme, key: signIn.key }])).toEqual([false])
    expect(await records(signIn.requestId)).toEqual([])
  })
})

describe('the record', () => {
  it('has the row of a sign-in as soon as it is open', async () => {
    const { signIn } = await opened()
    const { subject } = signIn.identity
    expect(await records(signIn.requestId)).toEqual([
      {
        ...{ type: 'signin.completed', issuer: ownIssuer, subject, client_id: 'relying-party' },
        ...{ operation: null, reason: null, detail: { application: 'app' }, count: 1 },
      },
    ])
    expect(await records(signIn.requestId, globex)).toEqual([])
  })

  it('and the sign-in are both there or neither, but an end stands at once and its row follows', async () => {
    const broken = newSignIn(identityIn(acme))
    const { signIn, reference } = await opened()
    await test.tenantSql(acme, 'alter table audit_event rename to hidden')
    const open = await Promise.allSettled([test.postgres.signIns.open(broken)])
    const ended = await Promise.allSettled([test.postgres.signIns.end(reference, 'logged_out')])
    const standing = await stand([{ tenant: acme, key: broken.key }, reference])
    await test.tenantSql(acme, 'alter table hidden rename to audit_event')
    expect(open).toMatchObject([{ status: 'rejected', reason: { code: 'ERR_TENANT_UNAVAILABLE' } }])
    expect(ended).toEqual([{ status: 'fulfilled', value: true }])
    expect(standing).toEqual([false, false])
    expect(await records(broken.requestId)).toEqual([])
    await test.postgres.audit.settle(acme)
    expect(await records(signIn.requestId)).toMatchObject([{ type: 'signin.completed' }, { reason: 'logged_out' }])
    expect(await test.postgres.signIns.end(reference, 'logged_out')).toBe(false)
  })

  it('does not wait for the audit log, which may be closed', async () => {
    const closing = await test.reopen()
    await closing.audit.close()
    const signIn = newSignIn(identityIn(acme))
    await closing.signIns.open(signIn)
    expect(await closing.signIns.end({ tenant: acme, key: signIn.key }, 'terminated')).toBe(true)
    expect(await records(signIn.requestId)).toMatchObject([{ type: 'signin.completed' }, { reason: 'terminated' }])
  })
})

describe('ending', () => {
  it.each(['logged_out', 'replaced', 'terminated', 'mismatch'] as const)(
    'as %s takes the sign-in away at once in every process, on record',
    async (how) => {
      const { signIn, reference } = await opened()
      const { signIns } = await test.reopen()
      expect(await signIns.find(reference, 'used')).toBeDefined()
      expect(await test.postgres.signIns.end(reference, how)).toBe(true)
      expect(await signIns.find(reference, 'used')).toBeUndefined()
      const { subject } = signIn.identity
      const common = { issuer: ownIssuer, subject, client_id: 'relying-party', detail: { application: 'app' } }
      expect(await records(signIn.requestId)).toMatchObject([
        { ...common, type: 'signin.completed', reason: null },
        { ...common, type: 'session.ended', reason: how, count: 1 },
      ])
    },
  )

  it('is done by one of twenty who end it at once, and is on record once', async () => {
    const { signIn, reference } = await opened()
    const { signIns } = await test.reopen()
    const attempts = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? signIns : test.postgres.signIns).end(reference, 'logged_out'),
    )
    expect((await Promise.all(attempts)).filter(Boolean)).toHaveLength(1)
    expect(await records(signIn.requestId)).toHaveLength(2)
    expect(await test.postgres.signIns.end(reference, 'logged_out')).toBe(false)
  })

  it('of a database that does not answer is done as soon as it does, and is on record then', async () => {
    const { signIn, reference } = await opened()
    await test.tenantSql(acme, 'alter table session rename to hidden')
    const ended = await Promise.allSettled([test.postgres.signIns.end(reference, 'logged_out')])
    await test.tenantSql(acme, 'alter table hidden rename to session')
    expect(ended).toEqual([{ status: 'fulfilled', value: true }])
    await until(async () => (await stand([reference]))[0] === false)
    expect(await records(signIn.requestId)).toMatchObject([{ type: 'signin.completed' }, { reason: 'logged_out' }])
  })

  it('leaves the other sign-ins of the account', async () => {
    const { reference, signIn } = await opened()
    const { reference: other } = await opened({ subject: signIn.identity.subject })
    await test.postgres.signIns.end(reference, 'logged_out')
    expect(await stand([reference, other])).toEqual([false, true])
  })
})

describe('use', () => {
  it('is noted, but not twice in a second', async () => {
    const { reference } = await opened()
    await shift(reference, `used_at = clock_timestamp() - interval '10 seconds'`)
    await test.postgres.signIns.find(reference, 'used')
    const noted = await row(reference)
    expect(Number(noted?.['used_at'])).toBeGreaterThan(Number(noted?.['created_at']))
    await shift(reference, `used_at = clock_timestamp() + interval '5 seconds'`)
    const recent = await row(reference)
    await test.postgres.signIns.find(reference, 'used')
    expect(await row(reference)).toEqual(recent)
  })

  it('is not noted of a look', async () => {
    const { reference } = await opened()
    await shift(reference, `used_at = clock_timestamp() - interval '10 minutes'`)
    const before = await row(reference)
    expect(await test.postgres.signIns.find(reference, 'unused')).toBeDefined()
    expect(await row(reference)).toEqual(before)
  })

  it('is noted of twenty at once, and all find it', async () => {
    const { reference } = await opened()
    await shift(reference, `used_at = clock_timestamp() - interval '10 minutes'`)
    const found = await Promise.all(Array.from({ length: 20 }, () => test.postgres.signIns.find(reference, 'used')))
    expect(found.every((signIn) => signIn?.key === reference.key)).toBe(true)
    const noted = await row(reference)
    expect(Number(noted?.['used_at'])).toBeGreaterThan(Number(noted?.['created_at']))
  })
})

describe('by the clock of the database a sign-in', () => {
  it.each([
    ['stands shortly before 30 minutes without use', `used_at = clock_timestamp() - interval '00:29:57'`, true],
    ['is over a second after 30 minutes without use', `used_at = clock_timestamp() - interval '00:30:01'`, false],
    ['stands shortly before its end, however much it is used', `expires_at = clock_timestamp() + interval '3 s'`, true],
    [
      'is over a second after its end, however much it is used',
      `expires_at = clock_timestamp() - interval '1 s'`,
      false,
    ],
  ])('%s', async (_what, change, standing) => {
    const { signIn, reference } = await opened()
    await shift(reference, change)
    for (const used of ['unused', 'used'] as const) {
      expect((await test.postgres.signIns.find(reference, used)) !== undefined).toBe(standing)
    }
    expect(await test.postgres.signIns.end(reference, 'logged_out')).toBe(standing)
    expect(await records(signIn.requestId)).toHaveLength(standing ? 2 : 1)
  })

  it('ends with its token where that comes first, and not later where it comes later', async () => {
    const now = Math.floor(await test.postgres.logins.now())
    const day = 24 * 60 * 60
    const capped = await opened({ endsAt: now + 600 })
    const long = await opened({ endsAt: now + day })
    const endless = await opened({ endsAt: Number.MAX_SAFE_INTEGER })
    const over = await opened({ endsAt: now - 1 })
    const ancient = await opened({ endsAt: -Number.MAX_SAFE_INTEGER })
    const find = async ({ reference }: typeof capped) => test.postgres.signIns.find(reference, 'unused')
    const found = await find(capped)
    expect(found?.endsAt).toBe(now + 600)
    expect(found?.expiresAt).toBeGreaterThanOrEqual(now + 599)
    expect(found?.expiresAt).toBeLessThanOrEqual(now + 600)
    expect(await find(long)).toMatchObject({ endsAt: now + day })
    for (const signIn of [await find(long), await find(endless)]) {
      expect((signIn?.expiresAt ?? 0) - now).toBeCloseTo(12 * 60 * 60, -1)
    }
    expect([await find(over), await find(ancient)]).toEqual([undefined, undefined])
  })
})

describe('of one account', () => {
  it('the oldest ends, on record, when there is a twenty-first', async () => {
    const subject = someDigest()
    const all = []
    for (let index = 0; index < 20; index += 1) all.push(await opened({ subject }))
    const references = all.map(({ reference }) => reference)
    expect(await stand(references)).toEqual(Array.from({ length: 20 }, () => true))
    const { reference } = await opened({ subject })
    expect(await stand([...references, reference])).toEqual([false, ...Array.from({ length: 20 }, () => true)])
    const [oldest, second] = all
    expect(await records(oldest?.signIn.requestId ?? '')).toMatchObject([
      { type: 'signin.completed' },
      { type: 'session.ended', reason: 'evicted', subject, detail: { application: 'app' } },
    ])
    expect(await records(second?.signIn.requestId ?? '')).toHaveLength(1)
  })

  it('twenty are left of thirty that are opened at once, over two processes', async () => {
    const subject = someDigest()
    const other = (await test.reopen()).signIns
    const signIns = Array.from({ length: 30 }, () => newSignIn(identityIn(acme, { subject })))
    await Promise.all(signIns.map((signIn, index) => (index % 2 === 0 ? other : test.postgres.signIns).open(signIn)))
    const standing = await stand(signIns.map(({ key }) => ({ tenant: acme, key })))
    expect(standing.filter(Boolean)).toHaveLength(20)
    const reasons = 'select reason, count(*)::int from audit_event where subject = $1 group by reason order by reason'
    expect(await test.tenantSql(acme, reasons, [subject])).toEqual([
      { reason: 'evicted', count: 10 },
      { reason: null, count: 30 },
    ])
  })

  it('those of another issuer, subject or tenant take no place, nor do those that are over', async () => {
    const subject = someDigest()
    const kept = (await opened({ subject })).reference
    const over = (await opened({ subject })).reference
    await shift(over, `expires_at = clock_timestamp() - interval '1 second'`)
    await test.postgres.signIns.open(newSignIn(identityIn(globex, { subject })))
    await opened({ subject, issuer: 'https://other.example' })
    for (let index = 0; index < 19; index += 1) await opened({ subject })
    expect(await stand([kept])).toEqual([true])
    await opened({ subject })
    expect(await stand([kept])).toEqual([false])
  })
})

describe('the sign-ins that rest on grants', () => {
  it('end with these, each on record, and no other does', async () => {
    const [one, two, stays, none] = [
      await opened({ grantDigest: 'grant-1' }),
      await opened({ grantDigest: 'grant-2' }),
      await opened({ grantDigest: 'grant-3' }),
      await opened({ grantDigest: undefined }),
    ]
    const { signIns } = test.postgres.directory
    expect(await signIns.endGranted(acme, [])).toEqual([])
    expect(await signIns.endGranted(globex, ['grant-1', 'grant-2'])).toEqual([])
    const ended = await signIns.endGranted(acme, ['grant-1', 'grant-2', 'grant-of-nobody'])
    expect(ended.map(({ key, kind, tenantId }) => ({ key, kind, tenantId }))).toEqual(
      expect.arrayContaining([one, two].map(({ signIn }) => ({ key: signIn.key, kind: 'sign-in', tenantId: acme.id }))),
    )
    expect(ended).toHaveLength(2)
    const all = [one, two, stays, none].map(({ reference }) => reference)
    expect(await stand(all)).toEqual([false, false, true, true])
    for (const { signIn } of [one, two]) {
      expect(await records(signIn.requestId)).toContainEqual(
        expect.objectContaining({ type: 'session.ended', reason: 'terminated' }),
      )
    }
    expect(await signIns.endGranted(acme, ['grant-1'])).toEqual([])
  })
})

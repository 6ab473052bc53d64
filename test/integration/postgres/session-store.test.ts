import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import type { TransportSession } from '../../../src/core/identity/session-store.js'
import { holdRows } from '../../support/hold-rows.js'
import { newSession, someDigest } from '../../support/login-samples.js'
import { openTestPostgres, type Row, type TestPostgres } from '../../support/postgres.js'

let test: TestPostgres
let acme: Tenant
let globex: Tenant
beforeAll(async () => {
  test = await openTestPostgres()
  acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
  globex = await test.postgres.provisioner.createTenant({ slug: 'globex', name: 'Globex' })
})
afterAll(() => test?.close())

async function opened(changed: Partial<TransportSession> = {}): Promise<TransportSession> {
  const session = newSession(changed)
  await test.postgres.sessions.open(session)
  return session
}

async function row(digest: string): Promise<Row | undefined> {
  const recent = `used_at > clock_timestamp() - interval '5 minutes' as recent`
  const [found] = await test.sql(`select xmin::text, ${recent} from transport_session where digest = $1`, [digest])
  return found
}

async function shift(digest: string, change: string): Promise<void> {
  await test.sql(`update transport_session set ${change} where digest = $1`, [digest])
}

async function standing(digests: readonly string[]): Promise<readonly boolean[]> {
  const found = await Promise.all(digests.map((digest) => test.postgres.sessions.find(digest)))
  return found.map((session) => session !== undefined)
}

const unused = `used_at = clock_timestamp() - interval '10 minutes'`

describe('a session', () => {
  it('is found in every process as it was opened', async () => {
    const signedIn = { signIn: { tenant: acme, key: someDigest() } }
    for (const session of [await opened(), await opened(signedIn), await opened({ principal: someDigest() })]) {
      for (const { sessions } of [test.postgres, await test.reopen()]) {
        expect(await sessions.find(session.digest)).toEqual(session)
      }
    }
  })

  it('is not found by anything but its digest, nor once it has ended', async () => {
    const { digest } = await opened()
    for (const other of ['', someDigest(), `${digest}\0`, digest.toLowerCase(), `${digest} `]) {
      expect(await test.postgres.sessions.find(other)).toBeUndefined()
      await test.postgres.sessions.end(other)
    }
    expect(await standing([digest])).toEqual([true])
    await test.postgres.sessions.end(digest)
    await test.postgres.sessions.end(digest)
    expect(await standing([digest])).toEqual([false])
  })

  it.each([
    ['NUL', { name: 'a\0b', version: '\0' }, { name: 'a\ufffdb', version: '\ufffd' }],
    ['half a character', { name: 'a\ud800', version: '\udfff1' }, { name: 'a\ufffd', version: '\ufffd1' }],
    [
      'too much',
      { name: 'n'.repeat(9000), version: '1'.repeat(9000) },
      { name: 'n'.repeat(200), version: '1'.repeat(200) },
    ],
    ['nothing', { name: '', version: '' }, { name: '', version: '' }],
  ])('is opened also for a client that says %s of itself', async (_what, client, kept) => {
    const { digest } = await opened({ client })
    expect(await test.postgres.sessions.find(digest)).toMatchObject({ client: kept })
  })

  it.each([
    [
      'NUL',
      { a: '\0', 'b\0': { '\0': [null, 1, '\0'] } },
      { a: '\ufffd', 'b\ufffd': { '\ufffd': [null, 1, '\ufffd'] } },
    ],
    ['half a character', { '\ud800': ['\udfff'] }, { '\ufffd': ['\ufffd'] }],
    ['the escape of NUL spelt out', { a: '\\u0000' }, { a: '\\u0000' }],
    [
      'a member that objects inherit',
      JSON.parse('{"__proto__":{"a":"\\u0000"}}'),
      JSON.parse('{"__proto__":{"a":"\ufffd"}}'),
    ],
    ['16 KiB', { a: 'x'.repeat(16 * 1024 - 8) }, { a: 'x'.repeat(16 * 1024 - 8) }],
    ['more than 16 KiB', { a: 'x'.repeat(16 * 1024 - 7) }, {}],
    ['more than 16 KiB of other letters', { a: '\u00e4'.repeat(9000) }, {}],
    [
      '64 levels',
      JSON.parse(`{"a":${'['.repeat(63)}${']'.repeat(63)}}`),
      JSON.parse(`{"a":${'['.repeat(63)}${']'.repeat(63)}}`),
    ],
  ])('is opened also for capabilities with %s', async (_what, capabilities, kept) => {
    const { digest } = await opened({ capabilities })
    const found = await test.postgres.sessions.find(digest)
    expect(JSON.stringify(found?.capabilities)).toBe(JSON.stringify(kept))
  })

  it('has no capabilities where the stored ones are no object', async () => {
    const { digest } = await opened()
    await shift(digest, `capabilities = '["elicitation"]'`)
    expect(await test.postgres.sessions.find(digest)).toMatchObject({ capabilities: {} })
  })
})

describe('the sign-in of a session', () => {
  it('is what it was bound to last, with the tenant as it is now', async () => {
    const { digest } = await opened()
    const { sessions } = test.postgres
    const [first, second] = [someDigest(), someDigest()]
    expect(await sessions.bind(digest, { tenant: acme, key: first })).toBe(true)
    expect(await sessions.find(digest)).toMatchObject({ signIn: { tenant: acme, key: first } })
    const stale = { ...globex, slug: 'acme', name: 'Old name' }
    expect(await sessions.bind(digest, { tenant: stale, key: second })).toBe(true)
    expect(await sessions.find(digest)).toMatchObject({ signIn: { tenant: globex, key: second } })
    expect(await sessions.bind(digest, undefined)).toBe(true)
    expect((await sessions.find(digest))?.signIn).toBeUndefined()
  })

  it('is not bound where the session is gone or over', async () => {
    const { sessions } = test.postgres
    const signIn = { tenant: acme, key: someDigest() }
    const over = await opened()
    await shift(over.digest, `expires_at = clock_timestamp() - interval '1 second'`)
    for (const digest of [someDigest(), over.digest, `${over.digest}\0`]) {
      expect(await sessions.bind(digest, signIn)).toBe(false)
      expect(await sessions.bind(digest, undefined)).toBe(false)
    }
    expect(await test.sql('select 1 from transport_session where sign_in_key = $1', [signIn.key])).toEqual([])
  })

  it('is none while its tenant is suspended, and none when it is gone', async () => {
    const tenant = await test.postgres.provisioner.createTenant({ slug: 'gone', name: 'Gone' })
    const session = await opened({ signIn: { tenant, key: someDigest() } })
    const find = () => test.postgres.sessions.find(session.digest)
    await test.sql('update tenant set suspended_at = now() where id = $1', [tenant.id])
    expect(await find()).toEqual({ ...session, signIn: undefined })
    await test.sql('update tenant set suspended_at = null where id = $1', [tenant.id])
    expect(await find()).toEqual(session)
    const [place] = await test.sql('delete from tenant where id = $1 returning database_name', [tenant.id])
    expect(await find()).toEqual({ ...session, signIn: undefined })
    await test.databaseSql('postgres', `drop database ${String(place?.['database_name'])} with (force)`)
  })
})

describe('use', () => {
  it('is noted by finding, but not twice in a second', async () => {
    const { digest } = await opened()
    await shift(digest, unused)
    await test.postgres.sessions.find(digest)
    expect(await row(digest)).toMatchObject({ recent: true })
    await shift(digest, `used_at = clock_timestamp() + interval '5 seconds'`)
    const before = await row(digest)
    await test.postgres.sessions.find(digest)
    await test.postgres.sessions.touch([digest])
    expect(await row(digest)).toEqual(before)
  })

  it('is noted for all that hold a stream open, and answered with those that stand', async () => {
    const sessions = [await opened(), await opened(), await opened(), await opened()]
    const digests = sessions.map(({ digest }) => digest)
    const [first = '', second = '', over = '', ended = ''] = digests
    await shift(first, unused)
    await shift(over, `used_at = clock_timestamp() - interval '00:30:01'`)
    await test.postgres.sessions.end(ended)
    const touched = await test.postgres.sessions.touch([...digests, someDigest(), `${first}x`])
    expect(new Set(touched.keys())).toEqual(new Set([first, second]))
    expect(await row(first)).toMatchObject({ recent: true })
    expect(await row(over)).toMatchObject({ recent: false })
    expect(await test.postgres.sessions.touch([])).toEqual(new Map())
  })

  it('is noted of the same sessions by several processes at once, in whatever order they name them', async () => {
    const digests = (await Promise.all(Array.from({ length: 40 }, () => opened()))).map(({ digest }) => digest)
    const other = (await test.reopen()).sessions
    for (let round = 0; round < 5; round += 1) {
      await test.sql(`update transport_session set ${unused} where digest = any($1)`, [digests])
      const calls = Array.from({ length: 12 }, (_, index) =>
        index % 2 === 0 ? other.touch(digests.toReversed()) : test.postgres.sessions.touch(digests),
      )
      for (const touched of await Promise.all(calls)) {
        expect(new Set(touched.keys())).toEqual(new Set(digests))
      }
    }
    expect(await Promise.all(digests.map(row))).toEqual(digests.map(() => expect.objectContaining({ recent: true })))
  })
})

describe('touch', () => {
  it('does not wait for whoever is busy with one of the sessions', async () => {
    const [busy, free] = [await opened(), await opened()]
    for (const { digest } of [busy, free]) await shift(digest, unused)
    const query = `select 1 from transport_session where digest = '${busy.digest}' for update`
    const held = await holdRows(test.connection, test.masterDatabase, query)
    const touched = await test.postgres.sessions.touch([busy.digest, free.digest])
    await held.release()
    expect(new Set(touched.keys())).toEqual(new Set([busy.digest, free.digest]))
    expect(await row(busy.digest)).toMatchObject({ recent: false })
    expect(await row(free.digest)).toMatchObject({ recent: true })
  })
})

describe('by the clock of the database a session', () => {
  it.each([
    ['stands shortly before 30 minutes without use', `used_at = clock_timestamp() - interval '00:29:57'`, true],
    ['is over a second after 30 minutes without use', `used_at = clock_timestamp() - interval '00:30:01'`, false],
    ['stands shortly before its twelve hours are up', `expires_at = clock_timestamp() + interval '3 s'`, true],
    ['is over a second after, however much it is used', `expires_at = clock_timestamp() - interval '1 s'`, false],
  ])('%s', async (_what, change, stands) => {
    const { digest } = await opened()
    await shift(digest, change)
    expect((await test.postgres.sessions.touch([digest])).has(digest)).toBe(stands)
    expect(await standing([digest])).toEqual([stands])
    expect(await test.postgres.sessions.bind(digest, { tenant: acme, key: someDigest() })).toBe(stands)
  })

  it('is over after twelve hours at the latest', async () => {
    const { digest } = await opened()
    const left = 'extract(epoch from expires_at - created_at)::float8 as left'
    const [found] = await test.sql(`select ${left} from transport_session where digest = $1`, [digest])
    expect(Number(found?.['left'])).toBeCloseTo(12 * 60 * 60, 0)
  })
})

describe('the state of a session', () => {
  it('is what was kept last, whoever asks, and is told with those that are kept alive', async () => {
    const signIn = { tenant: acme, key: someDigest() }
    const { digest } = await opened({ signIn })
    const { digest: plain } = await opened()
    const { sessions } = await test.reopen()
    expect(await sessions.touch([digest])).toEqual(new Map([[digest, { signIn, logLevel: undefined }]]))
    await test.postgres.sessions.setLogLevel(digest, 'error')
    await test.postgres.sessions.bind(digest, undefined)
    expect(await sessions.find(digest)).toMatchObject({ logLevel: 'error', signIn: undefined })
    const quiet = { logLevel: undefined, signIn: undefined }
    expect(await sessions.touch([digest, plain])).toEqual(
      new Map<string, object>([
        [digest, { ...quiet, logLevel: 'error' }],
        [plain, quiet],
      ]),
    )
  })

  it('is of nobody while the tenant is suspended', async () => {
    const signIn = { tenant: globex, key: someDigest() }
    const { digest } = await opened({ signIn })
    await test.sql('update tenant set suspended_at = now() where id = $1', [globex.id])
    const suspended = await test.postgres.sessions.touch([digest])
    await test.sql('update tenant set suspended_at = null where id = $1', [globex.id])
    expect(suspended.get(digest)?.signIn).toBeUndefined()
    expect((await test.postgres.sessions.touch([digest])).get(digest)).toMatchObject({ signIn })
  })

  it('is not written for a session that is open again and again within twenty seconds', async () => {
    const { digest } = await opened()
    const before = await row(digest)
    await shift(digest, `used_at = clock_timestamp() - interval '15 seconds'`)
    const shifted = await row(digest)
    await test.postgres.sessions.touch([digest])
    expect([before?.['xmin'] === shifted?.['xmin'], await row(digest)]).toEqual([false, shifted])
  })
})

describe('what becomes of a session', () => {
  it('is told to others once it has happened, and not where nothing has', async () => {
    const heard: unknown[] = []
    const stop = test.postgres.notices.subscribe((notice) => heard.push(notice))
    const { digest } = await opened()
    const { sessions } = test.postgres
    await sessions.touch([digest])
    await sessions.find(digest)
    expect(heard).toEqual([])
    await sessions.bind(digest, { tenant: acme, key: someDigest() })
    await sessions.setLogLevel(digest, 'error')
    await sessions.setLogLevel(digest, 'error')
    await sessions.end(digest)
    await sessions.end(digest)
    await sessions.bind(digest, undefined)
    stop()
    expect(heard).toEqual([1, 2, 3].map(() => ({ about: 'session', digest })))
  })
})

describe('of one principal', () => {
  it('the least recently used session ends when there is a twenty-first', async () => {
    const principal = someDigest()
    const digests: string[] = []
    for (let index = 0; index < 20; index += 1) digests.push((await opened({ principal })).digest)
    const [first = '', second = '', third = ''] = digests
    await shift(second, unused)
    const twentyFirst = newSession({ principal })
    expect(await test.postgres.sessions.open(twentyFirst)).toEqual([second])
    expect(await standing([first, second, third, twentyFirst.digest])).toEqual([true, false, true, true])
  })

  it('twenty are left of thirty that are opened at once, over two processes', async () => {
    const principal = someDigest()
    const other = (await test.reopen()).sessions
    const sessions = Array.from({ length: 30 }, () => newSession({ principal }))
    const ended = await Promise.all(
      sessions.map((session, index) => (index % 2 === 0 ? other : test.postgres.sessions).open(session)),
    )
    expect(new Set(ended.flat()).size).toBe(10)
    const all = await standing(sessions.map(({ digest }) => digest))
    expect(all.filter(Boolean)).toHaveLength(20)
  })

  it('those of others take no place, nor do those that are over, nor those without a principal', async () => {
    const principal = someDigest()
    const { digest: kept } = await opened({ principal })
    const { digest: over } = await opened({ principal })
    await shift(over, `used_at = clock_timestamp() - interval '00:30:01'`)
    for (let index = 0; index < 19; index += 1) {
      await opened({ principal })
      await opened({ principal: someDigest() })
    }
    const free = await Promise.all(Array.from({ length: 40 }, () => opened()))
    expect(await standing([kept])).toEqual([true])
    expect((await standing(free.map(({ digest }) => digest))).every(Boolean)).toBe(true)
    await shift(kept, unused)
    expect(await test.postgres.sessions.open(newSession({ principal }))).toEqual([kept])
  })
})

describe('a database that is gone', () => {
  it('is an outage for every method, and nothing else', async () => {
    const { digest } = await opened()
    const { sessions } = test.postgres
    await test.sql('alter table transport_session rename to hidden')
    const results = await Promise.allSettled([
      sessions.open(newSession()),
      sessions.open(newSession({ principal: someDigest() })),
      sessions.find(digest),
      sessions.touch([digest]),
      sessions.bind(digest, undefined),
      sessions.end(digest),
    ])
    await test.sql('alter table hidden rename to transport_session')
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_AUTH_UNAVAILABLE' } })
    }
    expect(await standing([digest])).toEqual([true])
  })
})

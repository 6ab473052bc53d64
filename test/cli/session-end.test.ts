import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ShownSession } from '../../src/app/sessions/shown-session.js'
import { eachOf } from '../support/each-of.js'
import type { HeadlessClient } from '../support/headless-client.js'
import type { Row } from '../support/postgres.js'
import {
  callIn,
  openSession,
  openSignedIn,
  origin,
  refresh,
  ReplicaSet,
  signInClient,
  streamOf,
  type OpenedSession,
} from '../support/replica-set.js'

/** Every server is told at once; one second is what is promised. */
const soon = 1_000

let set: ReplicaSet
beforeAll(async () => {
  set = await ReplicaSet.start(3, {
    'acme-corp': ['john@company.com', 'jane@company.com', 'eve@company.com'],
    globex: ['gus@globex.test'],
  })
}, 120_000)
afterAll(() => set?.close(), 60_000)

/** Everything that can let one user in, spread over the replicas. */
interface Presence {
  readonly client: HeadlessClient
  readonly bearer: OpenedSession
  readonly signedIn: OpenedSession
}

async function presence(email: string, tenant = 'acme-corp'): Promise<Presence> {
  const client = await signInClient(set.at(0), email, tenant)
  const bearer = await openSession(set.at(1), '/mcp/oauth', client.saved?.access_token)
  return { client, bearer, signedIn: await openSignedIn(set.at(2), email, tenant) }
}

/** The statuses of a call in each session, at each replica. */
async function statuses({ bearer, signedIn }: Presence): Promise<readonly number[]> {
  const asked = set.replicas.flatMap((replica) => [bearer, signedIn].map((one) => callIn(replica, one, 'hello')))
  return (await Promise.all(asked)).map(({ status, text }) =>
    text.includes('Hello') ? status : status === 200 ? 0 : status,
  )
}

const everywhere = (bearer: number, signedIn: number): readonly number[] =>
  set.replicas.flatMap(() => [bearer, signedIn])

async function listed(...flags: readonly string[]): Promise<readonly ShownSession[]> {
  const { code, stdout, stderr } = await set.cli('session', 'list', '--json', ...flags)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as ShownSession[]
}

async function records(slug: string): Promise<readonly Row[]> {
  const tenant = await set.database.postgres.tenants.findBySlug(slug)
  if (tenant === undefined) throw new TypeError('no tenant')
  const query = `select type, subject, reason, detail from audit_event where reason = 'terminated' or type = 'admin.changed'`
  return set.database.tenantSql(tenant, query)
}

describe('the sessions of a user', () => {
  let john: Presence
  let jane: Presence
  beforeAll(async () => {
    ;[john, jane] = [await presence('john@company.com'), await presence('jane@company.com')]
    expect(await statuses(john)).toEqual(everywhere(200, 200))
  }, 60_000)

  it('are listed with what they are and whose, and with nothing that lets anybody in', async () => {
    const sessions = await listed('--user', 'john@company.com')
    expect(sessions.map(({ kind }) => kind).toSorted()).toEqual([
      ...['browser', 'browser', 'grant', 'grant', 'sign-in', 'transport', 'transport'],
    ])
    for (const session of sessions) {
      expect(session).toMatchObject({ tenant: 'acme-corp', user: 'john@company.com' })
      expect(session.application).toBe('ledger')
      expect(Date.parse(session.started ?? '')).toBeLessThanOrEqual(Date.now())
      expect(Date.parse(session.expires ?? '')).toBeGreaterThan(Date.now())
    }
    expect(sessions.filter(({ kind }) => kind === 'grant').map(({ client }) => client)).toContain('Headless')
    expect(sessions.filter(({ kind }) => kind === 'sign-in').map(({ client }) => client)).toEqual(['test'])
    const all = JSON.stringify(await listed())
    expect(all).toContain('jane@company.com')
    for (const secret of secretsOf(john)) expect(all).not.toContain(secret)
    for (const { id } of sessions) {
      for (const known of [id, id.slice(2)]) {
        expect((await callIn(set.at(0), { ...john.signedIn, id: known }, 'hello')).status).toBe(404)
        expect((await callIn(set.at(0), { ...john.bearer, token: known }, 'hello')).status).toBe(401)
      }
    }
    const table = await set.cli('session', 'list', '--tenant', 'acme-corp')
    expect(table.stdout).toMatch(/^ID +KIND +TENANT +USER +CLIENT +APPLICATION +STARTED +USED +EXPIRES\n/)
    expect(await listed('--tenant', 'globex')).toEqual([])
  }, 60_000)

  it('do not end where nobody can be asked, and where it is not said which', async () => {
    const whose = ['--user', 'john@company.com', '--tenant', 'acme-corp']
    const faults: readonly (readonly [number, ...(readonly string[])])[] = [
      [5, ...whose],
      [5, '--all'],
      [2],
      [2, '--tenant', 'acme-corp'],
      [2, '--all', ...whose],
      [2, 's_x', '--all'],
      [5, 's_x'],
      [5, `s_${'x'.repeat(43)}`],
      [5, '--user', 'nobody@company.com', '--yes'],
      [5, '--all', '--tenant', 'nowhere', '--yes'],
      [5, '--all', '--application', 'nothing', '--yes'],
    ]
    const codes = await eachOf(faults, async ([, ...args]) => (await set.cli('session', 'end', ...args)).code)
    expect(codes).toEqual(faults.map(([code]) => code))
    expect(await statuses(john)).toEqual(everywhere(200, 200))
  }, 120_000)

  it('end all at once at every replica, for good, and nobody else is touched', async () => {
    const streams = [await streamOf(set.at(2), john.bearer), await streamOf(set.at(0), john.signedIn)]
    const kept = await streamOf(set.at(1), jane.bearer)
    const whose = ['--user', 'john@company.com', '--tenant', 'acme-corp']
    const ended = await set.cli('session', 'end', ...whose, '--yes')
    const at = performance.now()
    expect(ended).toMatchObject({ code: 0, stdout: 'ended 7 (browser: 2, grant: 2, sign-in: 1, transport: 2)\n' })
    expect(await statuses(john)).toEqual(everywhere(401, 404))
    for (const stream of streams) expect((await stream.ended) - at).toBeLessThan(soon)
    for (const replica of set.replicas) {
      expect(await refresh(replica, john.client)).toMatchObject({ error: 'invalid_grant' })
      const again = await openSession(replica, '/mcp/oauth', john.client.saved?.access_token)
      expect(again.id).toBe('')
    }
    expect((await john.client.jar.open(authorization(john.client))).html).toContain('name="password"')
    expect(await listed('--user', 'john@company.com')).toEqual([])

    expect(await statuses(jane)).toEqual(everywhere(200, 200))
    expect(await Promise.race([kept.ended, pause(100, 'open')])).toBe('open')
    expect(await refresh(set.at(2), jane.client)).toHaveProperty('access_token')
  }, 60_000)

  it('are on record, each with its end, and who ended them', async () => {
    const rows = await records('acme-corp')
    const ends = rows.filter(({ type }) => type === 'session.ended')
    expect(ends).toHaveLength(7)
    expect(new Set(ends.map(({ subject }) => subject)).size).toBe(1)
    const changes = rows.filter(({ type }) => type === 'admin.changed')
    expect(changes).toMatchObject([
      {
        subject: expect.stringMatching(/^cli:/),
        reason: 'sessions_removed',
        detail: { sessions: 7, name: ends[0]?.['subject'] },
      },
    ])
  })
})

describe('one session', () => {
  it('of a grant ends what its client had, and leaves the sign-in of the browser', async () => {
    const eve = await presence('eve@company.com')
    const grant = (await listed('--user', 'eve@company.com')).find(
      ({ client, kind }) => kind === 'grant' && client === 'Headless',
    )
    const stream = await streamOf(set.at(0), eve.bearer)
    const { code } = await set.cli('session', 'end', grant?.id ?? '')
    const at = performance.now()
    expect(code).toBe(0)
    expect(await statuses(eve)).toEqual(everywhere(401, 200))
    expect((await stream.ended) - at).toBeLessThan(soon)
    expect(await refresh(set.at(1), eve.client)).toMatchObject({ error: 'invalid_grant' })
    expect((await eve.client.jar.open(authorization(eve.client))).html).not.toContain('name="password"')
    expect((await set.cli('session', 'end', grant?.id ?? '')).code).toBe(5)
  }, 60_000)

  it.each(['sign-in', 'transport'] as const)(
    'of kind %s takes the sign-in with it that it goes by, or is',
    async (kind) => {
      const eve = await presence('eve@company.com')
      const sessions = await listed('--user', 'eve@company.com')
      const before = new Set(sessions.filter(({ kind: one }) => one === 'sign-in').map(({ id }) => id))
      const stream = await streamOf(set.at(1), eve.signedIn)
      const signIns = sessions.filter((one) => one.kind === kind && one.client === 'test' && !isOf(one, eve.bearer))
      for (const { id } of signIns) expect((await set.cli('session', 'end', id, '--tenant', 'acme-corp')).code).toBe(0)
      const at = performance.now()
      expect(await statuses(eve)).toEqual(everywhere(200, 404))
      expect((await stream.ended) - at).toBeLessThan(soon)
      expect(before.size).toBeGreaterThan(0)
      expect((await listed('--user', 'eve@company.com')).filter(({ id }) => before.has(id))).toEqual([])
    },
    60_000,
  )
})

describe('all sessions', () => {
  it('of a tenant end, and those of another tenant go on', async () => {
    const [gus, jane] = [await presence('gus@globex.test', 'globex'), await presence('jane@company.com')]
    expect((await set.cli('session', 'end', '--tenant', 'globex', '--all', '--yes')).code).toBe(0)
    expect(await statuses(gus)).toEqual(everywhere(401, 404))
    expect(await refresh(set.at(0), gus.client)).toMatchObject({ error: 'invalid_grant' })
    expect(await statuses(jane)).toEqual(everywhere(200, 200))
    expect((await records('globex')).filter(({ type }) => type === 'session.ended').length).toBeGreaterThanOrEqual(5)
  }, 60_000)

  it('end of all tenants that answer, where one does not, and that one is named', async () => {
    const jane = await presence('jane@company.com')
    const [row] = await set.database.sql(`select database_name from tenant where slug = 'globex'`)
    const globex = String(row?.['database_name'])
    await set.database.databaseSql('postgres', `alter database ${globex} allow_connections false`)
    const terminate = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1'
    await set.database.databaseSql('postgres', terminate, [globex])
    const list = await set.cli('session', 'list')
    expect(list).toMatchObject({ code: 4, stdout: expect.stringContaining('jane@company.com') })
    const end = await set.cli('session', 'end', '--all', '--yes')
    for (const { stderr } of [list, end]) expect(stderr).toMatch(/do not answer: globex/)
    expect(end.code).toBe(4)
    expect(await statuses(jane)).toEqual(everywhere(401, 404))
    await set.database.databaseSql('postgres', `alter database ${globex} allow_connections true`)
  }, 60_000)

  it('there are end, those of nobody included', async () => {
    const jane = await presence('jane@company.com')
    const nobody = await openSession(set.at(1), '/mcp')
    const stream = await streamOf(set.at(0), nobody)
    const { stdout } = await set.cli('session', 'end', '--application', 'ledger', '--all', '--yes', '--json')
    const at = performance.now()
    expect((JSON.parse(stdout) as ShownSession[]).length).toBeGreaterThan(5)
    expect(await statuses(jane)).toEqual(everywhere(401, 404))
    expect((await stream.ended) - at).toBeLessThan(soon)
    expect((await callIn(set.at(2), nobody, 'oauth_status')).status).toBe(404)
    expect(await listed()).toEqual([])
    expect((await set.cli('session', 'end', '--all')).stdout).toBe('nothing to end\n')
  }, 60_000)
})

describe('what an older version has written', () => {
  it('ends with the rest, though nobody had written down whose it is', async () => {
    const john = await presence('john@company.com')
    await set.database.sql('update issuer_record set owner = null, owner_tenant = null, application = null')
    const sessions = await listed('--user', 'john@company.com')
    expect(sessions.filter(({ kind }) => kind === 'grant' || kind === 'browser')).toHaveLength(4)
    await set.database.sql('update issuer_record set owner = null, owner_tenant = null, application = null')
    expect((await set.cli('session', 'end', '--user', 'john@company.com', '--yes')).code).toBe(0)
    expect(await statuses(john)).toEqual(everywhere(401, 404))
    expect(await refresh(set.at(1), john.client)).toMatchObject({ error: 'invalid_grant' })
  }, 60_000)
})

/** The id that is shown is made from the digest that the store has. */
function isOf({ id }: ShownSession, session: OpenedSession): boolean {
  return id === `t_${createHash('sha256').update(session.id).digest('base64url')}`
}

/** Where the browser of this client would go on without signing in, if it still were. */
function authorization(client: HeadlessClient): URL {
  const url = new URL(`${origin}/oauth/authorize`)
  url.search = new URLSearchParams({
    ...{
      client_id: client.clientInformation()?.client_id ?? '',
      redirect_uri: client.redirectUrl,
      response_type: 'code',
    },
    ...{ scope: 'mcp', resource: `${origin}/mcp/oauth`, code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' },
  }).toString()
  return url
}

function secretsOf({ bearer, client, signedIn }: Presence): readonly string[] {
  const cookies = client.jar.cookies.map(({ value }) => value)
  return [bearer.id, signedIn.id, bearer.token ?? '', client.saved?.refresh_token ?? '', ...cookies].filter(
    (text) => text !== '',
  )
}

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { formatContext } from '../../../src/adapter/issuer/federation/sign-in-context.js'
import { IssuerSessions } from '../../../src/adapter/issuer/record/issuer-sessions.js'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import type { Account } from '../../../src/core/identity/account-store.js'
import type { SessionScope } from '../../../src/core/identity/session-source.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { HeldStorage } from '../../support/held-storage.js'
import { holdRows } from '../../support/hold-rows.js'
import { callbackUri, IssuerHarness, pkcePair } from '../../support/issuer-harness.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'
import { until } from '../../support/until.js'

let test: TestPostgres
let harness: IssuerHarness
let storage: HeldStorage
let ana: Account
let client: string
/** As another process has it. */
let sessions: IssuerSessions
const clock = new ShiftableClock()
const email = 'ana@acme.test'
const origin = { provider: '00000000-0000-4000-8000-000000000001', subject: 'ana-at-the-provider' }
const { challenge, verifier } = pkcePair()

beforeAll(async () => {
  test = await openTestPostgres()
  const other = await test.reopen()
  storage = new HeldStorage(test.postgres.issuerStorage)
  const { directory, signingKeys: keys } = test.postgres
  harness = await IssuerHarness.start({ clock, ports: { keys, storage, owned: directory.records } })
  const { keyring } = harness
  sessions = new IssuerSessions({ storage: other.issuerStorage, owned: other.directory.records, keyring })
  ana = await harness.addAccount(harness.acme, email, ['read'])
  client = await harness.registeredClient()
})

afterAll(async () => {
  await harness.close()
  await test.close()
})

afterEach(async () => {
  clock.advance(61)
  await test.sql(`delete from issuer_record where model <> 'Client'`)
})

const scope = (): SessionScope => ({
  tenant: harness.acme,
  owners: [{ tenantId: harness.acme.id, issuer: undefined, subject: ana.id }],
  application: undefined,
})

const request = (client_id = client): URL =>
  harness.authorizeUrl({
    ...{ client_id, redirect_uri: callbackUri, scope: 'read' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256' },
  })

/** Signs in in a new browser, with the provider, and allows the client what it asks for. */
async function signedIn(): Promise<BrowserJar> {
  const jar = new BrowserJar()
  const { left } = await jar.press(await harness.signIn(jar, request(), email), 'allow')
  const code = left?.searchParams.get('code') ?? ''
  await harness.exchange({ client_id: client, code, code_verifier: verifier })
  const records = new SealedRecords(storage, harness.keyring, 'app')
  const id = jar.cookies.find(({ name }) => /session_\d+$/.test(name))?.value ?? ''
  const payload = (await records.find('Session', id))?.payload ?? {}
  const acr = formatContext({ ...origin, signedInAt: Number(payload['loginTs']), authTime: 'said' })
  const uid = String(payload['uid'])
  await records.put({ model: 'Session', id, uid, payload: { ...payload, acr }, expiresIn: 3600 })
  return jar
}

const left = async (...models: readonly string[]) =>
  (
    await test.sql(`select model from issuer_record where owner <> '' and consumed_at is null and model = any($1)`, [
      models,
    ])
  ).map(({ model }) => model)

/** What the browser is shown, and that nobody is signed in by it, nor has a client got anything. */
async function expectEnded(jar: BrowserJar, shown: Shown): Promise<void> {
  expect({ status: shown.status, left: shown.left }).toEqual({ status: 400, left: undefined })
  expect(shown.html).toContain('Go back to the application and start again')
  expect(await left('AuthorizationCode')).toEqual([])
  expect((await jar.open(request())).html).toContain('name="password"')
  expect(await left('Session')).toEqual([])
}

async function browserKey(): Promise<string> {
  const [browser] = (await sessions.list(scope())).filter(({ kind }) => kind === 'browser')
  return browser?.key ?? ''
}

const ends: readonly [string, (jar: BrowserJar) => Promise<unknown>][] = [
  ['with everything of its account', () => sessions.end(scope())],
  ['by itself', async () => sessions.endOne('browser', await browserKey())],
  ['as what the provider has taken back', () => sessions.endMadeWith(scope(), origin)],
  ['by its user', async (jar) => jar.press(await jar.open(`${harness.issuer}/logout`), 'sign-out')],
]

describe('a session of a browser that ends while a request of it is under way', () => {
  it.each(ends)('stays ended, and no code leaves the server: %s', async (_title, end) => {
    const jar = await signedIn()
    const held = storage.holdNext('Session')
    const asking = jar.open(request())
    await held.reached
    await end(jar)
    expect(await left('Session')).toEqual([])
    held.open()
    await expectEnded(jar, await asking)
  })

  it.each(ends)(
    'stays ended where its key changes meanwhile, and takes along what it was just granted: %s',
    async (title, end) => {
      const jar = await signedIn()
      const page = await jar.open(request(await harness.registeredClient()))
      const held = storage.holdNext('Session')
      const allowing = jar.press(page, 'allow')
      await held.reached
      await end(jar)
      held.open()
      await expectEnded(jar, await allowing)
      // What ends by itself leaves what clients were allowed before.
      expect((await left('Grant')).length).toBe(title === 'by itself' ? 1 : 0)
    },
  )

  it('forgets nothing that another request of the browser has been granted meanwhile', async () => {
    const jar = await signedIn()
    const records = new SealedRecords(storage, harness.keyring, 'app')
    const id = jar.cookies.find(({ name }) => /session_\d+$/.test(name))?.value ?? ''
    const authorizations = async () =>
      Object((await records.find('Session', id))?.payload['authorizations']) as Record<string, { grantId: string }>
    const before = await authorizations()
    const held = storage.holdNext('Session')
    const asking = jar.open(request())
    await held.reached
    const { payload = {} } = (await records.find('Session', id)) ?? {}
    const other = { grantId: 'granted-meanwhile', sid: 'sid-of-other' }
    const changed = { ...before, [client]: { grantId: 'newer', sid: 'sid' }, other }
    await records.put({
      ...{ model: 'Session', id, uid: String(payload['uid']), expiresIn: 3600 },
      payload: { ...payload, authorizations: changed },
    })
    held.open()
    expect((await asking).left?.searchParams.get('code')).toEqual(expect.any(String))
    expect(await authorizations()).toMatchObject({
      other,
      [client]: { grantId: 'newer', earlier: [before[client]?.grantId] },
    })
  })

  it('is granted once where a browser goes on twice at the same moment: the quicker one has a code that is good', async () => {
    const jar = await signedIn()
    const newcomer = await harness.registeredClient()
    const page = await jar.open(request(newcomer))
    const held = storage.holdNext('Session')
    const slow = jar.press(page, 'allow')
    await held.reached
    const { path = '' } = jar.cookies.findLast(({ name }) => name.includes('resume')) ?? {}
    const quick = await jar.open(new URL(path, harness.issuer))
    held.open()
    expect((await slow).status).toBe(400)
    const code = quick.left?.searchParams.get('code') ?? ''
    expect((await harness.exchange({ client_id: newcomer, code, code_verifier: verifier })).status).toBe(200)
  })

  it('leaves its cookie to the browser where a slower request comes too late for it', async () => {
    const jar = await signedIn()
    const held = storage.holdNext('Session')
    const slow = jar.open(request())
    await held.reached
    const records = new SealedRecords(storage, harness.keyring, 'app')
    const old = jar.cookies.find(({ name }) => /session_\d+$/.test(name))?.value ?? ''
    const { payload = {} } = (await records.find('Session', old)) ?? {}
    await records.put({ ...{ model: 'Session', id: 'moved', uid: String(payload['uid']), expiresIn: 3600 }, payload })
    await records.destroy('Session', old)
    held.open()
    const shown = await slow
    expect(shown.status).toBe(400)
    expect(shown.headers.getSetCookie().filter((cookie) => /session_\d+(?:\.sig)?=/.test(cookie))).toEqual([])
  })

  it('goes on where nothing ends, and its code is good', async () => {
    const jar = await signedIn()
    const held = storage.holdNext('Session')
    const asking = jar.open(request())
    await held.reached
    held.open()
    const code = (await asking).left?.searchParams.get('code') ?? ''
    expect((await harness.exchange({ client_id: client, code, code_verifier: verifier })).status).toBe(200)
    expect(await left('Session')).toEqual(['Session'])
  })
})

/** So many wait for a row. */
const waiting = (count: number): Promise<void> =>
  until(async () => {
    const query = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    return (await test.sql(query)).length === count
  })

describe('a session whose key has changed when it is to end', () => {
  const others = ends.filter(([title]) => title !== 'by its user')
  it.each(others)('ends under its new key: %s', async (title, end) => {
    const jar = await signedIn()
    const page = await jar.open(request(await harness.registeredClient()))
    const row = `select from issuer_record where model = 'Session' for update`
    const held = await holdRows(test.connection, test.masterDatabase, row)
    const allowing = jar.press(page, 'allow')
    await waiting(1)
    const ending = end(jar)
    await waiting(2)
    await held.release()
    expect((await allowing).left?.searchParams.get('code')).toEqual(expect.any(String))
    await ending
    // Whoever looks after sessions asks again, until there is nothing.
    if (title !== 'by itself') await end(jar)
    expect(await left('Session')).toEqual([])
    expect((await jar.open(request())).html).toContain('name="password"')
  })
})

describe('a sign-in that ends on its way', () => {
  it('lets nobody in, whether it was just decided or is about to become a session', async () => {
    for (const model of ['Interaction', 'Session']) {
      const jar = new BrowserJar()
      const page = await jar.open(request())
      if (model === 'Interaction') {
        const again = await harness.signIn(jar, request(), email)
        const held = storage.holdNext(model)
        const allowing = jar.press(again, 'allow')
        await held.reached
        await sessions.end(scope())
        held.open()
        expect((await allowing).status).toBe(400)
      } else {
        const held = storage.holdNext(model)
        const signing = jar.press(page, 'sign-in', { fields: { email, password: 'correct horse battery staple' } })
        await held.reached
        await sessions.end(scope())
        held.open()
        expect((await signing).status).toBe(400)
      }
      expect(await left('Grant', 'Session')).toEqual([])
      expect((await jar.open(request())).html).toContain('name="password"')
      clock.advance(61)
    }
  })

  it('goes on once: of two browsers that come back with it one is signed in', async () => {
    const jar = new BrowserJar()
    const held = storage.holdNext('Session')
    const signing = harness.signIn(jar, request(), email)
    await held.reached
    const { path } = jar.cookies.find(({ name }) => /resume_\d+$/.test(name)) ?? { path: '' }
    const twin = new BrowserJar()
    for (const cookie of jar.cookies) twin.plant(cookie)
    const other = await twin.open(harness.origin + path)
    held.open()
    const shown = [await signing, other]
    expect(shown.filter(({ html }) => html.includes('value="allow"'))).toHaveLength(1)
    expect(await left('Session')).toHaveLength(1)
  })
})

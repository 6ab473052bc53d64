import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose'
import { EndedGrants } from '../../../src/adapter/issuer/logout/ended-grants.js'
import { IssuerSessions } from '../../../src/adapter/issuer/record/issuer-sessions.js'
import type { Account } from '../../../src/core/identity/account-store.js'
import type { KnownSession } from '../../../src/core/identity/session-source.js'
import type { Fetcher } from '../../../src/core/runtime/fetcher.js'
import type { BrowserJar } from '../../support/browser-jar.js'
import { DocumentSite } from '../../support/document-site.js'
import { IssuerHarness } from '../../support/issuer-harness.js'
import { allowedLongAgo } from '../../support/old-consents.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'
import { until } from '../../support/until.js'

let harness: IssuerHarness
let site: DocumentSite
let ana: Account
const clock = new ShiftableClock()
const email = 'ana@acme.test'

beforeAll(async () => {
  site = await DocumentSite.start('client.test')
  const outgoing = { fetcher: site.fetcher, reach: 'private' as const }
  harness = await IssuerHarness.start({ clock, storageClock: clock, outgoing })
  ana = await harness.addAccount(harness.acme, email, ['read'])
})

afterAll(async () => {
  await harness.close()
  await site.close()
})

afterEach(() => {
  site.hangs = false
  harness.limiter.available = true
  site.posted.length = 0
  clock.advance(61)
})

/** As the command line has it: beside the server, over its database. */
function beside(fetcher = site.fetcher) {
  const { keyring, keys, limiter, log, options, storage } = harness
  const outgoing = { fetcher, reach: 'private' as const }
  return {
    sessions: new IssuerSessions({ storage, owned: options.owned, keyring }),
    clients: new EndedGrants({
      ...{ issuer: harness.issuer, storage, owned: options.owned, keyring, keys, limiter, outgoing, clock, log },
    }),
  }
}

const uris = (path: string) => ({
  redirect_uris: [site.url('client.test', '/callback')],
  backchannel_logout_uri: site.url('client.test', path),
})

/** Allows a client something; answers with its tokens and the key of its grant. */
async function allowed(client_id: string) {
  const redirect_uri = site.url('client.test', '/callback')
  const { code, verifier } = await harness.obtainCode(email, { client_id, redirect_uri, scope: 'openid read' })
  const { body } = await harness.exchange({ client_id, redirect_uri, code, code_verifier: verifier })
  return {
    key: String(decodeJwt(String(body['access_token']))['gid']),
    sid: decodeJwt(String(body['id_token']))['sid'],
  }
}

/** Allows a client something; answers with the browser that is signed in. */
async function allowedBy(client_id: string, user = email): Promise<BrowserJar> {
  const redirect_uri = site.url('client.test', '/callback')
  return (await harness.obtainCode(user, { client_id, redirect_uri, scope: 'openid read' })).jar
}

async function consentsOf(clientId: string): Promise<readonly KnownSession[]> {
  const scope = { tenant: harness.acme, owners: undefined, application: undefined }
  return (await beside().sessions.list(scope)).filter((one) => one.kind === 'grant' && one.clientId === clientId)
}

async function end(key: string): Promise<readonly KnownSession[]> {
  const { clients, sessions } = beside()
  const ended = await sessions.endOne('grant', key)
  await clients.tell(ended)
  return ended
}

const tokensAt = (path: string): readonly string[] =>
  site.posted
    .filter((posted) => posted.path === path)
    .map(({ body }) => new URLSearchParams(body).get('logout_token') ?? '')

describe('a client whose grant an administrator has ended', () => {
  it('is told of it, with the session that it knows, by a token that the keys of the server prove', async () => {
    const client_id = await harness.registeredClient({ ...uris('/hear'), backchannel_logout_session_required: true })
    const { key, sid } = await allowed(client_id)
    expect(await end(key)).toHaveLength(1)
    const keys = (await (await fetch(`${harness.issuer}/jwks`)).json()) as JSONWebKeySet
    const [token = '', ...more] = tokensAt('/hear')
    expect(more).toEqual([])
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      ...{ issuer: harness.issuer, audience: client_id, typ: 'logout+jwt', currentDate: new Date(clock.now()) },
    })
    expect(payload).toMatchObject({ sub: ana.id, sid })
    expect(sid).toEqual(expect.any(String))
  })

  it('is told of that sign-in alone, also where it does not insist (§2.4)', async () => {
    const client_id = await harness.registeredClient(uris('/plain'))
    const [one, two] = [await allowed(client_id), await allowed(client_id)]
    expect(await end(one.key)).toHaveLength(1)
    expect(tokensAt('/plain').map((token) => decodeJwt(token))).toEqual([expect.objectContaining({ sid: one.sid })])
    expect(one.sid).not.toBe(two.sid)
  })

  it('is told of its user by name alone only once it has nothing more of that user (§2.4)', async () => {
    const path = '/later.json'
    const { redirect_uris } = uris('')
    const client_id = site.publish('client.test', path, { redirect_uris })
    const [one, two] = [await allowed(client_id), await allowed(client_id)]
    site.publish('client.test', path, uris('/later'))
    expect(await end(one.key)).toHaveLength(1)
    expect(tokensAt('/later')).toEqual([])
    expect(await end(two.key)).toHaveLength(1)
    const [told = '', ...more] = tokensAt('/later')
    expect({ ...decodeJwt(told), more }).toMatchObject({ sub: ana.id, more: [] })
    expect(decodeJwt(told)).not.toHaveProperty('sid')
  })

  it('is told where it is known by its document, and once for each sign-in that it had of one user', async () => {
    const client_id = site.publish('client.test', '/client.json', uris('/document'))
    const [one, two] = [await allowed(client_id), await allowed(client_id)]
    const { clients, sessions } = beside()
    const ended = await sessions.end({ tenant: harness.acme, owners: undefined, application: undefined })
    expect(ended.map(({ key }) => key)).toEqual(expect.arrayContaining([one.key, two.key]))
    await clients.tell(ended)
    const told = tokensAt('/document').map((token) => decodeJwt(token))
    expect(told.map(({ sub }) => sub)).toEqual([ana.id, ana.id])
    expect(told.map(({ sid }) => sid).toSorted()).toEqual([one.sid, two.sid].toSorted())
  })

  it.each<[string, (path: string) => Promise<string> | string]>([
    ['that did not ask for it', () => harness.registeredClient({ redirect_uris: uris('').redirect_uris })],
    [
      'whose document says elsewhere by now',
      (path) => site.publish('client.test', path, { redirect_uris: uris('').redirect_uris }),
    ],
  ])('hears nothing: one %s', async (_title, made) => {
    const path = `/${Math.random().toString(36).slice(2)}.json`
    const { key } = await allowed(await made(path))
    const backchannel_logout_uri = 'https://evil.example/hear'
    site.publish('client.test', path, { redirect_uris: uris('').redirect_uris, backchannel_logout_uri })
    expect(await end(key)).toHaveLength(1)
    expect(site.posted).toEqual([])
  })

  it.each<[string, (client_id: string, path: string) => unknown]>([
    ['breaks every rule by now', (client_id, path) => site.serve(path, JSON.stringify({ client_id, grant_types: {} }))],
    [
      'has grant types of no sense',
      (_id, path) => site.publish('client.test', path, { ...uris('/odd'), grant_types: {} }),
    ],
    ['is no JSON any more', (_id, path) => site.serve(path, '{')],
    ['cannot be counted', () => (harness.limiter.available = false)],
  ])('keeps no other from hearing of it, one whose document %s', async (_title, spoil) => {
    const path = `/${Math.random().toString(36).slice(2)}.json`
    const bad = site.publish('client.test', path, uris('/odd'))
    await allowed(bad)
    await allowed(await harness.registeredClient(uris('/good')))
    spoil(bad, path)
    const { clients, sessions } = beside()
    await clients.tell(await sessions.end({ tenant: harness.acme, owners: undefined, application: undefined }))
    expect(tokensAt('/good')).toHaveLength(1)
    expect(tokensAt('/odd')).toEqual([])
    expect(harness.log.lines).toContainEqual(
      expect.objectContaining({
        ...{ level: 'warn', message: 'a client was not told of a logout' },
        fields: expect.objectContaining({ clientId: bad }),
      }),
    )
  })

  it('is told however many others are known by documents', async () => {
    const ids = Array.from({ length: 35 }, (_, index) => `https://client.test/many-${index}.json`)
    const told: string[] = []
    const fetcher: Fetcher = {
      fetch: async ({ method, url }) => {
        if (method === 'POST') told.push(url)
        const redirect_uris = ['https://client.test/callback']
        const document = { client_id: url, redirect_uris, backchannel_logout_uri: url }
        const headers = new Map([['content-type', 'application/json']])
        return { status: 200, headers, body: Buffer.from(JSON.stringify(document)) }
      },
    }
    const { clients } = beside(fetcher)
    const unsaid = { tenantId: harness.acme.id, owner: undefined, application: undefined, client: undefined }
    const times = { startedAt: undefined, usedAt: undefined, expiresAt: undefined }
    await clients.tell(
      ids.map((clientId) => ({ kind: 'grant', key: clientId, clientId, subject: ana.id, ...unsaid, ...times })),
    )
    expect(told.toSorted()).toEqual(ids.toSorted())
  })

  it('keeps nobody from ending it where it does not answer', async () => {
    const { key } = await allowed(await harness.registeredClient(uris('/hangs')))
    site.hangs = true
    expect(await end(key)).toHaveLength(1)
    expect(await harness.running.registry.isActive(key)).toBe(false)
    expect(harness.log.lines.some(({ message }) => message === 'a client was not told of a logout')).toBe(true)
  })
})

describe('a client whose consent ends at the server itself', () => {
  it('is told where its user takes it back, and the others are not', async () => {
    const [client_id, other] = [
      await harness.registeredClient(uris('/back')),
      await harness.registeredClient(uris('/other')),
    ]
    await allowed(other)
    const jar = await allowedBy(client_id)
    const page = await jar.open(`${harness.origin}/authsec/consents`)
    const { key } = (await consentsOf(client_id))[0] ?? {}
    await jar.press(page, 'take-back', { fields: { consent: key } })
    await until(() => tokensAt('/back').length > 0)
    expect(tokensAt('/back').map((token) => decodeJwt(token)['sub'])).toEqual([ana.id])
    expect(tokensAt('/other')).toEqual([])
  })

  it('is told where a newer one takes its place', async () => {
    const clientId = await harness.registeredClient(uris('/displaced'))
    const bo = await harness.addAccount(harness.acme, 'bo@acme.test', ['read'])
    await allowedLongAgo(harness, bo, { oldest: clientId, count: 100 })
    await allowedBy(await harness.registeredClient(uris('/newer')), bo.email)
    await until(() => tokensAt('/displaced').length > 0)
    expect(tokensAt('/displaced').map((token) => decodeJwt(token)['sub'])).toEqual([bo.id])
    expect(tokensAt('/newer')).toEqual([])
  })

  it('keeps no page waiting where it does not answer', async () => {
    const client_id = await harness.registeredClient(uris('/silent'))
    const jar = await allowedBy(client_id)
    const page = await jar.open(`${harness.origin}/authsec/consents`)
    const { key = '' } = (await consentsOf(client_id))[0] ?? {}
    const lines = harness.log.lines.length
    site.hangs = true
    expect((await jar.press(page, 'take-back', { fields: { consent: key } })).status).toBe(200)
    expect(await harness.running.registry.isActive(key)).toBe(false)
    await until(() => harness.log.lines.slice(lines).some(({ fields }) => fields['clientId'] === client_id))
  })
})

describe('a sign-in of the browser that ends', () => {
  it('is none of a client', async () => {
    await allowed(await harness.registeredClient(uris('/browser')))
    const { clients, sessions } = beside()
    const all = await sessions.list({ tenant: harness.acme, owners: undefined, application: undefined })
    const browsers = all.filter(({ kind }) => kind === 'browser')
    expect(browsers.length).toBeGreaterThan(0)
    await clients.tell(browsers)
    expect(site.posted).toEqual([])
  })
})

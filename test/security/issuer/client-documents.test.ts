import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ClientDocuments } from '../../../src/adapter/issuer/client/client-documents.js'
import {
  FetchError,
  type FetchAnswer,
  type FetchFailure,
  type FetchRequest,
} from '../../../src/core/runtime/fetcher.js'
import { DocumentSite } from '../../support/document-site.js'
import { IssuerHarness, callbackUri, pkcePair } from '../../support/issuer-harness.js'
import { BrowserJar } from '../../support/browser-jar.js'
import { MemoryLog, MemoryRateLimiter } from '../../support/memory-ports.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let site: DocumentSite
let harness: IssuerHarness
const clock = new ShiftableClock()
const name = 'client.test'
let documents = 0

beforeAll(async () => {
  site = await DocumentSite.start(name, 'other.test')
  const outgoing = { fetcher: site.fetcher, reach: 'private' as const }
  harness = await IssuerHarness.start({ clock, storageClock: clock, outgoing })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
})

afterAll(async () => {
  await harness.close()
  await site.close()
})

afterEach(() => {
  site.hangs = false
  clock.advance(61)
})

/** A path that nobody has asked for yet. */
function newPath(): string {
  documents += 1
  return `/client-${documents}.json`
}

function authorize(client_id: string, redirect_uri = callbackUri, on = harness) {
  const { challenge } = pkcePair()
  const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
  return new BrowserJar().open(on.authorizeUrl({ client_id, redirect_uri, scope: 'read', ...pkce }))
}

function timesAsked(path: string): number {
  return site.asked.filter((asked) => asked === path).length
}

describe('a client whose id is the URL of its document', () => {
  it('signs a user in, is asked about by name and address, and refreshes, on one look at its document', async () => {
    const path = newPath()
    const client_id = site.publish(name, path, { scope: 'read write admin' })
    const { body } = await harness.obtainTokens('ana@acme.test', 'read', client_id)
    expect(body).toMatchObject({ scope: 'mcp read', refresh_token: expect.any(String) })
    expect((await harness.refresh(client_id, body['refresh_token'])).status).toBe(200)
    expect(timesAsked(path)).toBe(1)
  })

  it('is shown with the host that it publishes at where the user looks at what they have allowed', async () => {
    const client_id = site.publish(name, newPath())
    const { jar } = await harness.obtainCode('ana@acme.test', { client_id, scope: 'read' })
    const { html } = await jar.open(`${harness.origin}/authsec/consents`)
    expect(html).toContain(`<dd><bdi>${new URL(client_id).host}</bdi></dd>`)
  })

  it('is shown the consent page with its own name', async () => {
    const client_id = site.publish(name, newPath(), { client_name: 'Notes of Ana' })
    const page = await authorize(client_id)
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining('Notes of Ana') })
  })

  it.each([
    ['Claude', ['says so on', 'calls itself like']],
    ['Notes', []],
  ])('is warned of where it publishes elsewhere who it says it is: %s', async (client_name, words) => {
    const redirect_uri = 'https://claude.ai/api/mcp/auth_callback'
    const client_id = site.publish(name, newPath(), { client_name, redirect_uris: [redirect_uri] })
    const { challenge } = pkcePair()
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    const url = harness.authorizeUrl({ client_id, redirect_uri, scope: 'read', ...pkce })
    const { html } = await harness.signIn(new BrowserJar(), url, 'ana@acme.test')
    expect(html).toContain('<h1>Allow')
    for (const one of words) expect(html).toContain(one)
    expect(html.includes('class="warning"')).toBe(words.length > 0)
  })

  it('may use any port of this computer where its document names loopback', async () => {
    const client_id = site.publish(name, newPath(), { redirect_uris: ['http://127.0.0.1/callback'] })
    expect((await authorize(client_id, 'http://127.0.0.1:4711/callback')).status).toBe(200)
    expect((await authorize(client_id, 'http://127.0.0.1:4711/other')).status).toBe(400)
  })

  it('is advertised, where this server has a way out', async () => {
    const metadata = async (from: IssuerHarness) =>
      (await (await fetch(`${from.issuer}/.well-known/openid-configuration`)).json()) as Record<string, unknown>
    expect(await metadata(harness)).toMatchObject({ client_id_metadata_document_supported: true })
    const closed = await IssuerHarness.start()
    expect(await metadata(closed)).toMatchObject({ client_id_metadata_document_supported: false })
    expect((await authorize(site.publish(name, newPath()), callbackUri, closed)).status).toBe(400)
    await closed.close()
  })
})

describe('a document is refused', () => {
  const sound = (client_id: string) => ({ client_id, client_name: 'Notes', redirect_uris: [callbackUri] })
  const twice = (id: string, member: string) =>
    JSON.stringify(sound(id)).replace('{', `{"${member}":["https://evil.example/"],`)

  it.each<[string, (id: string) => readonly [string, object?]]>([
    ['that names another client_id', (id) => [JSON.stringify(sound(`${id}?`))]],
    ['that names none', () => [JSON.stringify({ redirect_uris: [callbackUri] })]],
    ['that is no JSON', () => ['<html>']],
    ['that says a member twice', (id) => [twice(id, 'redirect_uris')]],
    ['that says a member twice in two spellings', (id) => [twice(id, String.raw`redirect\u005furis`)]],
    ['that says twice whose it is', (id) => [JSON.stringify(sound(id)).replace('{', '{"client_id":"x",')]],
    ['that is a list', (id) => [JSON.stringify([sound(id)])]],
    ['of more than 16 KB', (id) => [JSON.stringify({ ...sound(id), contacts: ['x'.repeat(17_000)] })]],
    ['that is a web page', (id) => [JSON.stringify(sound(id)), { headers: { 'content-type': 'text/html' } }]],
    ['that is not there', (id) => [JSON.stringify(sound(id)), { status: 404 }]],
    ['that moved', (id) => [JSON.stringify(sound(id)), { status: 302, headers: { location: '/client-1.json' } }]],
    ['with a secret', (id) => [JSON.stringify({ ...sound(id), client_secret: 'x'.repeat(40) })]],
    [
      'with a secret method',
      (id) => [JSON.stringify({ ...sound(id), token_endpoint_auth_method: 'client_secret_post' })],
    ],
    ['with a script', (id) => [JSON.stringify({ ...sound(id), redirect_uris: ['javascript:alert(1)'] })]],
    [
      'with http elsewhere',
      (id) => [JSON.stringify({ ...sound(id), redirect_uris: ['http://client.example/callback'] })],
    ],
    ['of two sites', (id) => [JSON.stringify({ ...sound(id), redirect_uris: [callbackUri, 'https://evil.example/'] })]],
    ['with a name that turns text around', (id) => [JSON.stringify({ ...sound(id), client_name: 'evil\u202Etxt' })]],
    [
      'with a logout elsewhere',
      (id) => [JSON.stringify({ ...sound(id), backchannel_logout_uri: 'https://evil.example/' })],
    ],
  ])('%s, asked for once', async (_title, made) => {
    const path = newPath()
    const id = site.url(name, path)
    const [body, more] = made(id)
    site.serve(path, body, more)
    const page = await authorize(id)
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.left).toBeUndefined()
    const answer = await harness.token({ grant_type: 'refresh_token', client_id: id, refresh_token: 'x' })
    expect(answer.body['error']).toMatch(/^invalid_(client|client_metadata|redirect_uri)$/)
    expect(timesAsked(path)).toBe(1)
  })

  it('until it is mended, a minute later', async () => {
    const path = newPath()
    const id = site.url(name, path)
    site.serve(path, '{}')
    expect((await authorize(id)).status).toBe(400)
    site.publish(name, path)
    expect((await authorize(id)).status).toBe(400)
    clock.advance(61)
    expect((await authorize(id)).status).toBe(200)
  })

  it.each([
    ['in capitals', (url: string) => url.replace('client', 'CLIENT')],
    ['with the path of nothing', (url: string) => new URL(url).origin],
    ['with a dot segment', (url: string) => url.replace('/client-', '/x/../client-')],
    ['with a fragment', (url: string) => `${url}#x`],
    ['with a user', (url: string) => url.replace('https://', 'https://user@')],
    ['of http', (url: string) => url.replace('https:', 'http:')],
    ['of more than 1024 characters', (url: string) => `${url}?${'x'.repeat(1024)}`],
  ])('under a URL %s, which is not asked', async (_title, spelled) => {
    const path = newPath()
    const before = site.asked.length
    expect((await authorize(spelled(site.publish(name, path)))).status).toBe(400)
    expect(site.asked.length).toBe(before)
  })
})

describe('nothing is fetched', () => {
  it('from this computer or a private network outside development', async () => {
    const outgoing = { fetcher: site.fetcher, reach: 'public' as const }
    const production = await IssuerHarness.start({ clock, storageClock: clock, outgoing })
    const before = site.asked.length
    const ids = [site.publish(name, newPath()), 'https://10.0.0.1/client.json', 'https://[::1]/client.json']
    for (const id of ids) {
      const page = await authorize(id, callbackUri, production)
      expect(page).toMatchObject({ status: 400, html: expect.stringContaining('cannot be fetched') })
    }
    expect(site.asked.length).toBe(before)
    await production.close()
  })

  it('twice at the same time for one id', async () => {
    const path = newPath()
    const client_id = site.publish(name, path)
    const pages = await Promise.all(Array.from({ length: 10 }, () => authorize(client_id)))
    expect(pages.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
    expect(timesAsked(path)).toBe(1)
  })
})

type Answer = (request: FetchRequest) => FetchAnswer

const json = new Map([['content-type', 'application/json']])
const good: Answer = ({ url }) => ({
  ...{ status: 200, headers: json },
  body: Buffer.from(JSON.stringify({ client_id: url })),
})
const bad: Answer = () => ({ status: 404, headers: json, body: Buffer.alloc(0) })
const down: Answer = () => {
  throw new FetchError('unreachable', 'nobody is there')
}

function documentsOver(answer: Answer): ClientDocuments {
  const fetcher = { fetch: async (request: FetchRequest) => answer(request) }
  const limiter = new MemoryRateLimiter(clock)
  return new ClientDocuments({ fetcher, reach: 'public', limiter, clock, log: new MemoryLog() })
}

const answering =
  (status: number, body = ''): Answer =>
  () => ({ status, headers: json, body: Buffer.from(body) })
const failing =
  (failure: FetchFailure): Answer =>
  () => {
    throw new FetchError(failure, 'no answer')
  }

/** A document that was good, and what becomes of it once its host answers otherwise. */
async function goodFirst(then: Answer) {
  const answers = { next: good, asked: 0 }
  const found = documentsOver((request) => {
    answers.asked += 1
    return answers.next(request)
  })
  const kind = async () => (await found.find('https://a.example/client', 'caller')).kind
  expect(await kind()).toBe('document')
  answers.next = then
  return { answers, kind }
}

describe('a document that was good', () => {
  it.each<[string, Answer]>([
    ['nobody is there', failing('unreachable')],
    ['its host takes too long', failing('timeout')],
    ['its host is broken (500)', answering(500)],
    ['its host is down (503)', answering(503)],
    ['its host has too much to do (429)', answering(429)],
  ])('is good for a day while %s, and no longer', async (_title, then) => {
    const { kind } = await goodFirst(then)
    clock.advance(23 * 60 * 60)
    expect(await kind()).toBe('document')
    clock.advance(2 * 60 * 60)
    expect(await kind()).toBe('refused')
  })

  it('is asked for once a minute while its host does not answer, and taken as it is then', async () => {
    const { answers, kind } = await goodFirst(answering(503))
    clock.advance(60 * 60)
    for (let time = 0; time < 5; time += 1) expect(await kind()).toBe('document')
    expect(answers.asked).toBe(2)
    answers.next = good
    clock.advance(61)
    expect(await kind()).toBe('document')
    answers.next = down
    clock.advance(23 * 60 * 60)
    expect(await kind()).toBe('document')
  })

  it.each<[string, Answer]>([
    ['that it is not there (404)', bad],
    ['that it is gone (410)', answering(410)],
    ['that nobody may read it (403)', answering(403)],
    ['that it is elsewhere', failing('redirect')],
    ['more than fits', failing('too-large')],
    ['something else', answering(200, JSON.stringify({ client_id: 'https://a.example/other' }))],
  ])('is refused once its host says %s', async (_title, then) => {
    const { kind } = await goodFirst(then)
    expect(await kind()).toBe('document')
    clock.advance(61)
    expect(await kind()).toBe('refused')
  })

  it('is not good where it never was: a host that is down names nobody', async () => {
    const found = documentsOver(answering(503))
    expect((await found.find('https://a.example/client', 'caller')).kind).toBe('refused')
  })
})

describe('looks at documents are limited', () => {
  const kindsOf = async (ids: readonly string[], caller: (index: number) => string, answer: Answer) => {
    const found = documentsOver(answer)
    const kinds: string[] = []
    for (const [index, id] of ids.entries()) kinds.push((await found.find(id, caller(index))).kind)
    return kinds
  }
  const everybody = (index: number) => `caller ${index}`
  const idsAt = (host: string, count: number) => Array.from({ length: count }, (_, index) => `https://${host}/${index}`)

  it.each([
    ['documents', good],
    ['nothing', bad],
  ])('for one caller, where %s come of them', async (_title, answer) => {
    const kinds = await kindsOf(idsAt('a.example', 31), () => 'caller', answer)
    expect(kinds.filter((kind) => kind !== 'busy')).toHaveLength(30)
  })

  it('for one host where nothing comes of them, whoever calls, and not where it has the documents', async () => {
    expect((await kindsOf(idsAt('a.example', 61), everybody, bad)).at(-1)).toBe('busy')
    expect((await kindsOf(idsAt('a.example', 61), everybody, good)).at(-1)).toBe('document')
    const two = [...idsAt('a.example', 60), 'https://b.example/1']
    expect((await kindsOf(two, everybody, bad)).at(-1)).toBe('refused')
  })

  it('and leave a client whose document is known alone', async () => {
    const known = 'https://a.example/known'
    const answer: Answer = (request) => (request.url === known ? good(request) : bad(request))
    const found = documentsOver(answer)
    expect((await found.find(known, 'caller')).kind).toBe('document')
    clock.advance(61)
    for (const [index, id] of idsAt('a.example', 61).entries()) await found.find(id, everybody(index))
    expect((await found.find(known, 'caller')).kind).toBe('document')
    expect((await found.find('https://a.example/unknown', 'caller')).kind).toBe('busy')
  })

  it('for whoever asks too often, and not for whoever asks for the same one at the same time', async () => {
    let asked = 0
    const found = documentsOver((request) => {
      asked += 1
      return good(request)
    })
    for (const id of idsAt('a.example', 30)) await found.find(id, 'flooder')
    const wanted = 'https://a.example/wanted'
    const outcomes = await Promise.all([
      found.find(wanted, 'flooder'),
      ...['one', 'two', 'three'].map((caller) => found.find(wanted, caller)),
    ])
    expect(outcomes.map(({ kind }) => kind)).toEqual(['busy', 'document', 'document', 'document'])
    expect(asked).toBe(31)
  })

  it('by a limiter that has to answer: without it nobody is let in', async () => {
    harness.limiter.available = false
    expect((await authorize(site.publish(name, newPath()))).status).toBe(503)
    const answer = await harness.token({ grant_type: 'refresh_token', client_id: site.publish(name, newPath()) })
    expect(answer.status).toBe(503)
    harness.limiter.available = true
  })
})

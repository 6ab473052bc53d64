import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { callbackUri, IssuerHarness, password, pkcePair } from '../../support/issuer-harness.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

const seen = 'https://client.example/callback'
const unseen = 'https://client.example/other'
const below = 'https://preview.client.example/callback'

let harness: IssuerHarness
let clientId: string
const clock = new ShiftableClock()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock })
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read', 'write'])
  clientId = await harness.registeredClient({ redirect_uris: [seen, unseen, below] })
})

afterAll(() => harness.close())
afterEach(() => clock.advance(16 * 60))

function urlTo(redirect_uri: string, more: Readonly<Record<string, string>> = {}): URL {
  const { challenge } = pkcePair()
  return harness.authorizeUrl({
    ...{ client_id: clientId, redirect_uri, scope: 'read', code_challenge: challenge, code_challenge_method: 'S256' },
    ...more,
  })
}

async function allowedJar(more: Readonly<Record<string, string>> = {}): Promise<BrowserJar> {
  const jar = new BrowserJar()
  const { left } = await jar.press(await harness.signIn(jar, urlTo(seen, more), 'ana@acme.test'), 'allow')
  expect(left?.searchParams.get('code')).toBeTruthy()
  return jar
}

describe('consent', () => {
  it('to one destination is remembered for that one', async () => {
    const jar = await allowedJar()
    for (const more of [{}, { prompt: 'none' }]) {
      expect((await jar.open(urlTo(seen, more))).left?.searchParams.get('code')).toBeTruthy()
    }
  })

  it.each([unseen, below])('to one destination says nothing about %s of the same client', async (redirectUri) => {
    const jar = await allowedJar()
    const asked = await jar.open(urlTo(redirectUri))
    expect(asked.left).toBeUndefined()
    expect(asked.html).toContain('<h1>Allow')
    const silent = await jar.open(urlTo(redirectUri, { prompt: 'none' }))
    expect(silent.left?.searchParams.get('error')).toBe('consent_required')
    expect(silent.left?.searchParams.get('code')).toBeNull()
  })

  it('to little for one destination gets nothing of what another one was allowed', async () => {
    const jar = await allowedJar({ scope: 'read write' })
    await jar.press(await jar.open(urlTo(unseen)), 'allow')
    expect((await jar.open(urlTo(unseen))).left?.searchParams.get('code')).toBeTruthy()
    const more = await jar.open(urlTo(unseen, { scope: 'read write' }))
    expect(more.left).toBeUndefined()
    expect(more.html).toContain('<h1>Allow')
  })

  it('is asked for again once the grant was revoked', async () => {
    const { challenge, verifier } = pkcePair()
    const jar = new BrowserJar()
    const url = urlTo(seen, { code_challenge: challenge })
    const { left } = await jar.press(await harness.signIn(jar, url, 'ana@acme.test'), 'allow')
    const code = left?.searchParams.get('code') ?? ''
    const { body } = await harness.exchange({ client_id: clientId, code, code_verifier: verifier })
    await harness.token({ token: String(body['refresh_token']), client_id: clientId }, '/revoke')
    expect((await jar.open(urlTo(seen))).html).toContain('<h1>Allow')
  })

  it('is not given while it cannot be put on record', async () => {
    const jar = new BrowserJar()
    const consent = await harness.signIn(jar, urlTo(seen), 'ana@acme.test')
    harness.audit.available = false
    const refused = await jar.press(consent, 'allow')
    harness.audit.available = true
    expect(refused).toMatchObject({ status: 503, left: undefined })
    expect((await jar.open(urlTo(seen))).html).toContain('<h1>Allow')
    expect((await jar.press(consent, 'allow')).left?.searchParams.get('code')).toBeTruthy()
  })
})

describe('the consent page', () => {
  const openFor = async (email: string, more: Readonly<Record<string, string>> = {}): Promise<Shown> => {
    return harness.signIn(new BrowserJar(), urlTo(callbackUri, { scope: 'mcp', ...more }), email)
  }

  it('says that connecting opens everything that the roles, groups and resources of the account allow', async () => {
    await harness.accounts.create(harness.acme, {
      email: 'boss@acme.test',
      passwordHash: await harness.options.hasher.hash(password),
      grants: grantsOf({
        roles: ['admin', 'developer'],
        groups: ['engineering'],
        resources: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
        permissions: ['invoice:delete'],
      }),
    })
    const { html } = await openFor('boss@acme.test')
    const text = html.replaceAll(/<[^>]+>/g, '').replaceAll(/\s+/g, ' ')
    expect(text).toContain(
      'Use everything your roles (admin, developer), groups (engineering), resources (a, b, c, d, e, f and 2 more) ' +
        'and permissions (invoice:delete) allow on Invoices',
    )
    expect(text).not.toContain('what every member may use')
  })

  it('says that an account without grants lets it use what every member may use', async () => {
    await harness.accounts.create(harness.acme, {
      email: 'new@acme.test',
      passwordHash: await harness.options.hasher.hash(password),
      grants: grantsOf({}),
    })
    expect((await openFor('new@acme.test')).html).toContain('Use what every member may use on <bdi>Invoices</bdi>')
  })

  it('escapes what a role is called', async () => {
    await harness.accounts.create(harness.acme, {
      email: 'odd@acme.test',
      passwordHash: await harness.options.hasher.hash(password),
      grants: grantsOf({ roles: ['<img src=x>'] }),
    })
    const { html } = await openFor('odd@acme.test')
    expect(html).not.toContain('<img')
    expect(html).toContain('&lt;img src=x&gt;')
  })

  it('names the address right below the name, and what of it somebody registered', async () => {
    const { html } = await openFor('ana@acme.test', { redirect_uri: below })
    expect(html).toContain('Anyone can call an app by this name. Check the address below.')
    expect(html).toContain('<bdi>preview.<strong>client.example</strong></bdi>')
    expect(html.indexOf('handed to')).toBeLessThan(html.indexOf('<ul'))
  })

  it.each([
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor:'],
    ['com.example.app:/cb', 'com.example.app:'],
    ['http://localhost:7777/cb', 'a program on this computer'],
  ])('names where %s leads', async (redirect_uri, words) => {
    const client_id = await harness.registeredClient({ redirect_uris: [redirect_uri] })
    const { html } = await openFor('ana@acme.test', { client_id, redirect_uri })
    expect(html.slice(html.indexOf('handed to'), html.indexOf('<ul'))).toContain(words)
  })

  it('follows a page that does not yet say that the user is taken back', async () => {
    const jar = new BrowserJar()
    const signIn = await jar.open(urlTo(seen))
    const cookies = jar.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const csrf = /name="csrf" value="([^"]+)"/.exec(signIn.html)?.[1] ?? ''
    const fields = { csrf, tenant: 'acme', email: 'ana@acme.test', password, action: 'sign-in' }
    const answer = await fetch(signIn.url, {
      ...{ method: 'POST', headers: { cookie: cookies }, body: new URLSearchParams(fields) },
    })
    const html = await answer.text()
    expect(html).toContain('Continuing…')
    expect(html).not.toContain('taken back')
  })
})

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Account } from '../../../src/core/identity/account-store.js'
import type { IdentityProvider } from '../../../src/core/sign-in/identity-provider.js'
import type { AuthorizationSecrets } from '../../../src/core/sign-in/login-transaction.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { IssuerHarness, password, relyingPartySecret } from '../../support/issuer-harness.js'
import { MemoryLog } from '../../support/memory-ports.js'
import { newSecrets, relyingPartyOf } from '../../support/relying-party.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let harness: IssuerHarness
let provider: IdentityProvider
let ana: Account
let bo: Account
const clock = new ShiftableClock()
const log = new MemoryLog()

beforeAll(async () => {
  harness = await IssuerHarness.start({ clock })
  ana = await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
  bo = await harness.addAccount(harness.acme, 'bo@acme.test', ['write'])
  provider = relyingPartyOf(harness, { log })
})

afterAll(() => harness.close())
afterEach(() => {
  clock.advance(16 * 60)
  harness.storage.available = true
})

interface Return {
  readonly secrets: AuthorizationSecrets
  readonly callback: URLSearchParams
  readonly shown: Shown
}

/** To the provider and back, signing in where it asks. */
async function goAndReturn(jar: BrowserJar, email = 'ana@acme.test'): Promise<Return> {
  const secrets = newSecrets()
  const first = await jar.open(await provider.authorizationUrl({ secrets, otherAccount: false }))
  return back(secrets, isCallback(first) ? first : await jar.press(first, 'sign-in', { fields: { email, password } }))
}

function back(secrets: AuthorizationSecrets, shown: Shown): Return {
  expect(isCallback(shown)).toBe(true)
  return { secrets, shown, callback: new URL(shown.url).searchParams }
}

function isCallback({ url }: Shown): boolean {
  return url.startsWith(`${harness.loginCallback}?`)
}

const isActive = (grant: string | undefined) => harness.running.registry.isActive(String(grant))

describe('the request for a sign-in', () => {
  it('asks for exactly what this sign-in is recognized by', async () => {
    const secrets = newSecrets()
    const url = await provider.authorizationUrl({ secrets, otherAccount: false })
    expect(url.origin + url.pathname).toBe(`${harness.issuer}/authorize`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: harness.loginCallback,
      scope: 'openid mcp read write',
      resource: `${harness.origin}/mcp`,
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(url.href).not.toContain(secrets.codeVerifier)
  })

  it('asks for another account by prompt=login, and else not', async () => {
    const url = await provider.authorizationUrl({ secrets: newSecrets(), otherAccount: true })
    expect(url.searchParams.get('prompt')).toBe('login')
  })
})

describe('a sign-in', () => {
  it('takes one page of the provider, and gives the identity with what was granted and is held', async () => {
    const jar = new BrowserJar()
    const { secrets, callback } = await goAndReturn(jar)
    const identity = await provider.exchange(callback, secrets)
    expect(identity).toEqual({
      issuer: harness.issuer,
      subject: ana.id,
      clientId: 'app',
      tenantClaim: 'acme',
      scopes: ['mcp', 'read'],
      grantDigest: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      expiresAt: undefined,
    })
    expect(await isActive(identity.grantDigest)).toBe(true)
    const forms = jar.answers.filter(({ status, url }) => status === 200 && url.includes('/authsec/signin/'))
    // The sign-in page, and the page that its form is answered with.
    expect(forms).toHaveLength(2)
  })

  it('of a browser that is signed in shows no page at all', async () => {
    const jar = new BrowserJar()
    await goAndReturn(jar)
    const before = jar.answers.length
    const { secrets, callback } = await goAndReturn(jar)
    expect(jar.answers.slice(before).map(({ status }) => status)).toEqual([303, 404])
    expect(await provider.exchange(callback, secrets)).toMatchObject({ subject: ana.id })
  })

  it('has a grant of its own: ending one leaves the other of the same browser', async () => {
    const jar = new BrowserJar()
    const first = await goAndReturn(jar)
    const second = await goAndReturn(jar)
    const one = await provider.exchange(first.callback, first.secrets)
    const two = await provider.exchange(second.callback, second.secrets)
    expect(one.grantDigest).not.toBe(two.grantDigest)
    await expect(provider.exchange(first.callback, first.secrets)).rejects.toMatchObject({ code: 'ERR_LOGIN_PROVIDER' })
    expect([await isActive(one.grantDigest), await isActive(two.grantDigest)]).toEqual([false, true])
  })

  it('as another account is asked for though the browser is signed in', async () => {
    const jar = new BrowserJar()
    await goAndReturn(jar)
    const secrets = newSecrets()
    const page = await jar.open(await provider.authorizationUrl({ secrets, otherAccount: true }))
    expect(page.html).toContain('<h1>Sign in</h1>')
    const shown = await jar.press(page, 'sign-in', { fields: { email: 'bo@acme.test', password } })
    const identity = await provider.exchange(back(secrets, shown).callback, secrets)
    expect(identity).toMatchObject({ subject: bo.id, scopes: ['mcp', 'write'] })
  })

  it('that the user cancels comes back as an error, which is no identity', async () => {
    const jar = new BrowserJar()
    const secrets = newSecrets()
    const page = await jar.open(await provider.authorizationUrl({ secrets, otherAccount: false }))
    const { callback } = back(secrets, await jar.press(page, 'deny'))
    expect(Object.fromEntries(callback)).toMatchObject({
      error: 'access_denied',
      state: secrets.state,
      iss: harness.issuer,
    })
    expect(callback.has('code')).toBe(false)
    await expect(provider.exchange(callback, secrets)).rejects.toMatchObject({ code: 'ERR_LOGIN_DENIED' })
    callback.set('iss', 'https://evil.example/oauth')
    await expect(provider.exchange(callback, secrets)).rejects.toMatchObject({ code: 'ERR_LOGIN_PROVIDER' })
  })
})

describe('the callback', () => {
  it.each<readonly [string, (callback: URLSearchParams, issuer: string) => void]>([
    ['without iss', (callback) => callback.delete('iss')],
    ['with an empty iss', (callback) => callback.set('iss', '')],
    ['with the iss of another', (callback) => callback.set('iss', 'https://evil.example/oauth')],
    ['with a slash behind iss', (callback, issuer) => callback.set('iss', `${issuer}/`)],
    ['with iss in other case', (callback, issuer) => callback.set('iss', issuer.replace('http:', 'HTTP:'))],
    ['with iss twice', (callback, issuer) => callback.append('iss', issuer)],
    ['without state', (callback) => callback.delete('state')],
    ['with another state', (callback) => callback.set('state', newSecrets().state)],
    ['without code', (callback) => callback.delete('code')],
    ['with another code', (callback) => callback.set('code', newSecrets().state)],
    ['with a code twice', (callback) => callback.append('code', 'x')],
    ['with a token from the front channel', (callback) => callback.set('id_token', 'x.y.z')],
  ])('is refused %s', async (_title, change) => {
    const { secrets, callback } = await goAndReturn(new BrowserJar())
    const changed = new URLSearchParams(callback)
    change(changed, harness.issuer)
    await expect(provider.exchange(changed, secrets)).rejects.toMatchObject({ code: 'ERR_LOGIN_PROVIDER' })
  })

  it('is refused for the verifier or the nonce of another sign-in', async () => {
    for (const name of ['codeVerifier', 'nonce'] as const) {
      const { secrets, callback } = await goAndReturn(new BrowserJar())
      const mixed = { ...secrets, [name]: newSecrets()[name] }
      await expect(provider.exchange(callback, mixed)).rejects.toMatchObject({ code: 'ERR_LOGIN_PROVIDER' })
    }
  })

  it('with a code of another sign-in of this client is refused', async () => {
    const mine = await goAndReturn(new BrowserJar())
    const other = await goAndReturn(new BrowserJar(), 'bo@acme.test')
    const planted = new URLSearchParams(mine.callback)
    planted.set('code', other.callback.get('code') ?? '')
    await expect(provider.exchange(planted, mine.secrets)).rejects.toMatchObject({ code: 'ERR_LOGIN_PROVIDER' })
  })

  it('gets nothing once the account is disabled', async () => {
    const account = await harness.addAccount(harness.acme, 'gone@acme.test', ['read'])
    const { secrets, callback } = await goAndReturn(new BrowserJar(), 'gone@acme.test')
    await harness.accounts.change(harness.acme, account.id, { disabled: true })
    await expect(provider.exchange(callback, secrets)).rejects.toMatchObject({ code: 'ERR_LOGIN_PROVIDER' })
  })

  it('gets nothing with another client secret', async () => {
    const impostor = relyingPartyOf(harness, { clientSecret: relyingPartySecret.toUpperCase() })
    const { secrets, callback } = await goAndReturn(new BrowserJar())
    await expect(impostor.exchange(callback, secrets)).rejects.toMatchObject({ code: 'ERR_LOGIN_PROVIDER' })
    await expect(provider.exchange(callback, secrets)).resolves.toMatchObject({ subject: ana.id })
  })

  it('says that the provider is out of order while it is', async () => {
    const { secrets, callback } = await goAndReturn(new BrowserJar())
    harness.storage.available = false
    await expect(provider.exchange(callback, secrets)).rejects.toMatchObject({ code: 'ERR_IDP_UNAVAILABLE' })
  })

  it('leaves no code, state, nonce, verifier, secret or token in errors and log', async () => {
    const { secrets, callback } = await goAndReturn(new BrowserJar())
    await provider.exchange(callback, secrets)
    const error: unknown = await provider.exchange(callback, secrets).catch((reason: unknown) => reason)
    const { inspect } = await import('node:util')
    const text = inspect([error, log.lines], { depth: 12, showHidden: true })
    for (const marker of [...Object.values(secrets), callback.get('code') ?? '?', relyingPartySecret, 'eyJ']) {
      expect(text).not.toContain(marker)
    }
    expect(log.lines.at(-1)).toMatchObject({ level: 'warn', fields: { reason: 'invalid_grant' } })
  })
})

describe('a pasted ID token', () => {
  async function idTokenFor(secrets: AuthorizationSecrets, callback: URLSearchParams) {
    const answer = await fetch(`${harness.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`app:${relyingPartySecret}`).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: callback.get('code') ?? '',
        redirect_uri: harness.loginCallback,
        code_verifier: secrets.codeVerifier,
      }),
    })
    return (await answer.json()) as { readonly id_token: string; readonly access_token: string }
  }

  it('gives the identity without any scope, until it ends', async () => {
    const { secrets, callback } = await goAndReturn(new BrowserJar())
    const { id_token: token } = await idTokenFor(secrets, callback)
    expect(await provider.verifyIdToken(token, secrets.nonce)).toEqual({
      issuer: harness.issuer,
      subject: ana.id,
      clientId: 'app',
      tenantClaim: 'acme',
      scopes: [],
      grantDigest: undefined,
      expiresAt: expect.any(Number),
    })
  })

  it('is refused for another nonce, for another client, and when it is an access token', async () => {
    const { secrets, callback } = await goAndReturn(new BrowserJar())
    const { id_token: token, access_token: accessToken } = await idTokenFor(secrets, callback)
    const refused = { code: 'ERR_LOGIN_PROVIDER' }
    await expect(provider.verifyIdToken(token, newSecrets().nonce)).rejects.toMatchObject(refused)
    await expect(provider.verifyIdToken(accessToken, secrets.nonce)).rejects.toMatchObject(refused)
    const { body } = await harness.obtainTokens('ana@acme.test', 'openid read')
    await expect(provider.verifyIdToken(String(body['id_token']), secrets.nonce)).rejects.toMatchObject(refused)
  })
})

describe('a relying party', () => {
  const make = (changes: Parameters<typeof relyingPartyOf>[1]) => () => relyingPartyOf(harness, changes)

  it.each([
    ['an issuer over http', { issuer: 'http://idp.example/oauth' }],
    ['an issuer that is no URL', { issuer: 'idp.example' }],
    ['an issuer with a query', { issuer: 'https://idp.example/oauth?x=y' }],
    ['an issuer with a name and password', { issuer: 'https://me:secret@idp.example/oauth' }],
    ['an issuer in another spelling', { issuer: 'https://IDP.example/oauth' }],
    ['a redirect URI over http', { redirectUri: 'http://mcp.example/callback' }],
    ['a redirect URI with a query', { redirectUri: 'https://mcp.example/callback?x=y' }],
    ['a redirect URI without a path', { redirectUri: 'https://mcp.example' }],
  ])('is not made with %s', (_title, changes) => {
    expect(make(changes)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_URL' }))
  })

  it.each([{ clientId: '' }, { clientSecret: '' }])('is not made with %j', (changes) => {
    expect(make(changes)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_OPTION' }))
  })

  it.each(['https://idp.example', 'https://idp.example/', 'http://localhost:3005/oauth'])(
    'is made for %s',
    (issuer) => {
      expect(make({ issuer })).not.toThrow()
    },
  )
})

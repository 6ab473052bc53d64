import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext } from 'playwright-core'
import { AuditRows, type AuditRowSeen } from '../support/audit-rows.js'
import { launchChromium, openJar } from '../support/browser.js'
import { LoginClient, signInTools } from '../support/login-clients.js'
import {
  runCli,
  startServerProcess,
  temporaryHome,
  type ServerProcess,
  type TemporaryHome,
} from '../support/server-process.js'
import { heading, personOf, SignInWindow, type Person } from '../support/sign-in-window.js'

const john = 'john@company.com'
const ana = 'ana@company.com'
const tellsNothing = /one-time-code|john|ana@|acme/i

let home: TemporaryHome
let server: ServerProcess
let browser: Browser
let record: AuditRows
let victim: Person

let clients = 0
let name: string
let client: LoginClient
let owner: BrowserContext
let other: BrowserContext

beforeAll(async () => {
  home = await temporaryHome()
  server = await startServerProcess({ home: home.path })
  browser = await launchChromium()
  record = await AuditRows.of(home.path)
  victim = await personOf(home, john)
})
afterAll(async () => {
  await browser?.close()
  await record?.close()
  await server?.stop()
  await home?.remove()
})

beforeEach(async () => {
  clients += 1
  name = `Client ${clients}`
  client = await LoginClient.overHttp(server.url, { name, version: '1' })
  owner = await openJar(browser)
  other = await openJar(browser)
})
afterEach(async () => {
  await owner.close()
  await other.close()
  await client.close()
})

/** That all rows belong to the one sign-in that this test's client has started. */
async function expectOfThisSignIn(rows: readonly AuditRowSeen[]): Promise<void> {
  const started = (await record.all()).filter(
    ({ type, detail }) => type === 'signin.started' && detail?.['client'] === name,
  )
  expect(started).toHaveLength(1)
  expect(rows.map(({ requestId, database }) => ({ requestId, database }))).toEqual(
    rows.map(() => ({ requestId: started[0]?.requestId, database: 'authsec' })),
  )
}

async function expectNothingIn(window: SignInWindow): Promise<void> {
  expect(await window.page.content()).not.toMatch(tellsNothing)
}

describe('a link that was forwarded', () => {
  it('shows nothing to another browser once one has confirmed, nor once that one has the code', async () => {
    const { url } = await client.start()
    const window = await SignInWindow.open(owner, url)
    await window.confirm()
    const rows = await record.expect({ 'signin.failed ERR_LOGIN_BROWSER': 2 }, async () => {
      const early = await SignInWindow.open(other, url)
      await early.reach(heading.elsewhere)
      await expectNothingIn(early)
      await window.signIn(victim)
      await window.code()
      await early.page.reload()
      await early.reach(heading.elsewhere)
      await expectNothingIn(early)
    })
    await expectOfThisSignIn(rows)
    await window.page.reload()
    expect(await window.code()).toHaveLength(9)
  })

  it('leads nowhere from pages that were opened before, whatever is pressed there', async () => {
    const { url } = await client.start()
    const buttons = ['Continue', 'Cancel', 'Use another account'] as const
    const windows: SignInWindow[] = []
    for (const _button of buttons) windows.push(await SignInWindow.open(other, url))
    const window = await SignInWindow.open(owner, url)
    await window.confirm()
    const rows = await record.expect({ 'signin.failed ERR_LOGIN_BROWSER': 3 }, async () => {
      for (const [index, late] of windows.entries()) {
        await late.press(buttons[index] ?? '')
        await late.reach(heading.elsewhere)
        await expectNothingIn(late)
      }
    })
    await expectOfThisSignIn(rows)
    await window.signIn(victim)
    expect(await window.code()).toHaveLength(9)
  })

  it('signs its sender in with nothing but the code that the victim sees', async () => {
    const window = await SignInWindow.open(owner, (await client.start()).url)
    await window.complete(victim)
    expect((await client.call('oauth_status')).facts).toMatchObject({ status: 'pending' })
    expect(await client.list()).toEqual(signInTools)
  })
})

describe('an address of the provider that was taken after confirmation', () => {
  it('leads nowhere in another browser: its user is not even asked to sign in', async () => {
    const { url } = await client.start()
    const window = await SignInWindow.open(owner, url)
    await window.page.route('**/oauth/authorize?*', (route) => route.fulfill({ status: 204 }))
    await window.press('Continue')
    const upstream = await window.page.getByRole('link', { name: 'Continue' }).getAttribute('href')
    await SignInWindow.open(other, (await client.start()).url)
    const rows = await record.expect({ 'signin.failed ERR_LOGIN_BROWSER': 1 }, async () => {
      const lured = await SignInWindow.open(other, upstream ?? '')
      await lured.reach(heading.stopped)
      await expectNothingIn(lured)
    })
    expect(rows).toMatchObject([{ database: 'authsec', personal: { address: '127.0.0.1' } }])
    await window.page.goto(url)
    await window.reach(heading.confirmed)
    expect(await client.list()).toEqual(signInTools)
  })
})

describe('a callback', () => {
  it('is heard once, in the browser that confirmed and in no other', async () => {
    const { url } = await client.start()
    const window = await SignInWindow.open(owner, url)
    const callbacks: string[] = []
    window.page.on('request', (request) => {
      if (request.url().includes('/authsec/login/callback?')) callbacks.push(request.url())
    })
    const code = await window.complete(victim)
    expect(callbacks).toHaveLength(1)
    const [callback = ''] = callbacks

    const replayed = await record.expect({ 'signin.failed ERR_LOGIN_REPLAYED': 1 }, async () => {
      const again = await SignInWindow.open(owner, callback)
      await again.reach(heading.replayed)
      await expectNothingIn(again)
    })
    await expectOfThisSignIn(replayed)
    const elsewhere = await record.expect({ 'signin.failed ERR_LOGIN_BROWSER': 1 }, async () => {
      const stranger = await SignInWindow.open(other, callback)
      await stranger.reach(heading.stopped)
      await expectNothingIn(stranger)
    })
    await expectOfThisSignIn(elsewhere)

    await window.page.reload()
    expect(await window.code()).toBe(code)
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
  })
})

describe('a code', () => {
  it('is of no use in another session, whether or not that one waits for a code of its own', async () => {
    const window = await SignInWindow.open(owner, (await client.start()).url)
    const code = await window.complete(victim)
    const attacker = await LoginClient.overHttp(server.url, { name: 'Attacker', version: '1' })
    await record.expect({ 'signin.failed ERR_LOGIN_UNKNOWN': 1 }, async () => {
      expect(await attacker.call('oauth_authenticate', { code })).toMatchObject({
        isError: true,
        facts: { error: 'expired_code' },
      })
    })
    const own = await SignInWindow.open(other, (await attacker.start()).url)
    const ownCode = await own.complete(await personOf(home, ana))
    await record.expect({ 'signin.failed ERR_LOGIN_CODE': 2 }, async () => {
      expect((await attacker.call('oauth_authenticate', { code })).facts).toMatchObject({ error: 'invalid_code' })
      expect((await client.call('oauth_authenticate', { code: ownCode })).facts).toMatchObject({
        error: 'invalid_code',
      })
    })
    expect(await attacker.list()).toEqual(signInTools)
    expect(await client.list()).toEqual(signInTools)
    await attacker.close()
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ user_info: { email: john } })
  })

  it('cannot be guessed: the fifth wrong one ends the sign-in, and the right one comes too late', async () => {
    const window = await SignInWindow.open(owner, (await client.start()).url)
    const code = await window.complete(victim)
    const wrong = ['0000-0000', '1111-1111', '2222-2222', '3333-3333', '4444-4444', '5555-5555']
    const guesses = wrong.filter((guess) => guess !== code).slice(0, 5)
    const expected = {
      'signin.failed ERR_LOGIN_CODE': 4,
      'signin.failed ERR_LOGIN_EXHAUSTED': 1,
      'signin.failed ERR_LOGIN_UNKNOWN': 1,
    }
    await record.expect(expected, async () => {
      const errors: unknown[] = []
      for (const guess of [...guesses, code]) {
        errors.push((await client.call('oauth_authenticate', { code: guess })).facts['error'])
      }
      expect(errors).toEqual([...Array.from({ length: 4 }, () => 'invalid_code'), 'too_many_attempts', 'expired_code'])
    })
    await window.page.reload()
    await window.reach(heading.exhausted)
    expect(await client.list()).toEqual(signInTools)
  })
})

describe('the id of a session', () => {
  const mismatch = { 'token.refused ERR_SESSION_MISMATCH': 1 }
  const about = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'Thief', version: '1' } }

  const send = async (url: string, method: string, params: object, token?: string): Promise<number> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-session-id': client.sessionId ?? '',
        ...(method === 'initialize' ? {} : { 'mcp-protocol-version': '2025-11-25' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    expect(await response.text()).not.toContain('hello')
    return response.status
  }
  const tokenFor = async (email: string, audience: string): Promise<string> =>
    (await runCli(home.path, 'token', '--user', email, '--audience', audience)).stdout.trim()

  beforeEach(async () => {
    const window = await SignInWindow.open(owner, (await client.start()).url)
    const code = await window.complete(victim)
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
  })

  it('is of no use to a client with a token, its owner’s included, nor on the other path', async () => {
    const thieves = [
      { email: ana, url: server.url },
      { email: john, url: server.url },
      { email: john, url: server.oauthUrl },
    ]
    const tokens = await Promise.all(thieves.map(({ email, url }) => tokenFor(email, url)))
    for (const [index, { url }] of thieves.entries()) {
      const rows = await record.expect(mismatch, async () => {
        expect(await send(url, 'tools/list', {}, tokens[index])).toBe(404)
      })
      expect(rows).toMatchObject([{ database: 'tenant_acme_corp', subject: expect.any(String) }])
    }
    await record.expect({ 'token.refused ERR_TOKEN_MISSING': 1 }, async () => {
      expect(await send(server.oauthUrl, 'tools/list', {})).toBe(401)
    })
    expect(await client.call('hello')).toMatchObject({ text: `Hello, ${john}!` })
  })

  it('ends with its sign-in when another client introduces itself with it', async () => {
    await record.expect({ ...mismatch, 'session.ended mismatch': 1 }, async () => {
      expect(await send(server.url, 'initialize', about)).toBe(404)
    })
    expect(await send(server.url, 'tools/list', {})).toBe(404)
    await expect(client.call('hello')).rejects.toThrow()
  })
})

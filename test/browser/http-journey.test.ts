import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext } from 'playwright-core'
import { launchChromium, openJar } from '../support/browser.js'
import { expectedAccess, type QuickstartUser } from '../support/expected-access.js'
import { LoginClient, signInTools } from '../support/login-clients.js'
import { startServerProcess, temporaryHome, type ServerProcess, type TemporaryHome } from '../support/server-process.js'
import { heading, personOf, SignInWindow } from '../support/sign-in-window.js'

const about = { name: 'Claude Desktop', version: '1.2.3' }
const john = 'john@company.com'
const ana = 'ana@company.com'

let home: TemporaryHome
let server: ServerProcess
let browser: Browser
let jar: BrowserContext
let client: LoginClient

beforeAll(async () => {
  home = await temporaryHome()
  server = await startServerProcess({ home: home.path })
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await home?.remove()
})

beforeEach(async () => {
  jar = await openJar(browser)
})
afterEach(async () => {
  await jar.close()
  await client.close()
})

function toolsOf(user: QuickstartUser): readonly string[] {
  return [...expectedAccess[user], ...signInTools].toSorted()
}

async function listed(of: LoginClient = client): Promise<readonly string[]> {
  return (await of.list()).toSorted()
}

describe.each([
  ['@modelcontextprotocol/sdk', (url: string) => LoginClient.overHttp(url, about)],
  ['@modelcontextprotocol/client in auto mode', (url: string) => LoginClient.nextOverHttp(url, about)],
] as const)('signing in over HTTP with %s', (_name, connect) => {
  beforeEach(async () => {
    client = await connect(server.url)
  })

  it('leads from five tools over the browser and a code to exactly the tools of the account, and back', async () => {
    const bystander = await LoginClient.overHttp(server.url, about)
    expect(await client.list()).toEqual(signInTools)
    const { url, number, facts } = await client.start()
    expect(facts).toMatchObject({
      status: 'ready_for_authentication',
      browser_opened: false,
      client_id_used: 'quickstart',
    })
    expect(new URL(url).origin).toBe(server.origin)

    const window = await SignInWindow.open(jar, url)
    await window.reach(heading.confirm)
    expect(await window.facts()).toMatchObject({
      'Asked by': 'a program that calls itself “Claude Desktop 1.2.3” (not verified)',
      From: 'this computer',
    })
    expect(await window.page.locator('.number').innerText()).toBe(number)
    expect(await window.text()).toContain('My Secure MCP Server')
    expect((await client.call('oauth_status')).facts).toMatchObject({ status: 'pending' })

    const code = await window.complete(await personOf(home, john))
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(await window.facts()).toEqual({ Account: john, Organisation: 'Acme Corp', Number: number })
    expect(await client.list()).toEqual(signInTools)

    const { facts: answer } = await client.call('oauth_authenticate', { code })
    expect(answer).toMatchObject({ status: 'authenticated', accessible_tools: expectedAccess[john] })
    await client.hears(1)
    expect(await listed()).toEqual(toolsOf(john))
    expect(await client.call('hello')).toMatchObject({ isError: false, text: `Hello, ${john}!` })
    expect((await client.call('oauth_status')).facts).toMatchObject({
      status: 'authenticated',
      user_info: { email: john },
    })
    expect((await client.call('oauth_user_info')).facts).toMatchObject({
      email: john,
      roles: ['admin', 'developer'],
      groups: ['engineering'],
      token_type: 'session',
    })

    expect(client.sessionId).toBeDefined()
    expect(bystander.sessionId).not.toBe(client.sessionId)
    expect(await bystander.list()).toEqual(signInTools)
    expect((await bystander.call('oauth_status')).facts).toMatchObject({ status: 'not_found' })
    await expect(bystander.call('hello')).rejects.toMatchObject({ code: -32602 })
    expect(bystander.listChanges).toBe(0)
    await bystander.close()

    expect((await client.call('oauth_logout')).facts).toMatchObject({ status: 'logged_out' })
    expect(await client.list()).toEqual(signInTools)
    await client.hears(2)
    await expect(client.call('hello')).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Unknown tool: hello'),
    })
  })
})

describe('a sign-in over HTTP', () => {
  beforeEach(async () => {
    client = await LoginClient.overHttp(server.url, about)
  })

  it('asks no password again in a browser that is signed in, and takes another account where the user wants one', async () => {
    const first = await SignInWindow.open(jar, (await client.start()).url)
    await first.complete(await personOf(home, john))

    const again = await SignInWindow.open(jar, (await client.start()).url)
    await again.press('Continue')
    await again.code()
    expect(await again.facts()).toMatchObject({ Account: john })

    const other = await SignInWindow.open(jar, (await client.start()).url)
    await other.confirm('Use another account')
    await other.signIn(await personOf(home, ana))
    const code = await other.code()
    expect(await other.facts()).toMatchObject({ Account: ana })
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ user_info: { email: ana } })
    expect(await listed()).toEqual(toolsOf(ana))
  })

  it.each([
    ['the first page', async () => undefined],
    [
      'the page of a browser that has confirmed',
      async (window: SignInWindow, url: string) => {
        await window.confirm()
        await window.page.goto(url)
      },
    ],
    ['the form for the password', (window: SignInWindow) => window.confirm()],
  ])('can be cancelled on %s', async (_page, goTo) => {
    const { url } = await client.start()
    const window = await SignInWindow.open(jar, url)
    await goTo(window, url)
    await window.press('Cancel')
    await window.reach(heading.cancelled)
    await window.page.goto(url)
    await window.reach(heading.cancelled)
    expect((await client.call('oauth_status')).facts).toMatchObject({ status: 'cancelled' })
    expect(await client.list()).toEqual(signInTools)
  })

  it('survives a wrong password', async () => {
    const window = await SignInWindow.open(jar, (await client.start()).url)
    const person = await personOf(home, john)
    await window.confirm()
    await window.signIn({ ...person, password: 'guess' })
    await window.page.getByRole('alert').waitFor()
    expect(await window.page.getByRole('alert').innerText()).toBe('Organisation, e-mail address or password is wrong.')
    await window.signIn(person)
    const code = await window.code()
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
  })

  it('shows its code again after a reload and after going back, until the code is used', async () => {
    const { url } = await client.start()
    const window = await SignInWindow.open(jar, url)
    const code = await window.complete(await personOf(home, john))
    await window.page.reload()
    expect(await window.code()).toBe(code)
    await window.page.goBack()
    expect(await window.text()).not.toContain(code)
    await window.page.goForward()
    expect(await window.code()).toBe(code)
    await window.page.goBack()
    await window.page.goto(url)
    expect(await window.code()).toBe(code)

    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
    await window.page.reload()
    await window.reach(heading.signedIn)
    expect(await window.text()).not.toContain(code)
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ error: 'expired_code' })
    expect(await listed()).toEqual(toolsOf(john))
  })

  it('outlives kill -9 and restart of the server, in the session that the client has', async () => {
    const waiting = await LoginClient.overHttp(server.url, about)
    const window = await SignInWindow.open(jar, (await client.start()).url)
    const code = await window.complete(await personOf(home, john))
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
    const later = await SignInWindow.open(jar, (await waiting.start()).url)
    await later.press('Continue')
    const waitingCode = await later.code()
    const { sessionId } = client

    await server.kill()
    server = await startServerProcess({ home: home.path, env: { PORT: new URL(server.url).port } })

    expect((await client.call('oauth_status')).facts).toMatchObject({ status: 'authenticated' })
    expect(await listed()).toEqual(toolsOf(john))
    expect(await client.call('hello')).toMatchObject({ text: `Hello, ${john}!` })
    expect(client.sessionId).toBe(sessionId)

    await later.page.reload()
    expect(await later.code()).toBe(waitingCode)
    expect((await waiting.call('oauth_authenticate', { code: waitingCode })).facts).toMatchObject({
      status: 'authenticated',
    })
    await waiting.close()
  })
})

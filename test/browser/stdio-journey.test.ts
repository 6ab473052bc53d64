import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext } from 'playwright-core'
import { BrowserStandIn } from '../support/browser-stand-in.js'
import { launchChromium, openJar } from '../support/browser.js'
import { expectedAccess } from '../support/expected-access.js'
import { signInTools } from '../support/login-clients.js'
import { temporaryHome, type TemporaryHome } from '../support/server-process.js'
import { heading, personOf, SignInWindow } from '../support/sign-in-window.js'
import { startStdioServer, type StdioServer } from '../support/stdio-server.js'

const about = { name: 'Claude Desktop', version: '1.2.3' }
const john = 'john@company.com'
const johnsTools = [...expectedAccess[john], ...signInTools].toSorted()

let browser: Browser
let folder: string
let home: TemporaryHome
let jar: BrowserContext
let standIn: BrowserStandIn
const running: StdioServer[] = []

beforeAll(async () => {
  browser = await launchChromium()
  folder = await mkdtemp(join(tmpdir(), 'authsec-elsewhere-'))
  home = await temporaryHome()
  standIn = await BrowserStandIn.in(folder)
})
afterAll(async () => {
  await browser?.close()
  await home?.remove()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  jar = await openJar(browser)
})
afterEach(async () => {
  await jar.close()
  for (const { client } of running) await client.call('oauth_logout')
  for (const server of running.splice(0)) await server.close()
})

/** The quickstart, started by a client from a folder that has nothing to do with it. */
function launch(env: NodeJS.ProcessEnv): Promise<StdioServer> {
  return startStdioServer({ home: home.path, folder, env, about })
}

/** The same for one test, opening no browser. */
async function start(): Promise<StdioServer> {
  const server = await launch({ AUTHSEC_OPEN_BROWSER: '0' })
  running.push(server)
  return server
}

/** Ends the process like its client does. */
async function end(server: StdioServer): Promise<void> {
  running.splice(running.indexOf(server), 1)
  await server.close()
}

async function listed({ client }: StdioServer): Promise<readonly string[]> {
  return (await client.list()).toSorted()
}

async function keptFiles(): Promise<readonly string[]> {
  return readdir(join(home.path, 'sign-ins')).catch(() => [])
}

async function signInByCode({ client }: StdioServer): Promise<void> {
  const window = await SignInWindow.open(jar, (await client.start()).url)
  const code = await window.complete(await personOf(home, john))
  expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
}

describe('signing in over stdio by a link', () => {
  it('leads over a link and a code to exactly the tools of the account, and back', async () => {
    const server = await start()
    const { client } = server
    expect(await client.list()).toEqual(signInTools)
    const { url, number, facts } = await client.start()
    expect(facts).toMatchObject({ status: 'ready_for_authentication', browser_opened: false })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/authsec\/login\/[\w-]{43}$/)

    const window = await SignInWindow.open(jar, url)
    await window.reach(heading.confirm)
    expect(await window.facts()).toMatchObject({ From: 'this computer' })
    expect(await window.page.locator('.number').innerText()).toBe(number)
    const code = await window.complete(await personOf(home, john))
    expect(await client.list()).toEqual(signInTools)

    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
    await client.hears(1)
    expect(await listed(server)).toEqual(johnsTools)
    expect(await client.call('hello')).toMatchObject({ isError: false, text: `Hello, ${john}!` })
    expect((await client.call('oauth_user_info')).facts).toMatchObject({ email: john, token_type: 'session' })

    expect((await client.call('oauth_logout')).facts).toMatchObject({ status: 'logged_out' })
    await client.hears(2)
    expect(await client.list()).toEqual(signInTools)
    await expect(client.call('hello')).rejects.toMatchObject({ code: -32602 })
    expect(await standIn.opened()).toEqual([])
  })
})

describe('signing in over stdio in the browser that the server opens', () => {
  let server: StdioServer

  beforeAll(async () => {
    server = await launch({ BROWSER: standIn.command })
  })
  afterEach(async () => {
    await server.client.call('oauth_logout')
  })
  afterAll(() => server?.close())

  it('needs no code, at an address that only that browser gets', async () => {
    const before = (await standIn.opened()).length
    const { client } = server
    const heard = client.listChanges
    const { url, number, facts } = await client.start()
    expect(facts).toMatchObject({ browser_opened: true })
    const opened = await standIn.next(before)
    expect(opened).not.toBe(url)
    const ticket = new URL(opened).pathname.split('/').at(-1) ?? ''
    expect(ticket).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify(facts)).not.toContain(ticket)

    const window = await SignInWindow.open(jar, opened)
    await window.reach(heading.confirm)
    expect(await window.page.locator('.number').innerText()).toBe(number)
    await window.confirm()
    await window.signIn(await personOf(home, john))
    await window.reach(heading.signedIn)
    expect(await window.page.locator('.one-time-code').count()).toBe(0)

    await client.hears(heard + 1)
    expect(await listed(server)).toEqual(johnsTools)
    expect((await client.call('oauth_status')).facts).toMatchObject({
      status: 'authenticated',
      user_info: { email: john },
    })
    expect(server.stderr()).toContain('AuthSec ready')
    expect(server.stderr()).not.toContain(ticket)
  })

  it('needs a code at the address of the tool result, though the server opened another one for the same sign-in', async () => {
    const before = (await standIn.opened()).length
    const { client } = server
    const { url } = await client.start()
    const opened = await standIn.next(before)
    const window = await SignInWindow.open(jar, url)
    const code = await window.complete(await personOf(home, john))
    expect((await client.call('oauth_status')).facts).toMatchObject({ status: 'pending' })
    expect(await client.list()).toEqual(signInTools)

    const stranger = await openJar(browser)
    const late = await SignInWindow.open(stranger, opened)
    await late.reach(heading.elsewhere)
    await stranger.close()
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
  })

  it('opens no browser where the client asks for none', async () => {
    const before = await standIn.opened()
    const { client } = server
    expect((await client.start({ open_browser: false })).facts).toMatchObject({ browser_opened: false })
    expect(await standIn.opened()).toEqual(before)
  })
})

describe('a sign-in over stdio', () => {
  it('is kept for the next start in a file for its owner only, until the user signs out', async () => {
    const first = await start()
    await signInByCode(first)
    const [file, ...others] = await keptFiles()
    expect(others).toEqual([])
    expect((await stat(join(home.path, 'sign-ins', file ?? ''))).mode & 0o777).toBe(0o600)
    await end(first)

    const second = await start()
    expect(await listed(second)).toEqual(johnsTools)
    expect(await second.client.call('hello')).toMatchObject({ text: `Hello, ${john}!` })
    await second.client.call('oauth_logout')
    expect(await keptFiles()).toEqual([])
    await end(second)

    const third = await start()
    expect(await third.client.list()).toEqual(signInTools)
    expect((await third.client.call('oauth_status')).facts).toMatchObject({ status: 'not_found' })
  })

  it('counts in another process of the same application from its next call on, and ends there, too', async () => {
    const [one, other] = await Promise.all([start(), start()])
    expect(await other.client.list()).toEqual(signInTools)
    await signInByCode(one)
    expect(await other.client.call('hello')).toMatchObject({ text: `Hello, ${john}!` })
    await other.client.hears(1)
    expect(await listed(other)).toEqual(johnsTools)

    await one.client.call('oauth_logout')
    await expect(other.client.call('hello')).rejects.toMatchObject({ code: -32602 })
    await other.client.hears(2)
    expect(await other.client.list()).toEqual(signInTools)
  })
})

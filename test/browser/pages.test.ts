import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium, openJar } from '../support/browser.js'
import { LoginClient } from '../support/login-clients.js'
import { keyboardFaults, layoutFaults, markupFaults, PageComplaints, widthFaults } from '../support/page-faults.js'
import { startServerProcess, temporaryHome, type ServerProcess, type TemporaryHome } from '../support/server-process.js'
import { heading, personOf, SignInWindow, type Person } from '../support/sign-in-window.js'

const screenshots = '.artifacts/screenshots'
const themes = ['light', 'dark'] as const
const widths = [1280, 360] as const
const nowhere = 'A'.repeat(43)

describe('the pages of a sign-in', () => {
  let home: TemporaryHome
  let server: ServerProcess
  let browser: Browser
  let john: Person
  let client: LoginClient
  let jar: BrowserContext
  let complaints: PageComplaints

  beforeAll(async () => {
    await mkdir(screenshots, { recursive: true })
    home = await temporaryHome()
    server = await startServerProcess({ home: home.path })
    browser = await launchChromium()
    john = await personOf(home, 'john@company.com')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await home?.remove()
  })

  beforeEach(async () => {
    client = await LoginClient.overHttp(server.url, { name: 'Claude Desktop', version: '1.2.3' })
    jar = await openJar(browser)
    complaints = await PageComplaints.of(jar)
  })
  afterEach(async () => {
    await jar.close()
    await client.close()
  })

  const begin = async (): Promise<SignInWindow> => SignInWindow.open(jar, (await client.start()).url)

  /** Confirms, and stays on the page that would lead on to the provider. Answers with where that is. */
  const confirmAndStay = async (window: SignInWindow): Promise<URL> => {
    await window.page.route('**/oauth/authorize?*', (route) => route.fulfill({ status: 204 }))
    await window.press('Continue')
    await window.reach('One moment')
    return new URL((await window.page.getByRole('link', { name: 'Continue' }).getAttribute('href')) ?? '')
  }

  const at = async (path: string): Promise<Page> => (await SignInWindow.open(jar, server.origin + path)).page

  const codeWindow = async (): Promise<{ readonly window: SignInWindow; readonly code: string }> => {
    const window = await begin()
    return { window, code: await window.complete(john) }
  }

  const pages: Readonly<Record<string, { readonly title: string; readonly open: () => Promise<Page> }>> = {
    confirm: { title: heading.confirm, open: async () => (await begin()).page },
    continue: {
      title: 'One moment',
      async open() {
        const window = await begin()
        await confirmAndStay(window)
        return window.page
      },
    },
    confirmed: {
      title: heading.confirmed,
      async open() {
        const window = await begin()
        const { href } = new URL(window.page.url())
        await window.confirm()
        await window.page.goto(href)
        return window.page
      },
    },
    'sign-in': {
      title: heading.signIn,
      async open() {
        const window = await begin()
        await window.confirm()
        return window.page
      },
    },
    'wrong-password': {
      title: heading.signIn,
      async open() {
        const window = await begin()
        await window.confirm()
        await window.signIn({ ...john, password: 'guess' })
        await window.page.getByRole('alert').waitFor()
        return window.page
      },
    },
    code: { title: heading.code, open: async () => (await codeWindow()).window.page },
    'signed-in': {
      title: heading.signedIn,
      async open() {
        const { window, code } = await codeWindow()
        await client.call('oauth_authenticate', { code })
        await window.page.reload()
        return window.page
      },
    },
    'signed-out': {
      title: heading.signedOut,
      async open() {
        const { window } = await codeWindow()
        await client.call('oauth_logout')
        await window.page.reload()
        return window.page
      },
    },
    cancelled: {
      title: heading.cancelled,
      async open() {
        const window = await begin()
        await window.press('Cancel')
        return window.page
      },
    },
    failed: {
      title: heading.failed,
      async open() {
        const window = await begin()
        const state = (await confirmAndStay(window)).searchParams.get('state') ?? ''
        const answer = new URLSearchParams({ error: 'server_error', state, iss: `${server.origin}/oauth` })
        await window.page.goto(`${server.origin}/authsec/login/callback?${answer.toString()}`)
        return window.page
      },
    },
    exhausted: {
      title: heading.exhausted,
      async open() {
        const { window, code } = await codeWindow()
        const wrong = code === '0000-0000' ? '1111-1111' : '0000-0000'
        for (let tries = 0; tries < 5; tries += 1) await client.call('oauth_authenticate', { code: wrong })
        await window.page.reload()
        return window.page
      },
    },
    elsewhere: {
      title: heading.elsewhere,
      async open() {
        const { url } = await client.start()
        const other = await openJar(browser)
        await (await SignInWindow.open(other, url)).confirm()
        await other.close()
        return (await SignInWindow.open(jar, url)).page
      },
    },
    expired: { title: heading.expired, open: () => at(`/authsec/login/${nowhere}`) },
    'callback-refused': { title: heading.stopped, open: () => at(`/authsec/login/callback?state=${nowhere}&code=x`) },
    'not-found': { title: heading.stopped, open: () => at('/authsec/login/nowhere') },
    consent: {
      title: 'Allow “Invoice Robot”?',
      async open() {
        const window = await SignInWindow.open(jar, await otherClientUrl(server))
        await window.signIn(john)
        return window.page
      },
    },
    'consent-warned': {
      title: 'Allow “Claude”?',
      async open() {
        const redirectUri = new URL('https://сlаudе.example/callback').href
        const window = await SignInWindow.open(jar, await otherClientUrl(server, { name: 'Claude', redirectUri }))
        await window.signIn(john)
        return window.page
      },
    },
    consents: {
      title: 'Apps you allowed',
      async open() {
        const window = await SignInWindow.open(jar, await otherClientUrl(server))
        await window.signIn(john)
        await window.reach('Allow “Invoice Robot”?')
        await window.page.route('**/oauth/authorize/*', (route) => route.fulfill({ status: 204 }))
        await window.press('Allow')
        await window.reach('One moment')
        await window.page.goto(`${server.origin}/authsec/consents`)
        return window.page
      },
    },
    'consents-signed-out': { title: 'Apps you allowed', open: () => at('/authsec/consents') },
    'consent-expired': { title: 'Start again', open: () => at(`/authsec/signin/${nowhere}`) },
    'authorization-refused': { title: heading.stopped, open: () => at('/oauth/authorize?client_id=a&client_id=b') },
  }

  it.each(Object.keys(pages))('are readable and usable by everybody: %s', async (name) => {
    const { title, open } = pages[name] ?? fail(name)
    const page = await open()
    await new SignInWindow(page).reach(title)
    expect(await markupFaults(page)).toEqual([])
    const faults: string[] = []
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme })
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 })
        faults.push(...(await layoutFaults(page)).map((fault) => `${theme} ${width}: ${fault}`))
        await page.screenshot({ path: join(screenshots, `${name}-${theme}-${width}.png`), fullPage: true })
      }
    }
    // The narrowest that WCAG 2.2 knows (1.4.10).
    await page.setViewportSize({ width: 320, height: 256 })
    faults.push(...(await widthFaults(page)))
    expect([...faults, ...(await keyboardFaults(page))]).toEqual([])
    expect(complaints.all).toEqual([])
  })
})

/** Where an OAuth client that registered itself sends the user. */
async function otherClientUrl(
  { origin, oauthUrl }: ServerProcess,
  { name, redirectUri: redirect_uri } = { name: 'Invoice Robot', redirectUri: 'https://robots.example.com/callback' },
): Promise<string> {
  const response = await fetch(`${origin}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: name,
      redirect_uris: [redirect_uri],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    }),
  })
  const { client_id } = (await response.json()) as { client_id: string }
  const question = new URLSearchParams({
    ...{ client_id, redirect_uri, response_type: 'code', resource: oauthUrl, scope: 'mcp read write admin' },
    ...{ state: 'x', code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update('verifier').digest('base64url'),
  })
  return `${origin}/oauth/authorize?${question.toString()}`
}

function fail(what: string): never {
  throw new TypeError(`there is no ${what}`)
}

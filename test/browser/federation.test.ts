import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext } from 'playwright-core'
import { launchChromium, openJar } from '../support/browser.js'
import { runCliWithInput } from '../support/cli-with-input.js'
import { LoginClient } from '../support/login-clients.js'
import { keyboardFaults, layoutFaults, markupFaults, PageComplaints, widthFaults } from '../support/page-faults.js'
import {
  runCli,
  startServerProcess,
  temporaryHome,
  type ServerProcess,
  type TemporaryHome,
} from '../support/server-process.js'
import { heading, SignInWindow } from '../support/sign-in-window.js'
import { ada, mallory, OutsideProvider } from '../support/upstream/outside-provider.js'

const screenshots = '.artifacts/screenshots'
const john = 'john@company.com'

let home: TemporaryHome
let server: ServerProcess
let browser: Browser
let outside: OutsideProvider
let jar: BrowserContext
let client: LoginClient
let complaints: PageComplaints

beforeAll(async () => {
  await mkdir(screenshots, { recursive: true })
  home = await temporaryHome()
  outside = await OutsideProvider.start()
  server = await startServerProcess({ home: home.path })
  browser = await launchChromium()
  const { clientId, clientSecret = '', issuer } = outside
  const place = ['--tenant', 'acme-corp', '--issuer', issuer] as const
  const client = ['--kind', 'oidc', '--client-id', clientId, '--client-secret-file', '-', '--private-network'] as const
  const added = await runCliWithInput(home.path, clientSecret, 'provider', 'add', 'Corp', ...place, ...client)
  expect(added).toMatchObject({ code: 0 })
  const linked = await runCli(home.path, 'account', 'identity', 'add', john, ...place, '--subject', ada.sub)
  expect(linked).toMatchObject({ code: 0, stderr: '' })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await outside?.close()
  await home?.remove()
})

beforeEach(async () => {
  client = await LoginClient.overHttp(server.url, { name: 'Claude Desktop', version: '1.2.3' })
  jar = await openJar(browser, { width: 360 })
  complaints = await PageComplaints.of(jar)
})
afterEach(async () => {
  outside.reset()
  await jar.close()
  await client.close()
})

async function openSignIn(): Promise<SignInWindow> {
  const window = await SignInWindow.open(jar, (await client.start()).url)
  await window.confirm()
  return window
}

describe('signing in with a provider in a real browser', () => {
  it('leads from the button over the provider and back to the code of the account that is linked', async () => {
    const window = await openSignIn()
    expect(await markupFaults(window.page)).toEqual([])
    await window.page.screenshot({ path: join(screenshots, 'federation-sign-in-360.png'), fullPage: true })
    for (const faultsOf of [layoutFaults, widthFaults, keyboardFaults]) expect(await faultsOf(window.page)).toEqual([])
    await window.press('Continue with Corp')
    const code = await window.code()
    expect(await window.facts()).toMatchObject({ Account: john, Organisation: 'Acme Corp' })
    expect((await client.call('oauth_authenticate', { code })).facts).toMatchObject({ status: 'authenticated' })
    expect(await client.call('hello')).toMatchObject({ isError: false, text: `Hello, ${john}!` })
    expect(complaints.all).toEqual([])
  })

  it('says who is not let in, and leads back to sign in in another way', async () => {
    outside.user = mallory
    const window = await openSignIn()
    await window.press('Continue with Corp')
    await window.reach('Not signed in')
    expect(await window.text()).toContain('You have no account here yet.')
    await window.page.screenshot({ path: join(screenshots, 'federation-refused-360.png'), fullPage: true })
    expect(await widthFaults(window.page)).toEqual([])
    await window.page.getByRole('link', { name: 'Back to signing in' }).click()
    await window.reach(heading.signIn)
  })
})

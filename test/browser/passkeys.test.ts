import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { AccountSite } from '../support/account-site.js'
import { launchChromium, openJar } from '../support/browser.js'
import { demandFactor } from '../support/factor-pages.js'
import { password } from '../support/issuer-harness.js'

let site: AccountSite
let browser: Browser

beforeAll(async () => {
  site = await AccountSite.open()
  browser = await launchChromium()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site?.close()
})

/** A window with an authenticator that knows its user, or one that does not. */
async function openWindow(jar: BrowserContext, isUserVerified: boolean): Promise<{ page: Page; key: CDPSession }> {
  const page = await jar.newPage()
  const key = await jar.newCDPSession(page)
  await key.send('WebAuthn.enable')
  await key.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'usb', hasUserVerification: true, isUserVerified },
      automaticPresenceSimulation: true,
    },
  })
  return { page, key }
}

async function signIn(page: Page, email: string): Promise<void> {
  await page.goto(await site.requestUrl())
  await page.getByLabel('Organisation').selectOption('acme')
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

describe('in a browser', () => {
  it('a passkey is set up and used by the one script, and the policy of the page lets no other run', async () => {
    const { id } = await site.addAccount('ana@acme.test')
    await demandFactor(site, id)
    const jar = await openJar(browser, { width: 360 })
    const { page } = await openWindow(jar, true)
    const troubles: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && troubles.push(message.text())))
    page.on('pageerror', (error) => void troubles.push(error.message))
    await signIn(page, 'ana@acme.test')
    await page.getByRole('button', { name: 'Set up a passkey' }).click()
    await page.getByRole('heading', { name: 'The second step is set up' }).waitFor()
    expect(await page.locator('.codes li').count()).toBe(10)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: 'Allow' }).waitFor()
    await jar.clearCookies()
    await signIn(page, 'ana@acme.test')
    await page.addScriptTag({ content: 'document.title = "ran"' }).catch(() => undefined)
    expect(await page.title()).not.toBe('ran')
    expect(troubles.splice(0).join()).toMatch(/Content Security Policy/)
    await page.getByRole('button', { name: 'Use your passkey' }).click()
    await page.getByRole('button', { name: 'Allow' }).waitFor()
    expect(troubles).toEqual([])
    await jar.close()
  }, 60_000)

  it('one that does not know its user is refused with a sentence, and the page stays of use', async () => {
    const { id } = await site.addAccount('bo@acme.test')
    await demandFactor(site, id)
    const jar = await openJar(browser)
    const { page } = await openWindow(jar, false)
    await signIn(page, 'bo@acme.test')
    await page.getByRole('button', { name: 'Set up a passkey' }).click()
    await page.getByText('The passkey could not be used.').waitFor()
    expect(await page.getByRole('button', { name: 'Set up the app' }).isVisible()).toBe(true)
    await jar.close()
  }, 60_000)
})

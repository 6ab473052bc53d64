import { Secret, TOTP } from 'otpauth'
import type { AccountSite } from './account-site.js'
import { BrowserJar, type Shown } from './browser-jar.js'

/** What an attribute holds, as a browser would read it. */
export function decodeAttribute(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** The key that an enrolment page shows. */
export function keyOn({ html }: Shown): string {
  return /<span>Key<\/span>\s*<code>([A-Z2-7]+)<\/code>/.exec(html)?.[1] ?? ''
}

/** The recovery codes that a page shows. */
export function recoveryCodesOn({ html }: Shown): readonly string[] {
  return [...html.matchAll(/<code>([A-Z0-9]{5}-[A-Z0-9]{5})<\/code>/g)].map(([, code = '']) => code)
}

/** What an authenticator app would show, so many steps from now. */
export function codeOf(site: AccountSite, key: string, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(key) }).generate({ timestamp: site.clock.now() + steps * 30_000 })
}

export interface Enrolled {
  readonly email: string
  readonly id: string
  readonly key: string
  readonly recoveryCodes: readonly string[]
  /** The browser that it was set up in. */
  readonly jar: BrowserJar
}

/** An account that is told to have a second factor, and sets up an authenticator app. */
export async function enrolApp(site: AccountSite, email: string): Promise<Enrolled> {
  const { id } = await site.addAccount(email)
  await demandFactor(site, id)
  const jar = new BrowserJar()
  const { shown } = await site.signIn(jar, email)
  const key = keyOn(shown)
  const done = await jar.press(shown, 'factor-enrol-code', { fields: { code: codeOf(site, key) } })
  await jar.press(done, 'factor-done')
  site.clock.advance(60)
  return { email, id, key, recoveryCodes: recoveryCodesOn(done), jar }
}

export async function demandFactor(site: AccountSite, accountId: string): Promise<void> {
  await site.test.postgres.accountFactors.setDemand(site.acme, { accountId, demand: 'required' }, 'cli:test')
}

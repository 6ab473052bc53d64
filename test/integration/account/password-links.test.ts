import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AccountWish } from '../../../src/core/administration/wish.js'
import { AccountSite, isConsent, type Tokens } from '../../support/account-site.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { password } from '../../support/issuer-harness.js'

let site: AccountSite

beforeAll(async () => {
  site = await AccountSite.open()
})
afterAll(() => site?.close())

const another = 'seven tall lanterns hum'
const set = (jar: BrowserJar, shown: Shown, given = another): Promise<Shown> =>
  jar.press(shown, 'set', { fields: { password: given, repeated: given } })

describe('an invitation', () => {
  it('lets its user choose the first password, and sign in with it', async () => {
    const ana = await site.addAccount('ana@acme.test', '')
    const jar = new BrowserJar()
    const page = await jar.open(await site.link(ana, { purpose: 'invitation' }))
    expect(page).toMatchObject({ status: 200, url: `${site.origin}/authsec/account/password` })
    for (const text of ['Invoices', 'Acme Corp', 'ana@acme.test']) expect(page.html).toContain(text)
    expect((await set(jar, page)).html).toContain('Your password is set')
    const browser = new BrowserJar()
    const signedIn = await site.signIn(browser, 'ana@acme.test', another)
    expect(isConsent(signedIn.shown)).toBe(true)
    expect((await site.finish(browser, signedIn)).status).toBe(200)
  })

  it('is not used up by programs that look at it, and not by looking twice', async () => {
    const bo = await site.addAccount('bo@acme.test', '')
    const url = await site.link(bo, { purpose: 'invitation' })
    for (let count = 0; count < 3; count += 1) {
      await new BrowserJar().open(url)
      await fetch(url, { method: 'HEAD', redirect: 'manual' })
    }
    const jar = new BrowserJar()
    expect((await set(jar, await jar.open(url))).status).toBe(200)
  })
})

describe('a link', () => {
  const change = async (email: string, wish: Partial<AccountWish>): Promise<void> => {
    const wanted: AccountWish = { kind: 'account', email, presence: 'present', ...wish }
    const { faults } = await site.test.postgres.tenantAdministration.apply(site.acme, [wanted], 'cli:ada')
    expect(faults).toEqual([])
  }

  it('ends when an administrator disables the account or gives it a password, and with no other change', async () => {
    const [fay, gus, hal] = await Promise.all(['fay', 'gus', 'hal'].map((name) => site.addAccount(`${name}@acme.test`)))
    if (fay === undefined || gus === undefined || hal === undefined) throw new Error('no accounts')
    const [disabled, given, renamed] = [await site.link(fay), await site.link(gus), await site.link(hal)]
    await change(fay.email, { status: 'disabled' })
    await change(fay.email, { status: 'active' })
    await change(gus.email, { password: { hash: await site.hasher.hash('an administrator knows it') } })
    await change(hal.email, { name: 'Hal' })
    expect((await new BrowserJar().open(disabled)).html).not.toContain('name="password"')
    expect((await new BrowserJar().open(given)).html).not.toContain('name="password"')
    expect((await new BrowserJar().open(renamed)).html).toContain('name="password"')
  })
})

describe('a reset', () => {
  it('that comes second by the same link signs nobody out who signed in by the first', async () => {
    const url = await site.link(await site.addAccount('twice@acme.test'))
    const [jar, slow] = [new BrowserJar(), new BrowserJar()]
    const [page, late] = [await jar.open(url), await slow.open(url)]
    const { hash } = site.hasher
    let tokens: Tokens | undefined
    site.hasher.hash = async (...given) => {
      site.hasher.hash = hash
      const hashed = await hash.apply(site.hasher, given)
      await set(jar, page)
      tokens = await site.finish(jar, await site.signIn(jar, 'twice@acme.test', another))
      return hashed
    }
    const refused = await set(slow, late, 'nine wet pebbles sing')
    expect(refused.html).not.toContain('Your password is set')
    const fields = { grant_type: 'refresh_token', refresh_token: String(tokens?.body['refresh_token']) }
    expect((await site.token({ ...fields, client_id: await site.client() })).status).toBe(200)
  })

  it('ends the refresh tokens and browser sessions of the account at every process, and those of nobody else', async () => {
    const cy = await site.addAccount('cy@acme.test')
    await site.addAccount('dee@acme.test')
    const [jar, other] = [new BrowserJar(), new BrowserJar()]
    const [mine, theirs] = [await site.signIn(jar, 'cy@acme.test'), await site.signIn(other, 'dee@acme.test')]
    const [tokens, kept] = [await site.finish(jar, mine), await site.finish(other, theirs)]
    const refresh = (clientId: string, { body }: typeof tokens) =>
      site.token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: String(body['refresh_token']) })
    site.answering = await site.start()
    const browser = new BrowserJar()
    await set(browser, await browser.open(await site.link(cy)))
    site.answering = 0
    expect((await refresh(mine.clientId, tokens)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await refresh(theirs.clientId, kept)).status).toBe(200)
    expect((await site.begin(jar)).shown.html).toContain('name="password"')
    expect(isConsent((await site.begin(other)).shown)).toBe(true)
  })

  it('leaves the old password good for nothing, and nothing changed before it is used', async () => {
    const eve = await site.addAccount('eve@acme.test')
    const jar = new BrowserJar()
    const page = await jar.open(await site.link(eve))
    expect(isConsent((await site.signIn(new BrowserJar(), 'eve@acme.test')).shown)).toBe(true)
    await set(jar, page)
    expect((await site.signIn(new BrowserJar(), 'eve@acme.test', password)).shown.status).toBe(401)
  })
})

describe('a password that nobody may have', () => {
  it.each([
    ['short', 'tiny lamp', 'at least 12 characters'],
    ['common', 'password1234', 'common and stolen'],
    ['the address', 'flo@acme.test', 'your name, address'],
    ['not repeated', another, 'not the same', 'something else'],
  ])('is refused with its reason, and the link stays good: %s', async (_what, given, words, repeated = given) => {
    const email = 'flo@acme.test'
    const flo = (await site.test.postgres.accounts.findByEmail(site.acme, email)) ?? (await site.addAccount(email))
    const jar = new BrowserJar()
    const page = await jar.open(await site.link(flo))
    const refused = await jar.press(page, 'set', { fields: { password: given, repeated } })
    expect(refused.status).toBe(400)
    expect(refused.html).toContain(words)
    expect((await set(jar, refused)).status).toBe(200)
  })
})

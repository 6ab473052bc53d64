import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { formatLink, linkDigest, newLinkSecret } from '../../../src/adapter/issuer/account/account-link.js'
import type { PasswordRule } from '../../../src/core/federation/provider/password-rules.js'
import type { LinkPurpose } from '../../../src/core/identity/account-link-store.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { FederationSite } from '../../support/federation-site.js'
import { password } from '../../support/issuer-harness.js'
import { OutsideProvider } from '../../support/upstream/outside-provider.js'

const email = 'ana@acme.test'

let site: FederationSite
let outside: OutsideProvider
let corp: string
let account: string
let jar: BrowserJar

beforeAll(async () => {
  site = await FederationSite.start()
  outside = await OutsideProvider.start()
  corp = await site.offer(outside, site.acme, 'Corp')
  account = await site.account(site.acme, email, { issuer: outside.issuer, subject: 'ada-1' })
  await site.account(site.globex, 'bo@globex.test')
})
beforeEach(() => {
  jar = new BrowserJar()
})
afterEach(async () => {
  await site.admit('any')
  await say('accepted')
})
afterAll(async () => {
  await outside?.close()
  await site?.close()
})

const say = (rule: PasswordRule, tenant = site.acme) => site.postgres.federation.passwords.set(tenant, rule, 'cli:ada')
const isConsent = ({ html }: Shown): boolean => html.includes('value="allow"')

async function signIn(given: Readonly<Record<string, string>> = {}, at?: Shown): Promise<Shown> {
  const fields = { tenant: 'acme', email, password, ...given }
  return jar.press(at ?? (await jar.open(site.startUrl())), 'sign-in', { fields })
}

async function open(purpose: LinkPurpose): Promise<Shown> {
  const { accountLinks, keys } = site.postgres
  const secret = newLinkSecret()
  const digest = linkDigest(keys, site.acme.id, secret)
  await accountLinks.issue(site.acme, { accountId: account, purpose, digest, seconds: 600, by: 'cli:test' })
  return jar.open(site.origin + formatLink({ tenant: 'acme', secret }))
}

describe('a tenant whose users sign in with its providers alone', () => {
  it('has the buttons alone on its page, and the form as before once passwords are let in again', async () => {
    await site.admit(['acme'])
    expect((await jar.open(site.startUrl())).html).toContain('name="password"')
    await say('refused')
    const { html } = await jar.open(site.startUrl())
    expect(html).toContain('Continue with <bdi>Corp</bdi>')
    expect(html).not.toContain('name="password"')
    expect(html).toContain('value="deny"')
    expect(isConsent(await site.goThrough(jar, corp, outside))).toBe(true)
    await say('accepted')
    jar = new BrowserJar()
    expect(isConsent(await signIn())).toBe(true)
  })

  it('has no second factor set up by a password', async () => {
    expect(isConsent(await signIn())).toBe(true)
    const own = () => jar.open(`${site.origin}/authsec/factors`)
    const before = await own()
    expect(before.html).toContain('Your password alone is enough')
    await say('refused')
    for (const shown of [await own(), await jar.press(before, 'factor-password', { fields: { password } })]) {
      expect([shown.status, shown.html.includes('does not let anybody in with a password any more')]).toEqual([
        401,
        true,
      ])
    }
    await say('accepted')
    const shown = await jar.press(before, 'factor-password', { fields: { password } })
    expect(shown.html).toContain('Set up a second step')
  })

  it('is not among those whose password is asked for', async () => {
    await say('refused')
    const { html } = await jar.open(site.startUrl())
    expect(html).toContain('name="password"')
    expect(html).toContain('Globex')
    expect(html).not.toContain('value="acme"')
    expect(isConsent(await signIn({ tenant: 'globex', email: 'bo@globex.test' }))).toBe(true)
  })

  it('answers a password that is right as one that is wrong', async () => {
    const page = await jar.open(site.startUrl())
    await say('refused')
    const [right, wrong] = [await signIn({}, page), await signIn({ password: 'wrong' }, page)]
    expect([right.status, wrong.status]).toEqual([401, 401])
    expect(right.html).toBe(wrong.html)
    expect((await site.record(site.acme)).map(({ reason }) => reason)).toContain('passwords_refused')
    await say('accepted')
    expect(isConsent(await signIn({}, page))).toBe(true)
  })

  it('gives nothing to what was begun with a password before', async () => {
    const consent = await signIn()
    const tokens = await site.allow(jar, consent)
    const under = await site.begin(jar)
    await say('refused')
    expect(await site.refresh(tokens)).toMatchObject({ error: 'invalid_grant' })
    expect(await site.redeem(under)).toMatchObject({ error: 'invalid_grant' })
    const elsewhere = await site.enter(new BrowserJar(), corp, outside)
    expect(await site.refresh(elsewhere)).toHaveProperty('access_token')
  })

  it('signs a browser in again that is signed in with a password, and shows it no page of its own', async () => {
    const consents = `${site.origin}/authsec/consents`
    await site.allow(jar, await signIn())
    await site.admit(['acme'])
    expect((await jar.open(consents)).status).toBe(200)
    await say('refused')
    expect((await jar.open(consents)).status).toBe(401)
    const { html, left } = await jar.open(site.startUrl())
    expect(left).toBeUndefined()
    expect(html).toContain('Continue with <bdi>Corp</bdi>')
    const back = await site.goThrough(jar, corp, outside)
    const tokens = back.left === undefined ? await site.allow(jar, back) : await site.enterAgain(jar)
    expect(await site.refresh(tokens)).toHaveProperty('access_token')
    expect((await jar.open(consents)).status).toBe(200)
  })

  it('says at the link of a reset that there are no passwords, and sets none', async () => {
    const before = await site.postgres.accounts.findPasswordHash(site.acme, account)
    const standing = await open('reset')
    await say('refused')
    const { html } = await jar.open(standing.url)
    expect(html).toContain('does not use passwords here any more')
    expect(html).not.toContain('name="password"')
    const fields = { password: 'nine quiet harbours wait', repeated: 'nine quiet harbours wait' }
    expect((await jar.press(standing, 'set', { fields })).status).toBe(403)
    expect(await site.postgres.accounts.findPasswordHash(site.acme, account)).toBe(before)
    await say('accepted')
    expect((await jar.press(standing, 'set', { fields: { password, repeated: password } })).html).not.toContain(
      'does not use',
    )
  })

  it('lets an invitation be accepted with a provider alone', async () => {
    await say('refused')
    const { html } = await open('invitation')
    expect(html).toContain('Continue with <bdi>Corp</bdi>')
    expect(html).not.toContain('name="password"')
  })
})

describe('passwords', () => {
  it('are not refused where there is no provider: nobody could get in', async () => {
    const { changes, faults } = await say('refused', site.globex)
    expect(changes).toEqual([])
    expect(faults).toMatchObject([{ fault: expect.stringContaining('nobody could sign in to globex') }])
    jar = new BrowserJar()
    expect(isConsent(await signIn({ tenant: 'globex', email: 'bo@globex.test' }))).toBe(true)
  })

  it('are not refused where the only provider is for an application that does not admit the tenant', async () => {
    const other = { clientId: 'other', name: 'Other', tenant: site.acme }
    const { applications } = site.postgres
    await applications.register({ ...other, admits: 'own' })
    await site.offer(outside, site.globex, 'Bound', 'other')
    expect((await say('refused', site.globex)).faults).toHaveLength(1)
    await applications.register({ ...other, admits: ['globex'] })
    expect((await say('refused', site.globex)).faults).toEqual([])
    await say('accepted', site.globex)
    await site.withdraw(site.globex, 'Bound')
  })

  it('are let in again before the last provider goes', async () => {
    const store = site.postgres.federation.providers
    await say('refused')
    await site.offer(outside, site.acme, 'Second')
    const remove = (name: string) => store.apply({ presence: 'absent', tenant: site.acme, name }, 'cli:ada')
    expect((await remove('Second')).faults).toEqual([])
    expect((await remove('Corp')).faults).toMatchObject([{ fault: expect.stringContaining('nobody could sign in') }])
    expect((await store.list([site.acme.id])).map(({ name }) => name)).toEqual(['Corp'])
  })

  it('are let in again before the last provider that lets anybody in goes, or is bound to another application', async () => {
    const store = site.postgres.federation.providers
    const other = { clientId: 'elsewhere', name: 'Elsewhere', tenant: site.globex }
    await site.postgres.applications.register({ ...other, admits: 'own' })
    await site.offer(outside, site.acme, 'Bound', 'elsewhere')
    await say('refused')
    const nobody = [{ fault: expect.stringContaining('nobody could sign in') }]
    const removed = await store.apply({ presence: 'absent', tenant: site.acme, name: 'Corp' }, 'cli:ada')
    expect(removed.faults).toMatchObject(nobody)
    const [known] = (await store.list([site.acme.id])).filter(({ name }) => name === 'Corp')
    if (known === undefined) throw new TypeError('the provider has gone')
    const provider = { ...known, application: 'elsewhere' }
    expect((await store.apply({ presence: 'any', tenant: site.acme, provider }, 'cli:ada')).faults).toMatchObject(
      nobody,
    )
    expect((await store.find(corp))?.application).toBeUndefined()
    await site.withdraw(site.acme, 'Bound')
  })

  it('are said to be refused on record, once', async () => {
    const rows = () => site.database.sql(`select detail from audit_event where reason = 'passwords_changed'`)
    const before = (await rows()).length
    await say('refused')
    await say('refused')
    expect((await rows()).slice(before)).toMatchObject([{ detail: { name: 'acme', after: ['refused'] } }])
  })
})

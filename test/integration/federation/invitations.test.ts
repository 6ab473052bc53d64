import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { formatLink, linkDigest, newLinkSecret } from '../../../src/adapter/issuer/account/account-link.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { LinkPurpose } from '../../../src/core/identity/account-link-store.js'
import { noGrants } from '../../../src/core/permission/grants.js'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { FederationSite } from '../../support/federation-site.js'
import { OutsideProvider, type OutsideUser } from '../../support/upstream/outside-provider.js'

let site: FederationSite
let outside: OutsideProvider
let corp: string
let theirs: string
let users = 0
let user: OutsideUser
let account: string
let email: string
let jar: BrowserJar

beforeAll(async () => {
  site = await FederationSite.start()
  outside = await OutsideProvider.start()
  corp = await site.offer(outside, site.acme, 'Corp')
  theirs = await site.offer(outside, site.globex, 'Theirs')
})
beforeEach(async () => {
  users += 1
  user = { sub: `user-${users}`, email: `user-${users}@corp.test`, email_verified: true }
  email = `invited-${users}@acme.test`
  account = (await site.postgres.accounts.create(site.acme, { email, grants: noGrants })).id
  jar = new BrowserJar()
})
afterEach(() => outside.reset())
afterAll(async () => {
  await outside?.close()
  await site?.close()
})

async function link(purpose: LinkPurpose = 'invitation'): Promise<string> {
  const { accountLinks, keys } = site.postgres
  const secret = newLinkSecret()
  const digest = linkDigest(keys, site.acme.id, secret)
  await accountLinks.issue(site.acme, { accountId: account, purpose, digest, seconds: 600, by: 'cli:test' })
  return site.origin + formatLink({ tenant: 'acme', secret })
}

/** From the page of the link to the provider. */
const leave = (page: Shown, provider = corp): Promise<Shown> => jar.press(page, 'federate', { fields: { provider } })

/** And back, to the address at which the browser comes. */
async function comeBack(): Promise<URL> {
  const { html, left } = await leave(await jar.open(await link()))
  if (left === undefined) throw new Error(`not sent away: ${html}`)
  return outside.signIn(left, user)
}

const identities = () => site.postgres.tenantAdministration.identities(site.acme, email)
const server = () => ({ options: {}, signIn: (url: URL) => outside.signIn(url, user) })
const isAccepted = ({ html, status }: Shown): boolean => status === 200 && html.includes('Your account is ready')
const lastReason = async () => (await site.record(site.acme)).at(-1)?.['reason']

describe('an invitation that is accepted with a provider', () => {
  it('links whoever signed in there, who from then on signs in with it, and needs no password', async () => {
    expect(isAccepted(await jar.open(await comeBack()))).toBe(true)
    expect(await identities()).toEqual([{ issuer: outside.issuer, subject: user.sub, email }])
    expect(await site.signIn(corp, server())).toMatchObject({ subject: account })
    expect(await site.postgres.accounts.findPasswordHash(site.acme, account)).toBeUndefined()
    const rows = await site.database.tenantSql(
      site.acme,
      `select personal from audit_event where subject = 'link:invitation' and personal->>'account' = $1`,
      [account],
    )
    const here = { address: expect.any(String), userAgent: expect.any(String) }
    expect(rows).toMatchObject([{ personal: { after: [expect.stringContaining(user.sub)], ...here } }])
  })

  it('lets its user choose whom to be there, and signs nobody in by itself', async () => {
    const { left } = await leave(await jar.open(await link()))
    expect(left?.searchParams.get('prompt')).toBe('login')
    expect(left?.searchParams.get('redirect_uri')).toBe(site.callbackOf(corp))
    await jar.open(await outside.signIn(left ?? new URL('about:blank'), user))
    expect((await jar.open(site.startUrl())).html).toContain('name="password"')
  })

  it('is accepted though what the provider gave cannot be kept', async () => {
    const callback = await comeBack()
    const { tokens, transactions } = site.postgres.federation
    const down = () => Promise.reject(new UpstreamError('AUTH_UNAVAILABLE', 'down'))
    const before = { keep: tokens.keep.bind(tokens), advance: transactions.advance.bind(transactions) }
    tokens.keep = down
    transactions.advance = async (stored, next) => (next.phase === 'used' ? down() : before.advance(stored, next))
    try {
      expect(isAccepted(await jar.open(callback))).toBe(true)
    } finally {
      Object.assign(tokens, { keep: before.keep })
      Object.assign(transactions, { advance: before.advance })
    }
    expect(await identities()).toHaveLength(1)
    expect(await site.signIn(corp, server())).toMatchObject({ subject: account })
  })

  it('is used up, for a password as well as for anybody else', async () => {
    const url = await link()
    const page = await jar.open(url)
    const other = new BrowserJar()
    const late = await other.press(await other.open(url), 'federate', { fields: { provider: corp } })
    const { left } = await leave(page)
    expect(isAccepted(await jar.open(await outside.signIn(left ?? new URL('about:blank'), user)))).toBe(true)
    const intruder = { ...user, sub: `intruder-${users}` }
    const refused = await other.open(await outside.signIn(late.left ?? new URL('about:blank'), intruder))
    expect([refused.status, refused.html.includes('used already, or has expired')]).toEqual([403, true])
    expect((await new BrowserJar().open(url)).status).toBe(400)
    const fields = { password: 'nine quiet harbours wait', repeated: 'nine quiet harbours wait' }
    expect((await jar.press(page, 'set', { fields })).status).toBe(400)
    expect(await identities()).toHaveLength(1)
  })
})

describe('whoever has no invitation', () => {
  it('gains nothing by the address of the provider, in a browser of their own (O1, O3)', async () => {
    const { left } = await leave(await jar.open(await link()))
    const callback = await outside.signIn(left ?? new URL('about:blank'), { ...user, sub: `thief-${users}` })
    const shown = await new BrowserJar().open(callback)
    expect([shown.status, shown.html.includes('begun in another browser')]).toEqual([400, true])
    expect(await identities()).toEqual([])
    // The invitation stands.
    expect(isAccepted(await jar.open(await comeBack()))).toBe(true)
  })

  it('cannot have another browser link theirs: it has not begun that (O2)', async () => {
    const callback = await comeBack()
    const victim = new BrowserJar()
    await victim.open(site.startUrl())
    expect((await victim.open(callback)).status).toBe(400)
    expect(await identities()).toEqual([])
  })

  it('comes back once: the second time nothing happens', async () => {
    const callback = await comeBack()
    expect(isAccepted(await jar.open(callback))).toBe(true)
    const again = await jar.open(callback)
    expect([again.status, again.html.includes('used already')]).toEqual([400, true])
  })

  it('is not let in by the link of a reset, nor with the provider of another tenant', async () => {
    const reset = await jar.open(await link('reset'))
    expect(reset.html).not.toContain('Continue with')
    expect((await leave(reset)).status).toBe(400)
    const invited = await jar.open(await link())
    expect(invited.html).toContain('Continue with <bdi>Corp</bdi>')
    expect(invited.html).not.toContain('Theirs')
    const refused = await leave(invited, theirs)
    expect([refused.status, refused.left]).toEqual([403, undefined])
    expect(refused.html).toContain('href="/authsec/account/password"')
  })

  it('posts no form that is not of the page of the link', async () => {
    const page = await jar.open(await link())
    const forged = await jar.press(page, 'federate', { fields: { provider: corp, csrf: 'forged' } })
    expect([forged.status, forged.left]).toEqual([403, undefined])
  })
})

describe('an identity that is not free', () => {
  it('is refused where it is another account’s, and the invitation stands', async () => {
    await site.account(site.acme, `holder-${users}@acme.test`, { issuer: outside.issuer, subject: user.sub })
    const refused = await jar.open(await comeBack())
    expect([refused.status, refused.html.includes('has another account here already')]).toEqual([403, true])
    expect(await lastReason()).toBe('ERR_FEDERATION_LINKED')
    expect(await identities()).toEqual([])
    const [, back = ''] = /href="(\/authsec\/account\/password)"/.exec(refused.html) ?? []
    expect((await jar.open(site.origin + back)).html).toContain('Continue with')
  })

  it('is refused where an administrator has taken it off an account', async () => {
    const holder = `holder-${users}@acme.test`
    const identity = { issuer: outside.issuer, subject: user.sub }
    await site.account(site.acme, holder, identity)
    const wish = { kind: 'account', email: holder, presence: 'known', forsake: [identity] } as const
    await site.postgres.tenantAdministration.apply(site.acme, [wish], 'cli:ada')
    expect((await jar.open(await comeBack())).status).toBe(403)
    expect(await lastReason()).toBe('ERR_FEDERATION_SHUT_OUT')
    expect(await identities()).toEqual([])
  })
})

describe('an invitation that ends while its user is away', () => {
  it.each([
    ['has expired', `update account_link set expires_at = clock_timestamp() where account_id = $1`],
    ['is of an account that was disabled', `update account set disabled_at = now() where id = $1`],
    ['is of an account that was removed', `delete from account where id = $1`],
  ])('links nobody where it %s', async (_what, statement) => {
    const callback = await comeBack()
    await site.database.tenantSql(site.acme, statement, [account])
    const shown = await jar.open(callback)
    expect([shown.status, shown.html.includes('used already, or has expired')]).toEqual([403, true])
    expect(await identities()).toEqual([])
  })
})

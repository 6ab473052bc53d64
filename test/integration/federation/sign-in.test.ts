import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../../support/browser-jar.js'
import { FederationSite } from '../../support/federation-site.js'
import { password } from '../../support/issuer-harness.js'
import { GithubServer } from '../../support/upstream/github-server.js'
import { OutsideProvider, type OutsideUser } from '../../support/upstream/outside-provider.js'

let site: FederationSite
let outside: OutsideProvider
let another: OutsideProvider
let corp: string
let users = 0

beforeAll(async () => {
  site = await FederationSite.start()
  outside = await OutsideProvider.start()
  another = await OutsideProvider.start()
  corp = await site.offer(outside, site.acme, 'Corp')
})
afterEach(async () => {
  outside.reset()
  another.reset()
  for (const tenant of [site.acme, site.globex]) await site.rule(tenant, { signUp: 'nobody', signUpDomains: [] })
  await site.admit('any')
})
afterAll(async () => {
  await outside?.close()
  await another?.close()
  await site?.close()
})

function newUser(changes: Partial<OutsideUser> = {}): OutsideUser {
  users += 1
  return { sub: `user-${users}`, email: `user-${users}@acme.test`, email_verified: true, name: 'Ana', ...changes }
}

describe('a sign-in with a provider', () => {
  it('ends as the account that an administrator has linked, with consent, and says how it was done', async () => {
    const user = newUser()
    const id = await site.account(site.acme, 'linked@acme.test', { issuer: outside.issuer, subject: user.sub })
    outside.user = user
    const jar = new BrowserJar()
    const consent = await site.goThrough(jar, corp, { options: {}, signIn: (url) => outside.signIn(url, user) })
    expect(consent.html).toContain('<h1>Allow')
    expect(consent.html).toContain('linked@acme.test')
    expect(consent.url).not.toContain('code=')
    const signedIn = await site.signIn(corp, { options: {}, signIn: (url) => outside.signIn(url, user) })
    expect(signedIn).toEqual({ subject: id, tenant: 'acme', methods: ['fed'] })
  })

  it('is on record from its start to its end under one reference', async () => {
    const user = newUser()
    await site.account(site.acme, 'recorded@acme.test', { issuer: outside.issuer, subject: user.sub })
    const before = (await site.record(site.acme)).length
    await site.signIn(corp, { options: {}, signIn: (url) => outside.signIn(url, user) })
    const rows = (await site.record(site.acme)).slice(before)
    const reasons = rows.map(({ reason, type }) => [type, reason].join(' '))
    expect(reasons).toEqual(
      expect.arrayContaining(['signin.started ', 'signin.completed ', 'signin.completed consent_allowed']),
    )
    const pages = rows.filter(({ reason }) => reason !== 'token_issued')
    expect(new Set(pages.map((row) => row['request_id'])).size).toBe(1)
    expect(rows.find(({ reason, type }) => type === 'signin.completed' && reason === null)).toMatchObject({
      ...{ issuer: site.issuer, detail: { provider: corp } },
    })
  })

  it('sends the browser away by a page of ours, which no form leads out of', async () => {
    const jar = new BrowserJar()
    const { headers, left, status } = await site.leave(jar, corp)
    expect(status).toBe(200)
    expect(left?.origin).toBe(outside.origin)
    expect(left?.searchParams.get('redirect_uri')).toBe(site.callbackOf(corp))
    expect(headers.get('content-security-policy')).toContain("form-action 'self'")
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('goes on at another process than the one that began it', async () => {
    const user = newUser()
    await site.account(site.acme, 'elsewhere@acme.test', { issuer: outside.issuer, subject: user.sub })
    const jar = new BrowserJar()
    const server = { options: {}, signIn: (url: URL) => outside.signIn(url, user) }
    const comingBack = await site.comeBack(jar, corp, server)
    await site.admit('any', await site.database.reopen())
    const shown = await jar.open(comingBack)
    expect(shown.html).toContain('elsewhere@acme.test')
  })

  it('lets whoever was not let in choose another account there', async () => {
    const user = newUser()
    const jar = new BrowserJar()
    const first = await site.leave(jar, corp)
    expect(first.left?.searchParams.get('prompt')).toBeNull()
    const refused = await jar.open(await outside.signIn(first.left ?? new URL('about:blank'), user))
    expect(refused.status).toBe(403)
    const [, back = ''] = /href="(\/authsec\/signin\/[^"]+)"/.exec(refused.html) ?? []
    const again = await jar.press(await jar.open(site.origin + back), 'federate', { fields: { provider: corp } })
    expect(again.left?.searchParams.get('prompt')).not.toBeNull()
  })

  it('works with a provider that has no ID tokens', async () => {
    const github = await GithubServer.start()
    try {
      const hub = await site.offer(github, site.acme, 'GitHub')
      await site.rule(site.acme, { signUp: 'everybody' })
      const { subject } = await site.signIn(hub, github)
      const identities = await site.postgres.tenantAdministration.identities(site.acme, 'octo@acme.example')
      expect(identities).toEqual([{ issuer: github.issuer, subject: '583231', email: 'octo@acme.example' }])
      expect((await site.postgres.accounts.find(site.acme, subject))?.email).toBe('octo@acme.example')
    } finally {
      await github.close()
    }
  })

  it('keeps what the provider gave, for that account alone', async () => {
    const user = newUser()
    const account = await site.account(site.acme, 'kept@acme.test', { issuer: outside.issuer, subject: user.sub })
    await site.signIn(corp, { options: {}, signIn: (url) => outside.signIn(url, user) })
    const place = { tenant: site.acme, account, provider: corp, subject: user.sub }
    expect(await site.postgres.federation.tokens.find(place)).toMatchObject({
      ...{ issuer: outside.issuer, clientId: outside.clientId },
      tokens: { refreshToken: expect.any(String) },
    })
  })
})

describe('the first sign-in with a provider', () => {
  const signIn = (user: OutsideUser) =>
    site.goThrough(new BrowserJar(), corp, { options: {}, signIn: (url) => outside.signIn(url, user) })

  it('makes no account unless the tenant says so, and tells whom to ask', async () => {
    const { html, status } = await signIn(newUser())
    expect(status).toBe(403)
    expect(html).toContain('You have no account here yet.')
    expect(html).toContain('Back to signing in')
    const rows = await site.record(site.acme)
    expect(rows.at(-1)).toMatchObject({
      ...{
        type: 'signin.failed',
        reason: 'ERR_FEDERATION_UNINVITED',
        issuer: outside.issuer,
        subject: `user-${users}`,
      },
    })
    expect(html).toContain(String(rows.at(-1)?.['request_id']))
  })

  it('makes one where everybody may enter, and the second finds it', async () => {
    await site.rule(site.acme, { signUp: 'everybody' })
    const user = newUser()
    const server = { options: {}, signIn: (url: URL) => outside.signIn(url, user) }
    const first = await site.signIn(corp, server)
    await site.rule(site.acme, { signUp: 'nobody' })
    expect(await site.signIn(corp, server)).toEqual(first)
  })

  it('makes one for an address of an allowed domain, and for no other', async () => {
    await site.rule(site.acme, { signUp: 'domains', signUpDomains: ['acme.test'] })
    expect((await signIn(newUser())).html).toContain('<h1>Allow')
    expect((await signIn(newUser({ email: 'ana@evil.test' }))).html).toContain('You have no account here yet.')
  })

  it('takes an address that the provider has not verified for none', async () => {
    await site.rule(site.acme, { signUp: 'domains', signUpDomains: ['acme.test'] })
    expect((await signIn(newUser({ email_verified: false }))).html).toContain('that is verified')
    await site.rule(site.acme, { signUp: 'everybody' })
    expect((await signIn(newUser({ email_verified: false }))).html).toContain('that is verified')
  })

  it('never takes over an account with that address: an administrator links it', async () => {
    await site.rule(site.acme, { signUp: 'everybody' })
    await site.account(site.acme, 'victim@acme.test')
    const user = newUser({ email: 'victim@acme.test' })
    const { html, status } = await signIn(user)
    expect(status).toBe(403)
    expect(html).toContain('There is an account with your e-mail address already.')
    await site.postgres.tenantAdministration.apply(
      site.acme,
      [
        {
          ...{ kind: 'account', email: 'victim@acme.test', presence: 'known' },
          identify: [{ issuer: outside.issuer, subject: user.sub }],
        },
      ],
      'cli:ada',
    )
    expect((await signIn(user)).html).toContain('victim@acme.test')
  })
})

describe('who may not enter', () => {
  it('is a disabled account', async () => {
    const user = newUser()
    const server = { options: {}, signIn: (url: URL) => outside.signIn(url, user) }
    await site.account(site.acme, 'disabled@acme.test', { issuer: outside.issuer, subject: user.sub })
    await site.disable(site.acme, 'disabled@acme.test')
    const shown = await site.goThrough(new BrowserJar(), corp, server)
    expect([shown.status, shown.html.includes('Your account is disabled.')]).toEqual([403, true])
    await site.disable(site.acme, 'disabled@acme.test', 'active')
    expect((await site.goThrough(new BrowserJar(), corp, server)).html).toContain('<h1>Allow')
  })

  it('is a user of a tenant that the application does not admit, or that is suspended', async () => {
    const user = newUser()
    const server = { options: {}, signIn: (url: URL) => outside.signIn(url, user) }
    await site.account(site.acme, 'tenant@acme.test', { issuer: outside.issuer, subject: user.sub })
    const jar = new BrowserJar()
    const comingBack = await site.comeBack(jar, corp, server)
    await site.admit(['globex'])
    expect((await jar.open(comingBack)).html).toContain('Your organisation cannot sign in here at the moment.')
    expect((await site.leave(new BrowserJar(), corp)).html).toContain('Your organisation cannot sign in here')
    await site.admit('any')
    const other = new BrowserJar()
    const [later, acme] = [await site.comeBack(other, corp, server), await site.postgres.tenantDirectory.find('acme')]
    if (acme === undefined) throw new TypeError('no tenant')
    await site.postgres.tenantDirectory.suspend(acme, 'cli:ada')
    try {
      expect((await other.open(later)).html).toContain('Your organisation cannot sign in here at the moment.')
    } finally {
      await site.postgres.tenantDirectory.resume(acme, 'cli:ada')
    }
    expect((await site.goThrough(new BrowserJar(), corp, server)).html).toContain('<h1>Allow')
  })
})

describe('a provider that is set up wrongly', () => {
  it('is said to be out of order, and in the log why; the others are offered as before', async () => {
    const id = await site.offer(outside, site.acme, 'Wrong')
    await site.database.sql(`update identity_provider set options = '{"clientId":"us"}' where id = $1`, [id])
    const shown = await site.leave(new BrowserJar(), id)
    expect([shown.status, shown.html.includes('does not answer right now')]).toEqual([503, true])
    expect(site.log.lines.at(-1)).toMatchObject({
      ...{ level: 'error', message: 'an identity provider cannot be used' },
      fields: { provider: id, reason: expect.stringContaining('issuer is missing') },
    })
    expect((await site.leave(new BrowserJar(), corp)).left?.origin).toBe(outside.origin)
    await site.offer(outside, site.acme, 'Wrong')
    expect((await site.leave(new BrowserJar(), id)).left?.origin).toBe(outside.origin)
    await site.withdraw(site.acme, 'Wrong')
  })
})

describe('a provider that is this server itself', () => {
  it.each([
    ['its issuer', '/oauth'],
    ['its address', ''],
  ])('is not used: by %s', async (_what, path) => {
    const options = { ...outside.options, issuer: site.origin + path }
    const id = await site.offer({ options, signIn: (url) => outside.signIn(url) }, site.acme, 'Mirror')
    expect((await site.leave(new BrowserJar(), id)).status).toBe(503)
    expect(site.log.lines.at(-1)?.fields).toMatchObject({ reason: expect.stringContaining('is this server itself') })
    await site.withdraw(site.acme, 'Mirror')
  })
})

describe('two tenants with providers of their own (O13)', () => {
  it('have each an account of its own for the same subject with the same address', async () => {
    const [here, there] = [await site.offer(outside, site.acme, 'One'), await site.offer(another, site.globex, 'Two')]
    for (const tenant of [site.acme, site.globex]) await site.rule(tenant, { signUp: 'everybody' })
    const user = newUser()
    const of = await site.signIn(here, { options: {}, signIn: (url) => outside.signIn(url, user) })
    const other = await site.signIn(there, { options: {}, signIn: (url) => another.signIn(url, user) })
    expect([of.tenant, other.tenant]).toEqual(['acme', 'globex'])
    expect(of.subject).not.toBe(other.subject)
  })

  it('are not entered by the other one’s provider, whatever account is linked there', async () => {
    const user = newUser()
    await site.account(site.globex, 'only@globex.test', { issuer: outside.issuer, subject: user.sub })
    const shown = await site.goThrough(new BrowserJar(), corp, {
      options: {},
      signIn: (url) => outside.signIn(url, user),
    })
    expect(shown.html).toContain('You have no account here yet.')
  })

  it('are offered under their names, and one alone without', async () => {
    await site.offer(another, site.globex, 'Two')
    const { html } = await new BrowserJar().open(site.startUrl())
    const form = html.slice(html.indexOf('class="providers"'))
    expect(form.indexOf('Acme Corp')).toBeLessThan(form.indexOf('>Corp</bdi>'))
    expect(form.indexOf('Globex')).toBeLessThan(form.indexOf('>Two</bdi>'))
    await site.admit(['globex'])
    const alone = (await new BrowserJar().open(site.startUrl())).html
    expect(alone).toContain('Continue with <bdi>Two</bdi>')
    expect(alone).not.toContain('Continue with <bdi>Corp</bdi>')
    expect(alone).not.toContain('<h2>')
  })
})

describe('what is offered', () => {
  it('signs nobody in any more who has come back from there and is not let in yet, and another way is open', async () => {
    const leaving = await site.offer(outside, site.acme, 'Leaving')
    const user = newUser()
    const server = { options: {}, signIn: (url: URL) => outside.signIn(url, user) }
    await site.account(site.acme, 'between@acme.test', { issuer: outside.issuer, subject: user.sub })
    let hops: string[] = []
    const jar = new BrowserJar(async (url, init) => {
      const wasBack = hops.at(-1)?.includes('/authsec/federation/callback/') === true
      hops.push(String(url))
      if (wasBack) await site.withdraw(site.acme, 'Leaving')
      return fetch(url, init)
    })
    const comingBack = await site.comeBack(jar, leaving, server)
    hops = []
    const shown = await jar.open(comingBack)
    expect(hops).toHaveLength(2)
    expect(shown).toMatchObject({ status: 403, html: expect.stringContaining('is not offered any more') })
    const again = await jar.open(shown.url)
    expect(again.html).toContain('Continue with <bdi>Corp</bdi>')
    const fields = { tenant: 'acme', email: 'between@acme.test', password }
    expect((await jar.press(again, 'sign-in', { fields })).html).toContain('<h1>Allow')
  })

  it('is for the application that was named, and gone at once when it is removed, with nothing else', async () => {
    await site.postgres.applications.register({ clientId: 'other', name: 'Other', tenant: site.acme, admits: 'any' })
    const ours = await site.offer(outside, site.acme, 'Ours', 'app')
    const theirs = await site.offer(outside, site.acme, 'Theirs', 'other')
    const { html } = await new BrowserJar().open(site.startUrl())
    expect(html).toContain('Continue with <bdi>Ours</bdi>')
    expect(html).not.toContain('Theirs')
    expect((await site.leave(new BrowserJar(), theirs)).html).toContain('is not offered any more')

    const user = newUser()
    const server = { options: {}, signIn: (url: URL) => outside.signIn(url, user) }
    const account = await site.account(site.acme, 'remains@acme.test', { issuer: outside.issuer, subject: user.sub })
    const signedIn = new BrowserJar()
    await site.goThrough(signedIn, ours, server)
    const underWay = new BrowserJar()
    const comingBack = await site.comeBack(underWay, ours, server)
    await site.withdraw(site.acme, 'Ours')
    expect((await underWay.open(comingBack)).html).toContain('is not offered any more')
    expect((await site.leave(new BrowserJar(), ours)).html).toContain('is not offered any more')
    expect((await signedIn.open(site.startUrl())).html).toContain('remains@acme.test')
    expect((await site.goThrough(new BrowserJar(), corp, server)).html).toContain('<h1>Allow')
    const jar = new BrowserJar()
    const fields = { tenant: 'acme', email: 'remains@acme.test', password }
    expect((await jar.press(await jar.open(site.startUrl()), 'sign-in', { fields })).html).toContain('<h1>Allow')
    expect((await site.postgres.accounts.find(site.acme, account))?.disabled).toBe(false)
  })
})

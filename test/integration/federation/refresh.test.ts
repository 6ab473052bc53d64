import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../../support/browser-jar.js'
import { claimsIn, FederationSite, type TokenBody } from '../../support/federation-site.js'
import { sendJson } from '../../support/hostile-provider.js'
import { password } from '../../support/issuer-harness.js'
import { until } from '../../support/until.js'
import { OutsideProvider, type OutsideUser } from '../../support/upstream/outside-provider.js'

let site: FederationSite
let outside: OutsideProvider
let corp: string
let users = 0
let user: OutsideUser
let email: string
let account: string
let jar: BrowserJar

beforeAll(async () => {
  site = await FederationSite.start()
  outside = await OutsideProvider.start()
  corp = await site.offer(outside, site.acme, 'Corp')
})
beforeEach(async () => {
  users += 1
  user = { sub: `user-${users}`, email: `user-${users}@corp.test`, email_verified: true }
  email = `user-${users}@acme.test`
  account = await site.account(site.acme, email, { issuer: outside.issuer, subject: user.sub })
  jar = new BrowserJar()
  // Over as soon as they are given, so that each refresh asks.
  outside.accessTokenSeconds = 1
})
afterEach(() => outside.reset())
afterAll(async () => {
  await outside?.close()
  await site?.close()
})

const server = () => ({ options: {}, signIn: (url: URL) => outside.signIn(url, user) })
const enter = (): Promise<TokenBody> => site.enter(jar, corp, server())
const kept = () =>
  site.postgres.federation.tokens.find({ tenant: site.acme, account, provider: corp, subject: user.sub })
const asked = () => outside.askedFor('POST /token')
const isSignedIn = async () => !(await jar.open(site.startUrl())).html.includes('name="password"')
const reasonsOf = async () =>
  (await site.record(site.acme))
    .filter((row) => row['subject'] === account)
    .map(({ reason, type }) => `${type} ${reason}`)

async function ended(): Promise<readonly unknown[]> {
  await site.postgres.audit.flush()
  const query = `select reason, issuer, detail from audit_event
    where type = 'session.ended' and subject = $1 and detail ? 'provider'`
  return site.database.tenantSql(site.acme, query, [account])
}

describe('a refresh of a sign-in that was made with a provider', () => {
  it('renews what the provider gave before the client is answered, and asks no one where that is fresh', async () => {
    const tokens = await enter()
    const before = await kept()
    expect(asked()).toBe(1)
    outside.accessTokenSeconds = 600
    const again = await site.refresh(tokens)
    expect(claimsIn(again['access_token'])).toMatchObject({ sub: account, amr: ['fed'] })
    expect(asked()).toBe(2)
    const after = await kept()
    expect(after).toMatchObject({ age: 'fresh', issuer: outside.issuer })
    expect(after?.tokens.refreshToken).not.toBe(before?.tokens.refreshToken)
    expect(await site.refresh(again)).toHaveProperty('access_token')
    expect(asked()).toBe(2)
  })

  it('asks no one for a sign-in of the same account that was made here', async () => {
    await enter()
    const other = new BrowserJar()
    const fields = { tenant: 'acme', email, password }
    await other.press(await other.press(await other.open(site.startUrl()), 'sign-in', { fields }), 'allow')
    expect(await site.refresh(await site.enterAgain(other))).toHaveProperty('access_token')
    expect(asked()).toBe(1)
  })

  it('is remembered by no token that the client can read', async () => {
    const tokens = await site.enter(jar, corp, server(), { scope: 'openid read' })
    const refreshed = await site.refresh(tokens)
    for (const token of [
      tokens['id_token'],
      refreshed['id_token'],
      tokens['access_token'],
      refreshed['access_token'],
    ]) {
      expect(claimsIn(token)).toMatchObject({ sub: account })
      expect(JSON.stringify(claimsIn(token))).not.toContain(corp)
    }
  })
})

describe('a sign-in that is over at its provider', () => {
  const takeBack = () =>
    outside.instead.set('/token', (response) => sendJson(response, { error: 'invalid_grant' }, 400))

  it('ends here with all that was made with it, on record, and nothing else is signed out', async () => {
    const [first, second] = [await enter(), await site.enterAgain(jar)]
    const here = new BrowserJar()
    const fields = { tenant: 'acme', email, password }
    await here.press(await here.press(await here.open(site.startUrl()), 'sign-in', { fields }), 'allow')
    const byPassword = await site.enterAgain(here)
    const another = await site.offer(outside, site.acme, `Another ${users}`)
    const other = { sub: `other-${users}`, email: 'other@corp.test', email_verified: true }
    const theirs = `other-${users}@acme.test`
    await site.account(site.acme, theirs, { issuer: outside.issuer, subject: other.sub })
    outside.accessTokenSeconds = 600
    const byAnother = await site.enter(new BrowserJar(), another, server())
    const stays = await site.enter(new BrowserJar(), corp, { options: {}, signIn: (url) => outside.signIn(url, other) })
    expect(await isSignedIn()).toBe(true)
    takeBack()
    expect(await site.refresh(first)).toMatchObject({ error: 'invalid_grant' })
    expect(await kept()).toBeUndefined()
    expect(await isSignedIn()).toBe(false)
    outside.instead.clear()
    expect(await site.refresh(second)).toMatchObject({ error: 'invalid_grant' })
    expect(await site.refresh(first)).toMatchObject({ error: 'invalid_grant' })
    for (const tokens of [stays, byPassword, byAnother]) {
      expect(await site.refresh(tokens)).toHaveProperty('access_token')
    }
    expect((await here.open(site.startUrl())).html).not.toContain('name="password"')
    expect(await reasonsOf()).toContain('signin.failed revoked_upstream')
    expect(await ended()).toEqual([{ reason: 'revoked_upstream', issuer: site.issuer, detail: { provider: corp } }])
  })

  it('is over for whoever it was made as there, though the account has another user of that provider', async () => {
    const other = { sub: `second-${users}`, email: 'second@corp.test', email_verified: true }
    const wish = { kind: 'account', email, presence: 'known' } as const
    const identity = { issuer: outside.issuer, subject: other.sub }
    await site.postgres.tenantAdministration.apply(site.acme, [{ ...wish, identify: [identity] }], 'cli:ada')
    const tokens = await enter()
    outside.accessTokenSeconds = 600
    const theirs = await site.enter(new BrowserJar(), corp, {
      options: {},
      signIn: (url) => outside.signIn(url, other),
    })
    takeBack()
    expect(await site.refresh(tokens)).toMatchObject({ error: 'invalid_grant' })
    expect(await site.refresh(theirs)).toHaveProperty('access_token')
  })

  it('may be made anew there', async () => {
    const tokens = await enter()
    takeBack()
    await site.refresh(tokens)
    outside.instead.clear()
    jar = new BrowserJar()
    expect(await site.refresh(await enter())).toHaveProperty('access_token')
  })

  it('stays where the provider was removed: there is no one to ask', async () => {
    const other = await site.offer(outside, site.acme, 'Leaving')
    const tokens = await site.enter(jar, other, server())
    await site.withdraw(site.acme, 'Leaving')
    takeBack()
    expect(await site.refresh(tokens)).toHaveProperty('access_token')
  })
})

describe('O12: a renewed ID token', () => {
  it.each([
    ['subject', { sub: 'mallory-1' }],
    ['issuer', { iss: 'https://evil.example' }],
    ['audience', { aud: 'another' }],
  ])('of another %s ends the sign-in, on record', async (_what, claims) => {
    const tokens = await enter()
    outside.idToken = { claims }
    expect(await site.refresh(tokens)).toMatchObject({ error: 'invalid_grant' })
    outside.idToken = {}
    expect(await isSignedIn()).toBe(false)
    expect(await site.refresh(tokens)).toMatchObject({ error: 'invalid_grant' })
    expect(await ended()).toMatchObject([{ reason: 'changed_upstream' }])
  })
})

describe('an outage of the provider', () => {
  const failed = 'upstream tokens could not be renewed'
  const late = 'an identity provider takes long to renew tokens'

  it.each<readonly [string, string, () => void]>([
    ['answers with an error', failed, () => outside.instead.set('/token', (response) => response.writeHead(503).end())],
    ['does not answer', late, () => outside.instead.set('/token', () => undefined)],
    ['has lost its keys', failed, () => outside.instead.set('/jwks', (response) => response.writeHead(404).end())],
  ])('signs nobody out, and is in the log, where it %s', async (_what, message, breakIt) => {
    const tokens = await enter()
    breakIt()
    const lines = site.log.lines.length
    const again = await site.refresh(tokens)
    expect(again).toHaveProperty('access_token')
    expect(site.log.lines.slice(lines)).toContainEqual(expect.objectContaining({ level: 'warn', message }))
    outside.instead.clear()
    expect(await ended()).toEqual([])
    expect(await kept()).toBeDefined()
  })

  it('uses up nothing of a client that waits no longer', async () => {
    const tokens = await enter()
    outside.instead.set('/token', () => undefined)
    const [lines, leaving] = [site.log.lines.length, new AbortController()]
    const refresh = site.refresh(tokens, leaving.signal)
    await until(() => asked() === 2)
    leaving.abort()
    await expect(refresh).rejects.toMatchObject({ name: 'AbortError' })
    await until(() => site.log.lines.slice(lines).some((line) => line.message === late))
    expect(await site.refresh(tokens)).toHaveProperty('access_token')
  })

  it('ends the sign-in afterwards, where it was over there and the answer comes late', async () => {
    const tokens = await enter()
    let say = (): void => undefined
    outside.instead.set('/token', (response) => {
      say = () => sendJson(response, { error: 'invalid_grant' }, 400)
    })
    const again = await site.refresh(tokens)
    expect(again).toHaveProperty('access_token')
    say()
    await until(async () => (await kept()) === undefined)
    outside.instead.clear()
    expect(await site.refresh(again)).toMatchObject({ error: 'invalid_grant' })
    expect(await ended()).toMatchObject([{ reason: 'revoked_upstream' }])
  })
})

describe('a provider that comes to go by the name of an issuer whose tokens are taken', () => {
  const taken = 'https://idp.example'
  const trust = (slug: string) => {
    const options = { issuer: taken, audience: 'resource', tenant: { slug } }
    return site.postgres.trustedIssuers.apply({ presence: 'any', options }, 'cli:ada')
  }
  const distrust = () => site.postgres.trustedIssuers.apply({ presence: 'absent', issuer: taken }, 'cli:ada')
  let bare: string

  beforeAll(async () => {
    const of = (path: string) => `${outside.origin}${path}`
    const provider = {
      ...({ kind: 'oauth2', name: 'Bare', application: undefined, position: undefined } as const),
      clientSecret: outside.clientSecret,
      options: {
        ...{ issuer: taken, clientId: outside.clientId, scopes: ['profile'], pkce: 'assumed', network: 'private' },
        endpoints: { authorization: of('/auth'), token: of('/token'), userinfo: of('/me') },
        members: { subject: 'sub' },
      },
    }
    const store = site.postgres.federation.providers
    expect((await store.apply({ presence: 'new', tenant: site.acme, provider }, 'cli:ada')).faults).toEqual([])
    bare = (await store.list([site.acme.id])).find(({ name }) => name === 'Bare')?.id ?? ''
  })
  beforeEach(async () => {
    account = await site.account(site.acme, `bare-${users}@acme.test`, { issuer: taken, subject: user.sub })
    outside.instead.set('/me', (response) => sendJson(response, { sub: user.sub }))
    outside.callback = { iss: undefined }
  })
  afterEach(() => distrust())

  const place = () => ({ tenant: site.acme, account, provider: bare, subject: user.sub })
  const bareTokens = () => site.postgres.federation.tokens.find(place())

  it.each([1, 600])(
    'lets nobody go on for now, and all is there again once it is mended: tokens of %d s',
    async (seconds) => {
      outside.accessTokenSeconds = seconds
      const tokens = await site.enter(jar, bare, server())
      const own = () => jar.open(`${site.origin}/authsec/consents`)
      const [before, code] = [await bareTokens(), await site.begin(jar)]
      expect((await own()).status).toBe(200)
      await trust('acme')
      const asks = asked()
      for (const refused of [await site.refresh(tokens), await site.refresh(tokens), await site.redeem(code)]) {
        expect(refused).toMatchObject({ error: 'temporarily_unavailable' })
      }
      expect(asked()).toBe(asks)
      expect(await isSignedIn()).toBe(false)
      expect(await own()).toMatchObject({ status: 401, html: expect.stringContaining('cannot be used right now') })
      expect((await new BrowserJar().open(site.startUrl())).html).not.toContain('<bdi>Bare</bdi>')
      expect(await bareTokens()).toMatchObject({ version: before?.version })
      expect(await reasonsOf()).toContain('signin.failed posing_upstream')
      await distrust()
      expect(await site.refresh(tokens)).toHaveProperty('access_token')
      expect(await isSignedIn()).toBe(true)
      expect((await own()).status).toBe(200)
      expect(await ended()).toEqual([])
    },
  )

  it('is told so where a browser is on its way, and may come again', async () => {
    const back = await site.comeBack(jar, bare, server())
    await trust('acme')
    expect(await jar.open(back)).toMatchObject({ status: 503 })
    await distrust()
    expect((await jar.open(back)).html).toContain('value="allow"')
  })

  it('says nothing of users of another tenant, nor of sign-ins with other providers', async () => {
    const tokens = await site.enter(jar, bare, server())
    await trust('globex')
    const again = await site.refresh(tokens)
    expect(again).toHaveProperty('access_token')
    await trust('acme')
    expect(await site.refresh(again)).toMatchObject({ error: 'temporarily_unavailable' })
    const other = { sub: `beside-${users}`, email: 'beside@corp.test', email_verified: true }
    await site.account(site.acme, `beside-${users}@acme.test`, { issuer: outside.issuer, subject: other.sub })
    outside.reset()
    const beside = await site.enter(new BrowserJar(), corp, {
      options: {},
      signIn: (url) => outside.signIn(url, other),
    })
    expect(await site.refresh(beside)).toHaveProperty('access_token')
  })
})

describe('O14: twenty refreshes at once over two processes', () => {
  it('are one refresh at the provider, and none fails', async () => {
    await site.replicate()
    const tokens = [await enter()]
    while (tokens.length < 20) tokens.push(await site.enterAgain(jar))
    const before = asked()
    outside.accessTokenSeconds = 600
    const answers = await Promise.all(tokens.map((one) => site.refresh(one)))
    expect(answers.filter((answer) => 'access_token' in answer)).toHaveLength(20)
    expect(asked() - before).toBe(1)
    await site.admit('any')
  })
})

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { BrowserJar, type Shown } from '../../support/browser-jar.js'
import { claimsIn, FederationSite } from '../../support/federation-site.js'
import { password } from '../../support/issuer-harness.js'
import { GithubServer } from '../../support/upstream/github-server.js'
import { OutsideProvider, type OutsideUser } from '../../support/upstream/outside-provider.js'

let site: FederationSite
let outside: OutsideProvider
let github: GithubServer
let corp: string
let hub: string
let users = 0
let user: OutsideUser
let jar: BrowserJar

beforeAll(async () => {
  site = await FederationSite.start()
  outside = await OutsideProvider.start()
  github = await GithubServer.start()
  corp = await site.offer(outside, site.acme, 'Corp')
  hub = await site.offer(github, site.acme, 'Hub')
  await site.account(site.acme, 'octo@acme.test', { issuer: github.issuer, subject: '583231' })
})
beforeEach(async () => {
  users += 1
  user = { sub: `user-${users}` }
  await site.account(site.acme, `user-${users}@acme.test`, { issuer: outside.issuer, subject: user.sub })
  jar = new BrowserJar()
})
afterEach(() => outside.reset())
afterAll(async () => {
  await outside?.close()
  await github?.close()
  await site?.close()
})

type Parameters = Readonly<Record<string, string>>

const ago = (seconds: number): number => Math.floor(Date.now() / 1000) - seconds
const server = () => ({ options: {}, signIn: (url: URL) => outside.signIn(url, user) })
const asks = ({ html }: Shown): boolean => html.includes('name="password"')
const isConsent = ({ html }: Shown): boolean => html.includes('value="allow"')

/** Only who asks for an ID token may ask for its time. */
const start = (parameters: Parameters): URL => site.startUrl({ scope: 'openid read', ...parameters })

async function sent(parameters: Parameters) {
  const { left } = await site.leave(new BrowserJar(), corp, start(parameters))
  const of = (name: string) => left?.searchParams.get(name) ?? undefined
  return { prompt: of('prompt'), maxAge: of('max_age') }
}

/** There and back, with a request of the client. */
async function comeBack(parameters: Parameters): Promise<Shown> {
  const { html, left } = await site.leave(jar, corp, start(parameters))
  if (left === undefined) throw new Error(`not sent away: ${html}`)
  return jar.open(await outside.signIn(left, user))
}

describe('what a client asks of a sign-in (OpenID Connect Core §3.1.2.1)', () => {
  it('is asked of the provider, and nothing where it asks for nothing', async () => {
    expect(await sent({ prompt: 'login' })).toEqual({ prompt: 'login', maxAge: '0' })
    expect(await sent({ max_age: '300' })).toEqual({ prompt: undefined, maxAge: '300' })
    expect(await sent({ prompt: 'login', max_age: '300' })).toEqual({ prompt: 'login', maxAge: '0' })
    expect(await sent({})).toEqual({ prompt: undefined, maxAge: undefined })
  })

  it.each<readonly [string, Parameters, number]>([
    ['prompt=login, of a moment ago', { prompt: 'login' }, 0],
    ['max_age, of within it', { max_age: '300' }, 200],
    ['nothing, of any time', {}, 100_000],
  ])('lets a sign-in of the provider in that is fresh enough: for %s', async (_what, parameters, seconds) => {
    outside.idToken = { claims: { auth_time: ago(seconds) } }
    expect(isConsent(await comeBack(parameters))).toBe(true)
  })

  it.each<readonly [string, Parameters, number | undefined]>([
    ['prompt=login, of a minute ago', { prompt: 'login' }, 60],
    ['max_age, of before it', { max_age: '300' }, 400],
    ['max_age=0, of a minute ago', { max_age: '0' }, 60],
    ['prompt=login, of nobody knows when', { prompt: 'login' }, undefined],
    ['max_age, of nobody knows when', { max_age: '300' }, undefined],
    ['max_age, of a time to come', { max_age: '300' }, -3600],
  ])('keeps a sign-in of the provider out that is not: for %s', async (_what, parameters, seconds) => {
    outside.idToken = { claims: { auth_time: seconds === undefined ? undefined : ago(seconds) } }
    const { html, status } = await comeBack(parameters)
    expect(status).toBe(403)
    expect(html).toContain('does not say that you did')
    expect((await site.record(site.acme)).at(-1)).toMatchObject({ reason: 'ERR_FEDERATION_STALE', subject: user.sub })
  })

  it.each<readonly [string, Parameters]>([
    ['prompt=login', { prompt: 'login' }],
    ['max_age', { max_age: '300' }],
  ])('cannot be asked of GitHub: for %s the page says so, and another way is open', async (_what, parameters) => {
    const refused = await site.leave(jar, hub, start(parameters))
    expect([refused.status, refused.left]).toEqual([403, undefined])
    expect(refused.html).toContain('this way of signing in cannot ask you to')
    const [, back = ''] = /href="(\/authsec\/signin\/[^"]+)"/.exec(refused.html) ?? []
    const fields = { tenant: 'acme', email: `user-${users}@acme.test`, password }
    expect(isConsent(await jar.press(await jar.open(site.origin + back), 'sign-in', { fields }))).toBe(true)
    expect((await site.leave(new BrowserJar(), hub)).left?.origin).toBe(github.origin)
  })
})

describe('the time of a sign-in', () => {
  it('is when the provider says that its user proved who they are', async () => {
    const time = ago(200)
    outside.idToken = { claims: { auth_time: time } }
    const tokens = await site.enter(jar, corp, server(), { scope: 'openid read', max_age: '300' })
    expect(claimsIn(tokens['id_token'])).toMatchObject({ auth_time: time })
    expect(asks(await jar.open(start({ max_age: '300' })))).toBe(false)
    expect(asks(await jar.open(start({ max_age: '100' })))).toBe(true)
  })

  it('ends no session that has just begun, however long ago that was', async () => {
    outside.idToken = { claims: { auth_time: ago(100 * 60 * 60) } }
    await site.enter(jar, corp, server())
    expect(await site.enterAgain(jar)).toHaveProperty('access_token')
  })

  it('is any, for a client that asks, where the provider does not say it', async () => {
    await site.enter(jar, hub, github)
    expect(asks(await jar.open(site.startUrl()))).toBe(false)
    expect(asks(await jar.open(start({ max_age: '10000' })))).toBe(true)
  })
})

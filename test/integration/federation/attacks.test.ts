import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { BrowserJar, hiddenFields, type Shown } from '../../support/browser-jar.js'
import { dumpOf, formsOf } from '../../support/database-dump.js'
import { FederationSite } from '../../support/federation-site.js'
import { ada, mallory, OutsideProvider } from '../../support/upstream/outside-provider.js'

let site: FederationSite
let outside: OutsideProvider
let another: OutsideProvider
let corp: string
let jar: BrowserJar

beforeAll(async () => {
  site = await FederationSite.start()
  outside = await OutsideProvider.start()
  another = await OutsideProvider.start()
  corp = await site.offer(outside, site.acme, 'Corp')
  await site.account(site.acme, 'ada@acme.test', { issuer: outside.issuer, subject: ada.sub })
  await site.account(site.acme, 'mallory@acme.test', { issuer: outside.issuer, subject: mallory.sub })
})
beforeEach(() => {
  jar = new BrowserJar()
})
afterEach(async () => {
  outside.reset()
  another.reset()
  await site.database.sql('delete from rate_limit')
})
afterAll(async () => {
  await outside?.close()
  await another?.close()
  await site?.close()
})

interface Change {
  readonly status?: 'active' | 'disabled'
  readonly forsake?: true
  readonly identify?: true
}

const comeBack = (browser = jar) => site.comeBack(browser, corp, outside)
const isIn = ({ html }: Shown) => html.includes('<h1>Allow')
async function reasons(tenant = site.acme): Promise<unknown> {
  const rows = [...(await site.record()), ...(await site.record(tenant))]
  return rows.filter(({ type }) => type === 'signin.failed').map(({ reason }) => reason)
}

describe('the way back from a provider', () => {
  it('leads in once: not a second time, and not for the others of several at once (O2, O4)', async () => {
    const url = await comeBack()
    expect(isIn(await jar.open(url))).toBe(true)
    const again = await jar.open(url)
    expect([again.status, again.html.includes('used already')]).toEqual([400, true])
    const several = new BrowserJar()
    const other = await comeBack(several)
    const cookie = several.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => fetch(other, { redirect: 'manual', headers: { cookie } })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([303, 400, 400, 400, 400, 400])
  })

  it('leads nobody in who did not go there: no cookie, another browser (O2, O3)', async () => {
    const victim = new BrowserJar()
    await victim.open(site.startUrl())
    const url = await comeBack()
    const [nobody, foreign] = [await new BrowserJar().open(url), await victim.open(url)]
    for (const shown of [nobody, foreign]) {
      expect(shown.status).toBe(400)
      expect(shown.html).toContain('was begun in another browser')
      expect(shown.html).not.toContain('/authsec/signin/')
    }
    expect(isIn(await victim.open(site.startUrl()))).toBe(false)
    expect(isIn(await jar.open(url))).toBe(true)
    expect(await reasons()).toContain('ERR_LOGIN_BROWSER')
  })

  it('leads nowhere when another browser was sent to the provider with the address of this one (O3)', async () => {
    const { left } = await site.leave(jar, corp)
    const victim = new BrowserJar()
    await victim.open(site.startUrl())
    const shown = await victim.open(await outside.signIn(left ?? new URL('about:blank')))
    expect(shown.status).toBe(400)
    expect(isIn(await victim.open(site.startUrl()))).toBe(false)
  })

  it('is over after ten minutes by the clock of the database (O2)', async () => {
    const url = await comeBack()
    await site.database.sql(`update federation_transaction set expires_at = expires_at - interval '600 seconds'`)
    const { html, status } = await jar.open(url)
    expect([status, html.includes('has expired, or was used already')]).toEqual([400, true])
  })

  it('takes no code of another sign-in (O4)', async () => {
    const stolen = (await comeBack(new BrowserJar())).searchParams.get('code')
    const url = await comeBack()
    url.searchParams.set('code', stolen ?? '')
    const shown = await jar.open(url)
    expect([shown.status, shown.html.includes('does not prove who you are')]).toEqual([403, true])
  })

  it('takes nothing of another tenant’s provider (O7)', async () => {
    const globex = await site.offer(another, site.globex, 'Two')
    await site.account(site.globex, `two-${Date.now()}@globex.test`, { issuer: another.issuer, subject: ada.sub })
    const state = (await site.leave(jar, globex)).left?.searchParams.get('state')
    const url = await comeBack(new BrowserJar())
    url.searchParams.set('state', state ?? '')
    const shown = await jar.open(url)
    expect([shown.status, isIn(shown)]).toEqual([403, false])
    expect((await site.record(site.globex)).at(-1)).toMatchObject({ reason: 'ERR_LOGIN_PROVIDER' })
  })

  it('takes no answer at the address of another provider, so that no code gets to that (O7)', async () => {
    const hostile = await site.offer(another, site.globex, 'Hostile')
    const { left } = await site.leave(jar, hostile)
    const honest = (await site.leave(new BrowserJar(), corp)).left ?? new URL('about:blank')
    honest.searchParams.set('state', left?.searchParams.get('state') ?? '')
    const back = await outside.signIn(honest)
    expect(back.origin + back.pathname).toBe(site.callbackOf(corp))
    another.asked.splice(0)
    const shown = await jar.open(back)
    expect([shown.status, shown.html.includes('does not prove who you are')]).toEqual([403, true])
    expect(another.asked).toEqual([])
    expect(isIn(await jar.open(back))).toBe(false)
  })

  it.each(['https://evil.example', undefined])('is refused with the issuer %j (O7)', async (iss) => {
    outside.callback = { iss }
    const shown = await jar.open(await comeBack())
    expect([shown.status, isIn(shown)]).toEqual([403, false])
  })

  it.each([
    ['code', (url: URL) => url.searchParams.append('code', 'b')],
    ['state', (url: URL) => url.searchParams.append('state', 'b')],
    ['iss', (url: URL) => url.searchParams.append('iss', 'b')],
    ['another one', (url: URL) => (url.search += '&x=1&x=2')],
  ])('is refused where %s comes twice, and can be gone again as it was (O19)', async (_what, double) => {
    const url = await comeBack()
    const doubled = new URL(url)
    double(doubled)
    expect((await jar.open(doubled)).status).toBe(400)
    expect(isIn(await jar.open(url))).toBe(true)
  })

  it.each(['', '?code=a', '?state=', '?state=unknown&code=a', '?state[]=a&code=a', '?%73tate=a%00'])(
    'is refused with %j',
    async (query) => {
      await jar.open(site.startUrl())
      expect((await jar.open(site.callbackOf(corp) + query)).status).toBe(400)
    },
  )

  it('is one address for each provider, for GET alone', async () => {
    for (const method of ['POST', 'HEAD', 'PUT', 'OPTIONS']) {
      expect((await fetch(site.callbackOf(corp), { method })).status).toBe(405)
    }
    const callback = new URL(site.callbackOf(corp)).pathname
    const others = [`${callback}/`, callback.toUpperCase(), callback.slice(0, -1), '/authsec/federation/callback']
    for (const path of others) {
      expect((await fetch(site.origin + path)).status).toBe(404)
    }
  })

  it('is refused where a cookie of ours comes twice, as one that somebody has tossed', async () => {
    const url = await comeBack()
    const [browser] = jar.cookies.filter(({ name }) => name.includes('browser'))
    if (browser === undefined) throw new TypeError('no cookie')
    jar.plant({ ...browser, path: '/authsec/federation', value: 'A'.repeat(43) })
    expect((await jar.open(url)).html).toContain('sent a sign-in cookie twice')
  })

  it('shows nothing of what a provider says (O18)', async () => {
    const words = `<script>alert(1)</script>\r\nx: y`
    outside.user = undefined
    const denied = await comeBack()
    denied.searchParams.set('error_description', words)
    const shown = await jar.open(denied)
    expect(shown.status).toBe(403)
    expect(shown.html).toContain('The sign-in was not allowed there.')
    expect(shown.html).not.toMatch(/alert\(|<script/)
    outside.user = { ...ada, sub: '<script>alert(2)</script>', name: '<img src=x>' }
    const unknown = await jar.open(await site.comeBack(jar, corp, outside))
    expect(unknown.html).toContain('You have no account here yet.')
    expect(unknown.html).not.toMatch(/alert\(|<script|<img/)
  })
})

describe('the page that it goes on at', () => {
  it('belongs to the browser that came back', async () => {
    let opened = ''
    const stopping = new BrowserJar(async (url, init) => {
      const isPage = opened === '' && String(url).includes('/authsec/signin/') && init?.method !== 'POST' && back
      if (isPage) opened = String(url)
      return isPage ? new Response('stopped') : fetch(url, init)
    })
    let back = false
    const url = await comeBack(stopping)
    back = true
    await stopping.open(url)
    expect(opened).toContain('/authsec/signin/')
    expect((await new BrowserJar().open(opened)).html).toContain('belongs to another browser')
    const thief = new BrowserJar()
    await thief.open(site.startUrl())
    expect(isIn(await thief.open(opened))).toBe(false)
    expect(isIn(await stopping.open(opened))).toBe(true)
  })

  it.each([
    ['account was disabled', { status: 'disabled' }, { status: 'active' }, 'Your account is disabled.'],
    ['identity was taken off the account', { forsake: true }, { identify: true }, 'You cannot sign in in this way.'],
  ] as const)('signs nobody in whose %s meanwhile', async (_what, change, back, words) => {
    const apply = async ({ status, forsake, identify }: Change): Promise<void> => {
      const identity = [{ issuer: outside.issuer, subject: ada.sub }]
      const lists = { forsake: forsake && identity, identify: identify && identity }
      const wish = { kind: 'account', email: 'ada@acme.test', presence: 'known', status, ...lists } as const
      const { faults } = await site.database.postgres.tenantAdministration.apply(site.acme, [wish], 'cli:ada')
      expect(faults).toEqual([])
    }
    let returns = false
    const slow = new BrowserJar(async (url, init) => {
      if (returns && String(url).includes('/authsec/signin/')) await apply(change)
      return fetch(url, init)
    })
    const url = await comeBack(slow)
    returns = true
    try {
      const shown = await slow.open(url)
      expect([shown.status, shown.html.includes(words)]).toEqual([403, true])
    } finally {
      await apply(back)
    }
    expect(isIn(await jar.open(await comeBack()))).toBe(true)
  })
})

describe('the button of a provider', () => {
  it('is pressed by our own form alone', async () => {
    const page = await jar.open(site.startUrl())
    const { csrf = '' } = hiddenFields(page.html)
    const stranger = new BrowserJar()
    const strangers = hiddenFields((await stranger.open(site.startUrl())).html)['csrf'] ?? ''
    for (const [token, headers] of [
      ['', {}],
      [strangers, {}],
      [csrf, { origin: 'https://evil.example' }],
      [csrf, { 'sec-fetch-site': 'cross-site' }],
    ] as const) {
      const body = new URLSearchParams({ csrf: token, action: 'federate', provider: corp }).toString()
      const shown = await jar.post(page.url, body, headers)
      expect([shown.status, shown.left]).toEqual([403, undefined])
    }
    expect((await jar.press(page, 'federate', { fields: { provider: corp } })).left?.origin).toBe(outside.origin)
  })

  it.each(['', 'corp', '00000000-0000-4000-8000-000000000000', `' or 1=1`, '\0'])(
    'leads nowhere for %j',
    async (id) => {
      const { html, left } = await site.leave(jar, id)
      expect(left).toBeUndefined()
      expect(html).toContain('is not offered any more')
    },
  )

  it('cannot be pressed without end', async () => {
    const page = await jar.open(site.startUrl())
    const statuses: number[] = []
    for (let press = 0; press < 21; press += 1) {
      statuses.push((await jar.press(page, 'federate', { fields: { provider: corp } })).status)
    }
    expect(statuses.lastIndexOf(200)).toBe(19)
    expect(statuses.at(-1)).toBe(429)
    expect((await site.leave(new BrowserJar(), corp)).left?.origin).toBe(outside.origin)
  })
})

describe('a provider that is down', () => {
  it('is said on a page with a way back, before it and on the way back; then it goes on', async () => {
    const down = await OutsideProvider.start()
    const id = await site.offer(down, site.acme, 'Down')
    await down.close()
    const before = await site.leave(jar, id)
    expect([before.status, before.headers.get('retry-after')]).toEqual([503, '5'])
    expect(before.html).toContain('does not answer right now')
    expect(before.html).toContain('Back to signing in')

    const url = await comeBack()
    outside.instead.set('/token', (response) => void response.writeHead(502).end('<html>bad gateway'))
    const after = await jar.open(url)
    expect([after.status, after.headers.get('retry-after')]).toEqual([503, '5'])
    expect(after.html).toContain('does not answer right now')
    outside.instead.clear()
    const [, back = ''] = /href="(\/authsec\/signin\/[^"]+)"/.exec(after.html) ?? []
    const page = await jar.press(await jar.open(site.origin + back), 'federate', { fields: { provider: corp } })
    expect(isIn(await jar.open(await outside.signIn(page.left ?? new URL('about:blank'))))).toBe(true)
    await site.withdraw(site.acme, 'Down')
  })
})

describe('what a sign-in was made with', () => {
  it('is in no log, page, header or row of a database (O17)', async () => {
    const secrets = new Set<string>([outside.clientSecret ?? ''])
    const watching = new BrowserJar()
    const { html, left } = await site.leave(watching, corp)
    const parameters = left?.searchParams ?? new URLSearchParams()
    for (const name of ['state', 'nonce', 'code_challenge']) secrets.add(parameters.get(name) ?? '')
    outside.tokenAnswer = { refresh_token: 'marker-refresh-token' }
    secrets.add('marker-refresh-token')
    const url = await outside.signIn(left ?? new URL('about:blank'))
    secrets.add(url.searchParams.get('code') ?? '')
    expect(html).toContain(parameters.get('state') ?? 'nowhere')
    const shown = await watching.open(url)
    expect(isIn(shown)).toBe(true)
    await site.record(site.acme)
    const seen = [
      shown.html,
      JSON.stringify(watching.answers.slice(1).map((answer) => [...answer.headers])),
      JSON.stringify(site.log.lines),
      ...(await dumpOf((query) => site.database.sql(query))).values(),
      ...(await dumpOf((query) => site.database.tenantSql(site.acme, query))).values(),
    ].join('\n')
    expect(secrets.size).toBe(6)
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10)
      for (const form of formsOf(secret)) expect(seen).not.toContain(form)
    }
  })
})

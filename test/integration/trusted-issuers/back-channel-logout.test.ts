import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { IssuerOptions } from '../../../src/index.js'
import type { TestServer } from '../../support/listening-app.js'
import { postMcp } from '../../support/mcp-post.js'
import { OutsideIssuer } from '../../support/outside-issuer.js'
import { TrustingSite, waiting } from '../../support/trusting-site.js'
import { until } from '../../support/until.js'

let site: TrustingSite
let issuer: OutsideIssuer
let server: TestServer
let replica: TestServer
/** One with sessions. */
let keeping: TestServer
let place = ''

beforeAll(async () => {
  site = await TrustingSite.create()
  issuer = await OutsideIssuer.start()
  const trust: IssuerOptions = {
    issuer: issuer.issuer,
    audience: 'ledger',
    tenant: { slug: 'acme' },
    logoutClientId: 'ledger-client',
    network: 'private',
  }
  server = await site.start([trust], { sessions: 'stateless' })
  replica = await site.start([trust], { sessions: 'stateless' })
  keeping = await site.start([trust])
  place = new URL('/authsec/backchannel-logout', server.url).href
}, 60_000)
afterAll(async () => {
  await site?.close()
  await issuer?.close()
})

let counted = 0
const session = () => `session-${(counted += 1)}`
const tokenOf = (subject: string, sid?: string) => issuer.token({ audience: 'ledger', subject, claims: { sid } })
const statusOf = async (token: string, url = server.url) => (await postMcp(url, token, 'tools/list')).status
const post = (form: Readonly<Record<string, string>> | string, init: RequestInit = {}) =>
  fetch(place, { method: 'POST', body: typeof form === 'string' ? form : new URLSearchParams(form), ...init })

const initialize = {
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
}

/** Opens a session on the server that keeps them, or its stream. */
function ask(token: string, { body, id }: { readonly body?: object; readonly id?: string }): Promise<Response> {
  return fetch(keeping.url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...{ authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream' },
      ...{ 'content-type': 'application/json', 'mcp-protocol-version': '2025-11-25' },
      ...(id === undefined ? {} : { 'mcp-session-id': id }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** Somebody has signed out there. */
async function logOut(subject: string, sid: string): Promise<void> {
  const { status } = await post({ logout_token: await issuer.logoutToken(subject, sid) })
  expect(status).toBe(200)
}

describe('a back-channel logout (OpenID Connect Back-Channel Logout 1.0 §2.5)', () => {
  it('ends the session that it names at once, in every process, and no other one', async () => {
    const [sid, other] = [session(), session()]
    const token = await tokenOf('ada', sid)
    const tokens = [await tokenOf('ada', other), await tokenOf('eve', session())]
    expect(await statusOf(token)).toBe(200)
    await logOut('ada', sid)
    for (const url of [server.url, replica.url]) {
      expect(await statusOf(token, url)).toBe(401)
      for (const standing of tokens) expect(await statusOf(standing, url)).toBe(200)
    }
  })

  it('ends what goes on elsewhere within a second', async () => {
    const sid = session()
    const before = waiting.count
    const running = postMcp(replica.url, await tokenOf('ada', sid), 'tools/call', {
      name: 'wait_forever',
      arguments: {},
    })
    await until(() => waiting.count === before + 1)
    const at = performance.now()
    await logOut('ada', sid)
    expect((await running).body.error?.message).toBe('The access token is no longer valid')
    expect(performance.now() - at).toBeLessThan(1_000)
  })

  it('ends the open stream of a session within a second, and leaves the session to a newer token of its owner', async () => {
    const sid = session()
    const token = await tokenOf('linus', sid)
    const opened = await ask(token, { body: initialize })
    const id = opened.headers.get('mcp-session-id') ?? ''
    await opened.text()
    const stream = await ask(token, { id })
    expect(stream.status).toBe(200)
    const at = performance.now()
    await logOut('linus', sid)
    await stream.text()
    expect(performance.now() - at).toBeLessThan(1_000)
    expect((await ask(token, { id })).status).toBe(401)
    const again = await ask(await tokenOf('linus', session()), { id })
    expect(again.status).toBe(200)
    await again.body?.cancel()
  })

  it('is on record, once', async () => {
    const rows = () => site.database.sql(`select subject, issuer from audit_event where reason = 'issuer_logout'`)
    const before = (await rows()).length
    const token = await issuer.logoutToken('grace', session())
    expect((await post({ logout_token: token })).status).toBe(200)
    const repeated = await post({ logout_token: token })
    expect(repeated.status).toBe(200)
    expect((await rows()).slice(before)).toEqual([{ subject: 'grace', issuer: issuer.issuer }])
  })
})

describe('the endpoint for logout tokens (§2.8)', () => {
  it('answers 200 without a body, and nothing that could be kept', async () => {
    const answer = await post({ logout_token: await issuer.logoutToken('ada', session()), other: 'ignored' })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.text()).toBe('')
  })

  it.each<[string, () => Promise<Response>]>([
    ['no token', () => post({ other: 'thing' })],
    ['an empty one', () => post({ logout_token: '' })],
    [
      'two',
      () => post('logout_token=a&logout_token=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    ],
    ['what is none', () => post({ logout_token: 'a.b.c' })],
    ['an access token', async () => post({ logout_token: await tokenOf('ada') })],
    ['JSON', () => post(JSON.stringify({ logout_token: 'a' }), { headers: { 'content-type': 'application/json' } })],
    ['more than 8 KB', () => post({ logout_token: 'a'.repeat(9_000) })],
  ])('answers %s with 400, and ends nothing', async (_case, send) => {
    const before = await site.database.sql('select count(*) from issuer_logout')
    const answer = await send()
    expect(answer.status).toBe(400)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toMatchObject({ error: 'invalid_request' })
    expect(await site.database.sql('select count(*) from issuer_logout')).toEqual(before)
  })

  it('refuses a logout token whose signature is wrong, and one of an issuer that is not trusted', async () => {
    const token = await issuer.logoutToken('ada', session())
    const [header, claims] = token.split('.')
    const [, , signature] = (await issuer.logoutToken('ada', session())).split('.')
    expect((await post({ logout_token: `${header}.${claims}.${signature}` })).status).toBe(400)
    const stranger = await OutsideIssuer.start()
    expect((await post({ logout_token: await stranger.logoutToken('ada', session()) })).status).toBe(400)
    await stranger.close()
  })

  it('takes no other method', async () => {
    const answer = await fetch(place)
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST')
  })

  it('goes on to hear logouts, however much comes that does not hold', async () => {
    const sid = session()
    const token = await tokenOf('ada', sid)
    const flood = Promise.all(Array.from({ length: 100 }, () => post({ logout_token: 'a.b.c' })))
    await logOut('ada', sid)
    expect(new Set((await flood).map(({ status }) => status))).toEqual(new Set([400]))
    expect(await statusOf(token)).toBe(401)
  })
})

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createFetcher } from '../../../src/adapter/net/create-fetcher.js'
import type { FetchRequest } from '../../../src/core/runtime/fetcher.js'
import { MemoryLog } from '../../support/memory-ports.js'
import { newSecrets } from '../../support/relying-party.js'
import { GithubServer } from '../../support/upstream/github-server.js'
import { codeOf, goAndReturn, openTestUpstream, signInAt } from '../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../support/upstream/outside-provider.js'
import { listenForHits, listenSilently, type TestListener } from '../../support/test-listener.js'

let outside: OutsideProvider
let github: GithubServer
let canary: TestListener

beforeAll(async () => {
  outside = await OutsideProvider.start({ claimsIn: 'userinfo' })
  github = await GithubServer.start()
  canary = await listenForHits()
})
afterEach(() => {
  outside.reset()
  github.reset()
})
afterAll(async () => {
  await outside.close()
  await github.close()
  await canary.close()
})

describe('O9: an issuer that is not on the public internet', () => {
  it.each([
    ...['127.0.0.1', '127.1', '0x7f000001', '2130706433', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]', 'localhost'],
    ...['10.0.0.1', '172.16.0.1', '192.168.0.1', '169.254.169.254', '[fd00:ec2::254]', '[fe80::1]'],
  ])('%s is not asked', async (host) => {
    const { href } = new URL(`https://${host}:${canary.port}/idp`)
    const upstream = openTestUpstream(outside.settings({ issuer: href, reach: 'public' }))
    const started = upstream.authorizationUrl({ secrets: newSecrets(), otherAccount: false })
    expect(await codeOf(started)).toBe('ERR_IDP_UNAVAILABLE')
    expect(canary.hits()).toBe(0)
  })

  it.each(['169.254.169.254', '[fd00:ec2::254]'])('%s is not asked even in a private network', async (host) => {
    const log = new MemoryLog()
    const issuer = `https://${host}/idp`
    const upstream = openTestUpstream(outside.settings({ issuer }), { log })
    const started = upstream.authorizationUrl({ secrets: newSecrets(), otherAccount: false })
    expect(await codeOf(started)).toBe('ERR_IDP_UNAVAILABLE')
    expect(log.lines[0]?.fields['reason']).toContain('its address may not be reached')
  })

  it('is not asked under a name that leads there, whatever that name led to before', async () => {
    let lookups = 0
    const lookup = () => Promise.resolve((lookups += 1) === 1 ? ['192.0.2.1'] : ['127.0.0.1'])
    const fetcher = createFetcher({ lookup, milliseconds: 200 })
    const settings = outside.settings({ issuer: `https://idp.example:${canary.port}`, reach: 'public' })
    const upstream = openTestUpstream(settings, { fetcher })
    for (const _try of [1, 2, 3]) {
      const started = upstream.authorizationUrl({ secrets: newSecrets(), otherAccount: false })
      expect(await codeOf(started)).toBe('ERR_IDP_UNAVAILABLE')
    }
    expect([canary.hits(), lookups > 1]).toEqual([0, true])
  })
})

describe('O9: a provider that points elsewhere', () => {
  const elsewhere = () => `http://127.0.0.1:${canary.port}/`

  it.each([302, 303, 307, 308])('with status %d is not followed, by nothing that is asked of it', async (status) => {
    for (const path of ['/.well-known/openid-configuration', '/token', '/jwks', '/me']) {
      const upstream = openTestUpstream(outside.settings())
      const returned = await goAndReturn(openTestUpstream(outside.settings()), outside)
      outside.instead.set(path, (response) => response.writeHead(status, { location: elsewhere() }).end())
      expect(await codeOf(upstream.exchange(returned.callback, returned.secrets))).toBe('ERR_LOGIN_PROVIDER')
      outside.instead.clear()
    }
    for (const path of ['/login/oauth/access_token', '/api/v3/user', '/api/v3/user/emails']) {
      github.instead.set(path, (response) => response.writeHead(status, { location: elsewhere() }).end())
      expect(await codeOf(signInAt(openTestUpstream(github.settings()), github))).toBe('ERR_LOGIN_PROVIDER')
      github.instead.clear()
    }
    expect(canary.hits()).toBe(0)
  })
})

describe('a provider that never answers', () => {
  it('is an outage, and after three silences nobody waits for it but one a second', async () => {
    const silent = await listenSilently()
    try {
      const issuer = `http://127.0.0.1:${silent.port}`
      const upstream = openTestUpstream(outside.settings({ issuer }), { fetcher: createFetcher({ milliseconds: 100 }) })
      for (const hits of [1, 2, 3, 3, 3]) {
        const started = upstream.authorizationUrl({ secrets: newSecrets(), otherAccount: false })
        expect(await codeOf(started)).toBe('ERR_IDP_UNAVAILABLE')
        expect(silent.hits()).toBe(hits)
      }
    } finally {
      await silent.close()
    }
  })
})

describe('the fetcher that is given', () => {
  it('is the only way to a provider, and is told how far it may go', async () => {
    const real = createFetcher()
    const requests: FetchRequest[] = []
    const fetcher = {
      fetch: (request: FetchRequest) => {
        requests.push(request)
        return real.fetch(request)
      },
    }
    const upstream = openTestUpstream(outside.settings(), { fetcher })
    const { tokens } = await signInAt(upstream, outside)
    expect(await upstream.renew(tokens, 'ada-1')).toMatchObject({ outcome: 'refreshed' })
    expect(await upstream.check()).toEqual([])
    await signInAt(openTestUpstream(github.settings(), { fetcher }), github)
    const pages = /^GET \/(?:auth$|auth\/|interaction\/|login\/oauth\/authorize)/
    const paths = requests.map(({ method = 'GET', url }) => `${method} ${new URL(url).pathname}`)
    const asked = [...outside.asked, ...github.asked]
    const ofServers = (names: readonly string[]) => names.filter((name) => !pages.test(name)).toSorted()
    expect(ofServers(paths)).toEqual(ofServers(asked))
    expect(new Set(requests.map(({ reach }) => reach))).toEqual(new Set(['private']))
  })
})

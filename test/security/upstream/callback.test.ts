import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { UpstreamProvider, UpstreamSettings } from '../../../src/core/federation/upstream-provider.js'
import { GithubServer } from '../../support/upstream/github-server.js'
import { MemoryLog } from '../../support/memory-ports.js'
import { newSecrets } from '../../support/relying-party.js'
import {
  codeOf,
  goAndReturn,
  openTestUpstream,
  type SignInServer,
  upstreamCallback,
} from '../../support/upstream/open-test-upstream.js'
import { OutsideProvider } from '../../support/upstream/outside-provider.js'

interface Server extends SignInServer {
  readonly issuer: string
  readonly clientSecret: string | undefined
  user: unknown
  reset(): void
  close(): Promise<void>
  settings(): UpstreamSettings
}

const log = new MemoryLog()
const servers = new Map<string, Server>()
const upstreams = new Map<string, UpstreamProvider>()

beforeAll(async () => {
  servers.set('an OpenID provider', await OutsideProvider.start())
  servers.set('GitHub', await GithubServer.start())
  for (const [name, server] of servers) upstreams.set(name, openTestUpstream(server.settings(), { log }))
})
afterEach(() => {
  for (const server of servers.values()) server.reset()
})
afterAll(async () => {
  for (const server of servers.values()) await server.close()
})

function found<Value>(from: ReadonlyMap<string, Value>, name: string): Value {
  const value = from.get(name)
  if (value === undefined) throw new TypeError(`no ${name}`)
  return value
}

describe.each(['an OpenID provider', 'GitHub'])('a callback of %s', (name) => {
  const upstream = () => found(upstreams, name)
  const server = () => found(servers, name)

  /** The outcome of a callback that is sound but for a change. */
  async function outcome(change: (callback: URLSearchParams) => void): Promise<string> {
    const { callback, secrets } = await goAndReturn(upstream(), server())
    change(callback)
    return codeOf(upstream().exchange(callback, secrets))
  }

  it('is accepted as it comes', async () => {
    expect(await outcome(() => undefined)).toBe('accepted')
  })

  it.each<readonly [string, (callback: URLSearchParams) => void]>([
    ['O2: without state', (callback) => callback.delete('state')],
    ['O2: with an empty state', (callback) => callback.set('state', '')],
    ['O2: with the state of another sign-in', (callback) => callback.set('state', newSecrets().state)],
    ['O4: without code', (callback) => callback.delete('code')],
    ['O4: with a code that nobody gave', (callback) => callback.set('code', newSecrets().state)],
    ['O7: with the iss of another', (callback) => callback.set('iss', 'https://evil.example')],
    ['O7: with an empty iss', (callback) => callback.set('iss', '')],
    ['O7: with a slash behind iss', (callback) => callback.set('iss', `${callback.get('iss')}/`)],
    ['O7: with iss in other case', (callback) => callback.set('iss', String(callback.get('iss')).toUpperCase())],
    ['O19: with a code twice', (callback) => callback.append('code', 'another')],
    ['O19: with the same code twice', (callback) => callback.append('code', String(callback.get('code')))],
    ['O19: with a state twice', (callback) => callback.append('state', String(callback.get('state')))],
    ['O19: with iss twice', (callback) => callback.append('iss', String(callback.get('iss')))],
    [
      'O19: with a state in brackets',
      (callback) => {
        callback.append('state[]', String(callback.get('state')))
        callback.delete('state')
      },
    ],
    [
      'O19: with an error twice',
      (callback) => {
        callback.append('error', 'access_denied')
        callback.append('error', 'server_error')
      },
    ],
    [
      'O19: with a parameter twice that means nothing',
      (callback) => {
        callback.append('session_state', 'a')
        callback.append('session_state', 'b')
      },
    ],
    ['with a token from the front channel', (callback) => callback.set('id_token', 'x.y.z')],
    ['with an answer in a token (JARM)', (callback) => callback.set('response', 'x.y.z')],
  ])('is refused %s', async (_title, change) => {
    expect(await outcome(change)).toBe('ERR_LOGIN_PROVIDER')
  })

  it('O4: is good once', async () => {
    const { callback, secrets } = await goAndReturn(upstream(), server())
    expect(await codeOf(upstream().exchange(callback, secrets))).toBe('accepted')
    expect(await codeOf(upstream().exchange(callback, secrets))).toBe('ERR_LOGIN_PROVIDER')
  })

  it('O4: is refused with the code of another sign-in', async () => {
    const mine = await goAndReturn(upstream(), server())
    const other = await goAndReturn(upstream(), server())
    mine.callback.set('code', String(other.callback.get('code')))
    expect(await codeOf(upstream().exchange(mine.callback, mine.secrets))).toBe('ERR_LOGIN_PROVIDER')
  })

  it('that says that the user said no is believed of this issuer and this sign-in only', async () => {
    server().user = undefined
    const denied = () => goAndReturn(upstream(), server())
    const outright = await denied()
    expect(await codeOf(upstream().exchange(outright.callback, outright.secrets))).toBe('ERR_LOGIN_DENIED')
    const forged = await denied()
    expect(await codeOf(upstream().exchange(forged.callback, newSecrets()))).toBe('ERR_LOGIN_PROVIDER')
    forged.callback.set('iss', 'https://evil.example')
    expect(await codeOf(upstream().exchange(forged.callback, forged.secrets))).toBe('ERR_LOGIN_PROVIDER')
  })

  it.each(['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', 'a\r\nSet-Cookie: a=b', '\u202egnp.exe'])(
    'O18: with %j for an error says nothing of it, in no message and no log',
    async (attack) => {
      const before = log.lines.length
      const { callback, secrets } = await goAndReturn(upstream(), server())
      callback.delete('code')
      for (const member of ['error', 'error_description', 'error_uri']) callback.set(member, attack)
      const failure: unknown = await upstream()
        .exchange(callback, secrets)
        .catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'ERR_LOGIN_PROVIDER' })
      const said = inspect([failure, log.lines.slice(before)], { depth: 12, showHidden: true })
      for (const part of [attack, JSON.stringify(attack).slice(1, -1)]) expect(said).not.toContain(part)
    },
  )

  it('leaves no code, state, nonce, verifier, secret or token in errors and log', async () => {
    const { callback, secrets } = await goAndReturn(upstream(), server())
    const { tokens } = await upstream().exchange(callback, secrets)
    const failure: unknown = await upstream()
      .exchange(callback, secrets)
      .catch((error: unknown) => error)
    const said = inspect([failure, log.lines], { depth: 12, showHidden: true })
    const markers = [...Object.values(secrets), callback.get('code'), server().clientSecret, tokens.accessToken, 'eyJ']
    for (const marker of markers) expect(said).not.toContain(marker)
  })
})

describe('O7: a mix-up', () => {
  it('at a provider that names no issuer shows by the redirect URI that is its own', async () => {
    const honest = await OutsideProvider.start()
    try {
      honest.metadata = { authorization_response_iss_parameter_supported: undefined }
      honest.callback = { iss: undefined }
      const redirectUri = `${upstreamCallback}/honest`
      const upstream = openTestUpstream(honest.settings(), { redirectUri })
      // Somebody's own request, which another provider sends a victim on to, under the state of the victim's sign-in there.
      const url = await upstream.authorizationUrl({ secrets: newSecrets(), otherAccount: false })
      const { state } = newSecrets()
      url.searchParams.set('state', state)
      const back = await honest.signIn(url)
      expect([back.origin + back.pathname, back.searchParams.get('state')]).toEqual([redirectUri, state])
    } finally {
      await honest.close()
    }
  })

  it('does not change where the code is of use: with another redirect URI it is refused', async () => {
    const outside = await OutsideProvider.start()
    try {
      const one = openTestUpstream(outside.settings(), { redirectUri: `${upstreamCallback}/one` })
      const two = openTestUpstream(outside.settings(), { redirectUri: `${upstreamCallback}/two` })
      const { callback, secrets } = await goAndReturn(one, outside)
      expect(await codeOf(two.exchange(callback, secrets))).toBe('ERR_LOGIN_PROVIDER')
      const again = await goAndReturn(one, outside)
      expect(await codeOf(one.exchange(again.callback, again.secrets))).toBe('accepted')
    } finally {
      await outside.close()
    }
  })
})

describe('O7: a callback without iss', () => {
  it('is refused where the metadata promise one, and accepted where they do not', async () => {
    const outside = await OutsideProvider.start()
    try {
      outside.callback = { iss: undefined }
      const promised = openTestUpstream(outside.settings())
      const first = await goAndReturn(promised, outside)
      expect(await codeOf(promised.exchange(first.callback, first.secrets))).toBe('ERR_LOGIN_PROVIDER')
      outside.metadata = { authorization_response_iss_parameter_supported: undefined }
      const unpromised = openTestUpstream(outside.settings())
      const second = await goAndReturn(unpromised, outside)
      expect(await codeOf(unpromised.exchange(second.callback, second.secrets))).toBe('accepted')
    } finally {
      await outside.close()
    }
  })
})

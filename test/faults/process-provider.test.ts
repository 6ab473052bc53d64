import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { IdentityProvider } from '../../src/core/sign-in/identity-provider.js'
import { HostileProvider, sendJson } from '../support/hostile-provider.js'
import { newSecrets, relyingPartyOf } from '../support/relying-party.js'
import { until } from '../support/until.js'

const discovery = '/oauth/.well-known/openid-configuration'
const token = '/oauth/token'

let hostile: HostileProvider
let provider: IdentityProvider
beforeEach(async () => {
  hostile = await HostileProvider.start()
  provider = relyingPartyOf(hostile)
})
afterEach(() => hostile.close())

interface Attempt {
  readonly outcome: string
  readonly milliseconds: number
}

async function attempt(work: () => Promise<unknown>): Promise<Attempt> {
  const begun = performance.now()
  const outcome = await work().then(
    () => 'accepted',
    (error: unknown) => String((error as { code?: unknown }).code),
  )
  return { outcome, milliseconds: performance.now() - begun }
}

const start = () => attempt(() => provider.authorizationUrl({ secrets: newSecrets(), otherAccount: false }))

function signIn(): Promise<Attempt> {
  const secrets = newSecrets()
  hostile.nonce = secrets.nonce
  const callback = new URLSearchParams({ code: 'c0de', state: secrets.state, iss: hostile.issuer })
  return attempt(() => provider.exchange(callback, secrets))
}

/** How long after `repair` somebody could sign in again. */
async function recovery(repair: () => void): Promise<number> {
  const repaired = performance.now()
  repair()
  await until(async () => (await signIn()).outcome === 'accepted', 10_000)
  return performance.now() - repaired
}

describe('an authorization server that is silent', () => {
  it.each([
    ['from the beginning', discovery],
    ['where it gives out tokens', token],
  ])('%s refuses the first within three seconds, all others at once, and is back within two', async (_title, path) => {
    const hung: { end(): unknown }[] = []
    hostile.instead.set(path, (response) => hung.push(response))
    const first = await Promise.all([signIn(), signIn(), signIn()])
    // The metadata is asked for once, for all who wait.
    const second = [await signIn(), await signIn()]
    for (const { outcome, milliseconds } of [...first, ...second]) {
      expect(outcome).toBe('ERR_IDP_UNAVAILABLE')
      expect(milliseconds).toBeLessThan(3_000)
    }
    const asked = hostile.askedFor(path)
    const begun = performance.now()
    const others = await Promise.all(Array.from({ length: 200 }, signIn))
    expect(new Set(others.map(({ outcome }) => outcome))).toEqual(new Set(['ERR_IDP_UNAVAILABLE']))
    const patient = others.filter(({ milliseconds }) => milliseconds > 1_000)
    expect(patient.length).toBeLessThanOrEqual(1)
    expect(hostile.askedFor(path) - asked).toBeLessThanOrEqual(1 + (performance.now() - begun) / 1_000)
    const milliseconds = await recovery(() => hostile.instead.clear())
    console.info(`signs in ${Math.round(milliseconds)} ms after it answers again`)
    expect(milliseconds).toBeLessThan(2_000)
  })
})

describe('an authorization server that is ill', () => {
  it.each<[string, Parameters<HostileProvider['instead']['set']>[1]]>([
    ['with status 500', (response) => sendJson(response, { error: 'server_error' }, 500)],
    ['with garbage', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('<html>')],
    ['by hanging up', (response) => response.destroy()],
  ])('%s lets nobody in, and is back at once', async (_title, answer) => {
    hostile.instead.set(discovery, answer)
    for (let round = 0; round < 5; round += 1) {
      const { outcome, milliseconds } = await start()
      expect(outcome).toBe('ERR_IDP_UNAVAILABLE')
      expect(milliseconds).toBeLessThan(2_000)
    }
    expect(await recovery(() => hostile.instead.clear())).toBeLessThan(2_000)
    hostile.instead.set(token, answer)
    for (let round = 0; round < 5; round += 1) {
      const { outcome, milliseconds } = await signIn()
      // What can be read and does not hold is refused as such; nobody can tell what it was meant to be.
      expect(['ERR_IDP_UNAVAILABLE', 'ERR_LOGIN_PROVIDER']).toContain(outcome)
      expect(milliseconds).toBeLessThan(2_000)
    }
    expect(await recovery(() => hostile.instead.clear())).toBeLessThan(2_000)
  })

  it('does not let one whose requests fail keep out all others', async () => {
    hostile.instead.set(token, (response) => sendJson(response, { error: 'server_error' }, 500))
    for (let round = 0; round < 10; round += 1) await signIn()
    hostile.instead.clear()
    expect((await signIn()).outcome).toBe('accepted')
  })
})

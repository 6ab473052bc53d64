import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { SignInReference } from '../../../src/core/sign-in/sign-in-store.js'
import { HostileProvider, sendJson } from '../../support/hostile-provider.js'
import { RefreshBench, type Replica } from '../../support/refresh-bench.js'
import { newSecrets } from '../../support/relying-party.js'
import { createSigningKey, signEs256 } from '../../support/token-forge.js'

const tokenPath = '/oauth/token'
const jwksPath = '/oauth/jwks'

let hostile: HostileProvider
let bench: RefreshBench
let replica: Replica

beforeAll(async () => {
  hostile = await HostileProvider.start()
  bench = await RefreshBench.open(hostile)
})
afterEach(() => hostile.instead.clear())
afterAll(async () => {
  await bench?.close()
  await hostile?.close()
})

/** What is right in everything: the tokens of our account, and one to ask again with. */
function sound(): void {
  hostile.accessToken = { claims: { sub: bench.subject } }
  hostile.idToken = { claims: { sub: bench.subject } }
  hostile.tokenAnswer = { refresh_token: 'r-1' }
}

/** A sign-in that is to be refreshed, known to a replica that has not been at the provider before. */
async function runOut(): Promise<SignInReference> {
  replica = await bench.replica()
  sound()
  const secrets = newSecrets()
  hostile.nonce = secrets.nonce
  const callback = new URLSearchParams({ code: 'c0de', state: secrets.state, iss: hostile.issuer })
  const reference = await bench.signIn(replica, { secrets, callback })
  await bench.becomesDue(reference)
  return reference
}

/** Uses it, and waits for what comes of it. */
async function refreshed(reference: SignInReference): Promise<string> {
  expect(await replica.use(reference)).toBe(true)
  await replica.refresh.close()
  const { version, failures } = await bench.row(reference)
  if (version === undefined) return String((await bench.ends()).at(-1))
  return version === 1 ? 'refreshed' : `put off ${String(failures)}`
}

describe('a refreshed sign-in', () => {
  it.each<readonly [string, () => void]>([
    ['as it was', () => undefined],
    ['without an ID token', () => (hostile.tokenAnswer = { refresh_token: 'r-2', id_token: undefined })],
    ['without a new refresh token', () => (hostile.tokenAnswer = {})],
    ['with a nonce of its own', () => (hostile.nonce = 'another')],
    ['that does not say how long it holds', () => (hostile.tokenAnswer = { expires_in: undefined })],
    ['that holds for no time', () => (hostile.tokenAnswer = { expires_in: 0 })],
  ])('that comes %s stands', async (_title, change) => {
    const reference = await runOut()
    change()
    expect(await refreshed(reference)).toBe('refreshed')
    expect(Number((await bench.row(reference))['seconds'])).toBeGreaterThan(20)
  })

  it.each<readonly [string, () => void]>([
    ['of another user', () => (hostile.idToken = { claims: { sub: 'mallory' } })],
    ['from another issuer', () => (hostile.idToken = { claims: { sub: bench.subject, iss: 'https://evil.example' } })],
    ['for another client', () => (hostile.idToken = { claims: { sub: bench.subject, aud: 'other' } })],
    ['for another client besides', () => (hostile.idToken = { claims: { sub: bench.subject, aud: ['app', 'other'] } })],
    ['of another party', () => (hostile.idToken = { claims: { sub: bench.subject, azp: 'other' } })],
  ])('whose ID token is %s ends at once, on record', async (_title, change) => {
    const reference = await runOut()
    change()
    expect(await refreshed(reference)).toBe('changed_upstream')
    expect(await bench.find(reference)).toBeUndefined()
    expect(await replica.use(reference)).toBe(false)
  })

  it.each<readonly [string, () => void]>([
    ['another user', () => (hostile.accessToken = { claims: { sub: 'mallory' } })],
    ['another client', () => (hostile.accessToken = { claims: { sub: bench.subject, client_id: 'other' } })],
  ])('whose access token is of %s ends at once, with or without an ID token', async (_title, change) => {
    for (const tokenAnswer of [{}, { id_token: undefined }]) {
      const reference = await runOut()
      change()
      hostile.tokenAnswer = tokenAnswer
      expect(await refreshed(reference)).toBe('changed_upstream')
    }
  })

  it('that the provider knows no more ends, on record', async () => {
    const reference = await runOut()
    hostile.instead.set(tokenPath, (response) => sendJson(response, { error: 'invalid_grant' }, 400))
    expect(await refreshed(reference)).toBe('revoked_upstream')
    expect(await replica.use(reference)).toBe(false)
  })
})

describe('an answer that leaves open what became of the sign-in', () => {
  const foreign = createSigningKey()

  it.each<readonly [string, () => void]>([
    ['out of order', () => hostile.instead.set(tokenPath, (response) => response.writeHead(503).end())],
    [
      'out of order, whatever it says',
      () => hostile.instead.set(tokenPath, (response) => sendJson(response, { error: 'invalid_grant' }, 500)),
    ],
    ['too busy', () => hostile.instead.set(tokenPath, (response) => sendJson(response, { error: 'slow_down' }, 429))],
    ['strange to us', () => hostile.instead.set(tokenPath, (res) => sendJson(res, { error: 'invalid_client' }, 401))],
    [
      'a page',
      () =>
        hostile.instead.set(tokenPath, (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('-')),
    ],
    ['a closed connection', () => hostile.instead.set(tokenPath, (response) => response.destroy())],
    ['without an access token', () => (hostile.tokenAnswer = { access_token: undefined })],
    ['for a key of the client', () => (hostile.tokenAnswer = { token_type: 'DPoP' })],
    ['with a refresh token that cannot be kept', () => (hostile.tokenAnswer = { refresh_token: 'r\u0000' })],
    ['with a refresh token that is too long', () => (hostile.tokenAnswer = { refresh_token: 'r'.repeat(20_000) })],
    [
      'signed by another',
      () =>
        (hostile.idToken = {
          claims: { sub: 'mallory' },
          signature: (input: string) => signEs256(foreign, input),
        }),
    ],
    ['from another time', () => (hostile.idToken = { claims: { sub: bench.subject, iat: 4_000_000_000 } })],
    ['with the hash of another token', () => (hostile.idToken = { claims: { sub: bench.subject, at_hash: 'AAAA' } })],
  ])('as it is %s puts the refresh off, and the sign-in stands', async (_title, change) => {
    const reference = await runOut()
    change()
    expect(await refreshed(reference)).toBe('put off 1')
    expect(await replica.use(reference)).toBe(true)
    expect(bench.log.lines.at(-1)).toMatchObject({ level: 'warn', message: 'a sign-in could not be refreshed' })
  })

  it.each([503, 404])(
    'as its keys are answered with %d is not asked for: the refresh token is good later',
    async (status) => {
      const reference = await runOut()
      replica = await bench.replica()
      const asked = hostile.askedFor(tokenPath)
      hostile.instead.set(jwksPath, (response) => response.writeHead(status).end())
      expect(await refreshed(reference)).toBe('put off 1')
      expect(hostile.askedFor(tokenPath)).toBe(asked)
      hostile.instead.clear()
      replica = await bench.replica()
      await bench.becomesDue(reference)
      expect(await refreshed(reference)).toBe('refreshed')
    },
  )
})

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { BrowserJar } from '../../support/browser-jar.js'
import { IssuerHarness, pkcePair, relyingPartySecret, type TokenAnswer } from '../../support/issuer-harness.js'
import { openTestPostgres, type TestPostgres } from '../../support/postgres.js'
import { ShiftableClock } from '../../support/shiftable-clock.js'

let test: TestPostgres
let harness: IssuerHarness
const clock = new ShiftableClock()
const email = 'ana@acme.test'
const [one, two] = ['https://client.example/one', 'https://client.example/two']

beforeAll(async () => {
  test = await openTestPostgres()
  const { issuerStorage: storage, signingKeys: keys } = test.postgres
  harness = await IssuerHarness.start({ clock, ports: { keys, storage } })
  await harness.addAccount(harness.acme, email, ['read'])
})

afterAll(async () => {
  await harness.close()
  await test.close()
})

afterEach(() => clock.advance(61))

const { challenge, verifier } = pkcePair()

/** Signs in where the browser is not, allows what is asked, and redeems the code. */
async function connect(jar: BrowserJar, client_id: string, redirect_uri: string): Promise<TokenAnswer> {
  const url = harness.authorizeUrl({
    ...{ client_id, redirect_uri, scope: 'read', code_challenge: challenge, code_challenge_method: 'S256' },
  })
  const page = await jar.open(url)
  const asked = page.html.includes('name="password"') ? await harness.signIn(jar, url, email) : page
  const { left } = await jar.press(asked, 'allow')
  const code = left?.searchParams.get('code') ?? ''
  return harness.exchange({ client_id, redirect_uri, code, code_verifier: verifier })
}

/** A sign-in with the five tools: of this server itself, for which nobody is asked. */
async function connectHere(jar: BrowserJar): Promise<TokenAnswer> {
  const { loginCallback: redirect_uri } = harness
  const url = harness.authorizeUrl({
    ...{ client_id: 'app', redirect_uri, scope: 'mcp read', resource: `${harness.origin}/mcp` },
    ...{ code_challenge: challenge, code_challenge_method: 'S256' },
  })
  const page = await jar.open(url)
  const done = page.html.includes('name="password"') ? await harness.signIn(jar, url, email) : page
  const response = await fetch(`${harness.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`app:${relyingPartySecret}`).toString('base64')}` },
    body: new URLSearchParams({
      ...{ grant_type: 'authorization_code', redirect_uri, code_verifier: verifier },
      code: new URL(done.url).searchParams.get('code') ?? '',
    }),
  })
  return { status: response.status, body: (await response.json()) as TokenAnswer['body'] }
}

const isActive = ({ body }: TokenAnswer): Promise<boolean> =>
  harness.running.registry.isActive(String(decodeJwt(String(body['access_token']))['gid']))

const areActive = (...answers: readonly TokenAnswer[]): Promise<readonly boolean[]> =>
  Promise.all(answers.map(isActive))

async function signOut(jar: BrowserJar): Promise<void> {
  await jar.press(await jar.open(`${harness.issuer}/logout`), 'sign-out')
}

describe('signing out of a browser in which a client was allowed several destinations', () => {
  it('ends each of its grants, by what the database remembers of them, and none of another browser', async () => {
    const client_id = await harness.registeredClient({ redirect_uris: [one, two] })
    const [jar, other] = [new BrowserJar(), new BrowserJar()]
    const [first, second] = [await connect(jar, client_id, one), await connect(jar, client_id, two)]
    const elsewhere = await connect(other, client_id, one)
    await harness.restart()
    expect(await areActive(first, second, elsewhere)).toEqual([true, true, true])
    const stored = await test.sql('select payload from issuer_record')
    expect(stored.some(({ payload }) => Buffer.from(payload as Uint8Array).includes('earlier'))).toBe(false)

    await signOut(jar)
    expect(await areActive(first, second, elsewhere)).toEqual([false, false, true])
    for (const { body } of [first, second]) {
      expect((await harness.refresh(client_id, body['refresh_token'])).body['error']).toBe('invalid_grant')
      const asked = { token: String(body['access_token']), client_id }
      expect((await harness.token(asked, '/introspect')).body).toEqual({ active: false })
    }
    expect((await harness.refresh(client_id, elsewhere.body['refresh_token'])).status).toBe(200)
  })

  it('ends one that was allowed again after another one, once and for all', async () => {
    const client_id = await harness.registeredClient({ redirect_uris: [one, two] })
    const jar = new BrowserJar()
    const answers: TokenAnswer[] = []
    for (const redirect_uri of [one, two, one]) answers.push(await connect(jar, client_id, redirect_uri))
    expect(await areActive(...answers)).toEqual([true, true, true])
    await signOut(jar)
    expect(await areActive(...answers)).toEqual([false, false, false])
  })
})

describe('signing out of a browser in which several sessions of the five tools began', () => {
  it('ends all of them, and none of another browser', async () => {
    const [jar, other] = [new BrowserJar(), new BrowserJar()]
    const [first, second, elsewhere] = [await connectHere(jar), await connectHere(jar), await connectHere(other)]
    await harness.restart()
    expect(await areActive(first, second, elsewhere)).toEqual([true, true, true])
    await signOut(jar)
    expect(await areActive(first, second, elsewhere)).toEqual([false, false, true])
  })
})

import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { createTokenVerifier } from '../../src/adapter/token/create-token-verifier.js'
import { systemClock } from '../../src/core/runtime/clock.js'
import {
  callIn,
  openSession,
  openSignedIn,
  origin,
  refresh,
  ReplicaSet,
  signInClient,
  streamOf,
} from '../support/replica-set.js'
import { until } from '../support/until.js'

let set: ReplicaSet
beforeAll(async () => {
  set = await ReplicaSet.start(2, { 'acme-corp': ['john@company.com'] })
}, 120_000)
afterAll(() => set?.close(), 60_000)

async function publishedEverywhere(): Promise<readonly (readonly string[])[]> {
  return Promise.all(
    set.replicas.map(async ({ ask }) => {
      const { keys } = (await (await ask(`${origin}/oauth/jwks`)).json()) as { keys: { kid: string }[] }
      return keys.map(({ kid }) => kid)
    }),
  )
}

const replace = (...flags: readonly string[]) => set.cli('keys', 'rotate', '--signing', '--compromised', ...flags)

describe('a signing key that others know', () => {
  it('is retired by nobody who was not asked, and not beside what it does not concern', async () => {
    const before = await publishedEverywhere()
    expect(await replace()).toMatchObject({ code: 5, stderr: expect.stringContaining('is refused at once') })
    expect((await set.cli('keys', 'rotate', '--compromised', '--yes')).code).toBe(2)
    expect(await publishedEverywhere()).toEqual(before)
  }, 60_000)

  it('counts nowhere any more, at once: tokens, streams and key sets; refresh tokens and the five tools go on', async () => {
    const client = await signInClient(set.at(0), 'john@company.com', 'acme-corp')
    const token = client.saved?.access_token ?? ''
    const { kid } = decodeProtectedHeader(token)
    const bearers = await Promise.all(set.replicas.map((one) => openSession(one, '/mcp/oauth', token)))
    const signedIn = await openSignedIn(set.at(1), 'john@company.com', 'acme-corp')
    const [bearer] = bearers
    if (bearer === undefined) throw new TypeError('no session')
    const [stream, kept] = [await streamOf(set.at(0), bearer), await streamOf(set.at(1), signedIn)]
    // Verified everywhere, so that everybody remembers that it is good.
    for (const replica of set.replicas) expect((await callIn(replica, bearer, 'hello')).text).toContain('Hello')
    // One is announced as well: whoever reads one key reads the other.
    expect((await set.cli('keys', 'rotate', '--signing')).code).toBe(0)

    const replaced = await replace('--yes')
    expect(replaced).toMatchObject({ code: 0, stdout: expect.stringContaining(`retired: `) })
    const [next = ''] = replaced.stdout.split(' ')
    await until(async () => (await publishedEverywhere()).every((kids) => kids.join() === next))
    for (const replica of set.replicas) expect((await callIn(replica, bearer, 'hello')).status).toBe(401)
    await stream.ended

    expect((await callIn(set.at(0), signedIn, 'hello')).text).toContain('Hello')
    expect(await Promise.race([kept.ended, pause(50, 'open')])).toBe('open')
    const fresh = await refresh(set.at(1), client)
    const accessToken = String(fresh['access_token'])
    expect(decodeProtectedHeader(accessToken).kid).toBe(next)
    for (const replica of set.replicas) {
      const opened = await openSession(replica, '/mcp/oauth', accessToken)
      expect((await callIn(replica, opened, 'hello')).text).toContain('Hello')
    }
    const { stdout } = await set.cli('keys', 'list', '--json')
    const signing = (JSON.parse(stdout) as { id: string; purpose: string }[]).filter(
      ({ purpose }) => purpose === 'sign',
    )
    expect(signing).toEqual([expect.objectContaining({ id: next, state: 'signing' })])

    const rows = await set.database.sql(`select subject, detail from audit_event where reason = 'signing_keys_changed'`)
    expect(rows).toEqual([
      { subject: expect.stringMatching(/^cli:/), detail: expect.objectContaining({ name: next, after: [next] }) },
    ])
    expect(JSON.stringify(rows)).toContain(String(kid))
  }, 120_000)

  it('counts nowhere within two seconds where notices do not arrive', async () => {
    const client = await signInClient(set.at(0), 'john@company.com', 'acme-corp')
    const token = client.saved?.access_token ?? ''
    // Of a process that hears of nothing.
    const { signingKeys } = await set.database.reopen()
    const verifier = createTokenVerifier({ own: { issuer: `${origin}/oauth`, keys: signingKeys }, clock: systemClock })
    await expect(verifier.verify(token, `${origin}/mcp/oauth`)).resolves.toBeDefined()
    expect((await replace('--yes')).code).toBe(0)
    await until(() =>
      verifier.verify(token, `${origin}/mcp/oauth`).then(
        () => false,
        ({ code }: { readonly code: string }) => code === 'ERR_TOKEN_SIGNATURE',
      ),
    )
  }, 60_000)
})

import { describe, expect, it } from '@jest/globals'
import { LoginBench, resource, type AuthenticatorPort } from '../../../support/login-bench.js'
import type { MemoryLoginSession } from '../../../support/memory-sign-in.js'

const invalid = { outcome: 'refused', reason: 'ERR_LOGIN_TOKEN' }

/** A server that takes tokens. */
function taking(): LoginBench {
  return new LoginBench({ tokenResource: resource })
}

function nonceOf(bench: LoginBench, index = 0): string {
  return bench.logins.transactions[index]?.secrets.nonce ?? ''
}

function expectNobody(bench: LoginBench, session: MemoryLoginSession): void {
  expect([session.bindings, bench.signIns.standing]).toEqual([[], []])
}

describe('an access token', () => {
  it('for this server signs the session in until it expires, capped by its scopes', async () => {
    const bench = taking()
    const session = bench.session()
    const outcome = await bench.sessions.useToken(session, 'ada')
    expect(outcome).toEqual({ outcome: 'signed-in', reference: session.signIn })
    const endsAt = bench.clock.seconds + 600
    expect(bench.signIns.standing).toMatchObject([
      {
        subject: 'ada',
        application: 'app',
        clientId: 'a-client',
        asserted: { scopes: ['read'] },
        endsAt,
        expiresAt: endsAt,
      },
    ])
    await bench.recognize(session)
    expect(session.caller).toMatchObject({ credential: { kind: 'sign-in' }, expiresAt: endsAt })
    expect(session.caller?.user.scopes).toEqual(['read'])
    bench.clock.advance(600)
    await bench.recognize(session)
    expect(session.caller).toBeUndefined()
  })

  it('without scopes gives none', async () => {
    const bench = taking()
    const session = bench.session()
    await bench.sessions.useToken(session, 'ada+bare')
    await bench.recognize(session)
    expect(session.caller?.user.scopes).toEqual([])
  })

  it.each([
    ['for another server', 'ada+elsewhere'],
    ['that has expired', 'ada+expired'],
    ['that was minted for development', 'ada+dev'],
    ['of an unknown user', 'mallory'],
    ['of a tenant that is not admitted', 'ada+globex'],
    ['that is none', ''],
  ])('%s signs nobody in', async (_what, token) => {
    const bench = taking()
    const session = bench.session()
    expect(await bench.sessions.useToken(session, token)).toEqual(invalid)
    expectNobody(bench, session)
    expect(bench.failures).toEqual(['ERR_LOGIN_TOKEN'])
  })

  it('of a disabled account, or of a revoked grant, signs nobody in', async () => {
    const bench = taking()
    const session = bench.session()
    bench.revoked.add('token-grant-of-ada')
    expect(await bench.sessions.useToken(session, 'ada')).toEqual(invalid)
    bench.revoked.clear()
    bench.account('ada', {}, { disabled: true })
    expect(await bench.sessions.useToken(session, 'ada')).toEqual(invalid)
    expectNobody(bench, session)
  })

  it('replaces the sign-in before', async () => {
    const bench = taking()
    const session = bench.session()
    await bench.sessions.useCode(session, await bench.codeFor(session))
    await bench.sessions.useToken(session, 'ada')
    expect(bench.endings).toEqual(['replaced'])
    expect(bench.signIns.standing).toMatchObject([{ clientId: 'a-client' }])
  })

  it('is not on record', async () => {
    const bench = taking()
    await bench.sessions.useToken(bench.session(), 'a-token-with-a-marker')
    expect(JSON.stringify([bench.audit.counted, bench.audit.rows])).not.toContain('marker')
  })
})

describe('an ID token', () => {
  it('with the nonce of a sign-in of this session signs it in, once', async () => {
    const bench = taking()
    const session = bench.session()
    const { id } = await bench.start(session)
    await bench.signInAt(id)
    const expiresAt = bench.clock.seconds + 300
    const token = bench.provider.issueIdToken('ada', nonceOf(bench), { grantDigest: undefined, expiresAt })
    expect(await bench.sessions.useToken(session, token)).toMatchObject({ outcome: 'signed-in' })
    expect(bench.signIns.standing).toMatchObject([
      { subject: 'ada', asserted: { scopes: [] }, grantDigest: undefined, expiresAt },
    ])
    expect(bench.logins.transactions).toMatchObject([{ phase: 'ended', how: 'completed' }])
    expect(await bench.sessions.useToken(session, token)).toEqual(invalid)
    expect(session.bindings).toHaveLength(1)
  })

  it('signs in once when it comes ten times at once', async () => {
    const bench = taking()
    const session = bench.session()
    await bench.signInAt((await bench.start(session)).id)
    const token = bench.provider.issueIdToken('ada', nonceOf(bench))
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => bench.sessions.useToken(session, token)))
    expect(outcomes.filter(({ outcome }) => outcome === 'signed-in')).toHaveLength(1)
    expect([session.bindings.length, bench.signIns.standing.length]).toEqual([1, 1])
  })

  it('with another nonce signs nobody in', async () => {
    const bench = taking()
    const session = bench.session()
    await bench.signInAt((await bench.start(session)).id)
    const token = bench.provider.issueIdToken('ada', 'another-nonce')
    expect(await bench.sessions.useToken(session, token)).toEqual(invalid)
    expectNobody(bench, session)
  })

  it('of the sign-in of another session signs nobody in, and leaves that one as it is', async () => {
    const bench = taking()
    const [session, other] = [bench.session(), bench.session('session-b')]
    await bench.signInAt((await bench.start(other)).id)
    const token = bench.provider.issueIdToken('ada', nonceOf(bench))
    await bench.signInAt((await bench.start(session)).id)
    expect(await bench.sessions.useToken(session, token)).toEqual(invalid)
    expectNobody(bench, session)
    expect(await bench.sessions.useToken(other, token)).toMatchObject({ outcome: 'signed-in' })
  })

  it('signs nobody in before a browser has confirmed the sign-in', async () => {
    const bench = taking()
    const session = bench.session()
    await bench.start(session)
    const token = bench.provider.issueIdToken('ada', nonceOf(bench))
    expect(await bench.sessions.useToken(session, token)).toEqual(invalid)
    expectNobody(bench, session)
  })

  it('of somebody who has no account signs nobody in', async () => {
    const bench = taking()
    const session = bench.session()
    await bench.signInAt((await bench.start(session)).id)
    const token = bench.provider.issueIdToken('mallory', nonceOf(bench))
    expect(await bench.sessions.useToken(session, token)).toEqual(invalid)
    expectNobody(bench, session)
  })
})

describe('a server that takes no tokens', () => {
  it('signs nobody in with a good one, and does not look at it', async () => {
    const bench = new LoginBench()
    const session = bench.session()
    await bench.signInAt((await bench.start(session)).id)
    const idToken = bench.provider.issueIdToken('ada', nonceOf(bench))
    for (const token of ['ada', 'ada+down', idToken]) {
      expect(await bench.sessions.useToken(session, token)).toEqual(invalid)
    }
    expectNobody(bench, session)
  })
})

describe('too many tokens', () => {
  it('are not looked at', async () => {
    const bench = taking()
    const session = bench.session()
    for (let attempt = 0; attempt < 10; attempt += 1) await bench.sessions.useToken(session, 'mallory')
    expect(await bench.sessions.useToken(session, 'ada')).toMatchObject({ reason: 'ERR_LOGIN_LIMITED' })
    expect(await bench.sessions.useToken(bench.session('session-b'), 'ada')).toMatchObject({ outcome: 'signed-in' })
  })
})

describe('an outage', () => {
  const authenticator: readonly AuthenticatorPort[] = ['applications', 'tenants', 'accounts', 'grants']
  const outages: readonly (readonly [string, string, (bench: LoginBench) => void])[] = [
    ['the keys', 'ada+down', () => undefined],
    ['the limits', 'ada', (bench) => (bench.limiter.available = false)],
    ...authenticator.map((port) => [port, 'ada', (bench: LoginBench) => void bench.down.add(port)] as const),
    ['the sign-ins', 'ada', (bench) => bench.signIns.refuse('open')],
    ['the logins', 'no-access-token', (bench) => bench.logins.refuse('ofStarter')],
    ['the provider', 'no-access-token', (bench) => bench.provider.refuse('verifyIdToken')],
  ]
  it.each(outages)('of %s signs nobody in', async (_what, token, fail) => {
    const bench = taking()
    const session = bench.session()
    await bench.signInAt((await bench.start(session)).id)
    fail(bench)
    await expect(bench.sessions.useToken(session, token)).rejects.toMatchObject({ retryable: true })
    expectNobody(bench, session)
  })
})

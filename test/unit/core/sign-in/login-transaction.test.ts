import { describe, expect, it } from '@jest/globals'
import {
  authenticateLogin,
  beginExchange,
  confirmLogin,
  countAttempt,
  endLogin,
  isExhausted,
  startLogin,
  type LoginEnd,
  type LoginRequester,
  type LoginTransaction,
} from '../../../../src/core/sign-in/login-transaction.js'
import type { SignInIdentity } from '../../../../src/core/sign-in/sign-in-store.js'
import { acme } from '../../../support/core-samples.js'

const requester: LoginRequester = {
  clientName: 'Claude',
  clientVersion: '1',
  address: '192.0.2.1',
  transport: 'http',
}
const identity: SignInIdentity = {
  issuer: 'https://issuer.test',
  subject: 'ada',
  tenant: acme,
  clientId: 'app',
  asserted: { scopes: ['read'] },
  grantDigest: 'grant-1',
  endsAt: undefined,
}

const started = startLogin('session-a', requester, 1_000)
const confirmed = confirmLogin(started, 'browser-digest', 'ticket')
const exchanging = beginExchange(confirmed)
const authenticated = authenticateLogin(exchanging, { identity, email: 'ada@acme.example', code: 'ABCD1234' })

describe('a login', () => {
  it('begins with an address and secrets of 256 bits each, none of them twice', () => {
    const all = Array.from({ length: 100 }, () => startLogin('session-a', requester, 1_000)).flatMap(
      ({ id, secrets }) => [id, ...Object.values(secrets)],
    )
    expect(all.filter((text) => !/^[A-Za-z0-9_-]{43}$/.test(text))).toEqual([])
    expect(new Set(all).size).toBe(400)
  })

  it('remembers from the beginning to the end who asked, when, and with which secrets', () => {
    const { id, secrets, startedAt } = started
    for (const login of [started, confirmed, exchanging, authenticated, endLogin(authenticated, 'completed')]) {
      expect(login).toMatchObject({ id, starter: 'session-a', requester, secrets, startedAt })
    }
    expect(startedAt).toBe(1_000)
  })

  it('goes on to be confirmed by a browser, exchanged, and authenticated', () => {
    expect(started).toMatchObject({ phase: 'started' })
    expect(started).not.toHaveProperty('browser')
    expect(confirmed).toMatchObject({ phase: 'confirmed', browser: 'browser-digest', entrance: 'ticket' })
    expect(exchanging).toEqual({ ...confirmed, phase: 'exchanging' })
    const found = { identity, email: 'ada@acme.example', code: 'ABCD1234', attempts: 0 }
    expect(authenticated).toEqual({ ...exchanging, phase: 'authenticated', ...found })
  })

  it('is never changed in place', () => {
    const before = structuredClone(authenticated)
    countAttempt(authenticated)
    endLogin(authenticated, 'exhausted')
    expect(authenticated).toEqual(before)
  })
})

describe('the attempts at a code', () => {
  it('are five', () => {
    let login = authenticated
    const left = Array.from({ length: 6 }, () => {
      const over = isExhausted(login)
      login = countAttempt(login)
      return over
    })
    expect(left).toEqual([false, false, false, false, false, true])
    expect(login.attempts).toBe(6)
  })
})

describe('the end of a login', () => {
  const phases: readonly LoginTransaction[] = [started, confirmed, exchanging, authenticated]
  const ends: readonly LoginEnd[] = ['completed', 'denied', 'failed', 'exhausted', 'logged-out']

  it.each(phases.flatMap((login) => ends.map((how) => [login.phase, how, login] as const)))(
    'comes from %s as %s, and keeps neither code nor identity',
    (phase, how, login) => {
      const ended = endLogin(login, how)
      const browser = phase === 'started' ? undefined : 'browser-digest'
      expect(ended).toMatchObject({ phase: 'ended', how, browser })
      expect(JSON.stringify(ended)).not.toMatch(/ABCD1234|acme|ada/)
    },
  )
})

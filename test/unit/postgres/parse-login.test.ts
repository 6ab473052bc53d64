import { describe, expect, it } from '@jest/globals'
import { parseLogin } from '../../../src/adapter/postgres/store/parse-login.js'
import type { Tenant } from '../../../src/core/identity/tenant.js'
import {
  beginExchange,
  confirmLogin,
  endLogin,
  type LoginTransaction,
} from '../../../src/core/sign-in/login-transaction.js'
import { authenticated, identityIn, newLogin } from '../../support/login-samples.js'

const acme: Tenant = { id: '00000000-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme' }

const started = newLogin().transaction
const confirmed = confirmLogin(started, 'browser', 'ticket')
const upstream = { refreshToken: 'marker-refresh', expiresAt: 1_900_000_000.5 }
const full = authenticated(started, { ...identityIn(acme, { endsAt: 1_900_000_000 }), upstream })
const bare = authenticated(started, identityIn(acme, { grantDigest: undefined, asserted: {} }))
const local: LoginTransaction = {
  ...started,
  requester: { clientName: undefined, clientVersion: undefined, address: undefined, transport: 'stdio' },
}

const whole: readonly (readonly [string, LoginTransaction])[] = [
  ['started', started],
  ['started over stdio', local],
  ['confirmed', confirmed],
  ['exchanging', beginExchange(confirmed)],
  ['authenticated', full],
  ['authenticated without grant and end', bare],
  ['ended without a browser', endLogin(started, 'denied')],
  ['ended', endLogin(full, 'exhausted')],
]

/** Every way to take one member out of a tree, and every way to put another value in its place. */
function* damaged(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const index of value.keys()) yield value.with(index, 7)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) {
    // Every category of what was asserted may be absent.
    const empty = name === 'asserted' ? [] : [{}]
    const others = [null, ...empty, true, ...(Array.isArray(member) ? [] : [[]]), typeof member === 'string' ? 7 : '7']
    for (const other of others) yield { ...value, [name]: other }
    for (const inner of damaged(member)) yield { ...value, [name]: inner }
  }
  yield { ...value, unheard: 'of' }
}

function* incomplete(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [name, member] of Object.entries(value)) {
    yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== name))
    for (const inner of incomplete(member)) yield { ...value, [name]: inner }
  }
}

const optional = new Set([
  'clientName',
  'clientVersion',
  'address',
  'grantDigest',
  'endsAt',
  'upstream',
  'browser',
  'roles',
  'scopes',
])

describe('parseLogin', () => {
  it.each(whole)('gives back a login that is %s as it was', (_what, login) => {
    expect(parseLogin(JSON.stringify(login))).toEqual(login)
  })

  it.each(whole)('refuses a login that is %s with any member of another type or too many', (_what, login) => {
    const all = [...damaged(JSON.parse(JSON.stringify(login)))]
    expect(all.length).toBeGreaterThan(50)
    for (const damage of all) expect(() => parseLogin(JSON.stringify(damage))).toThrow(TypeError)
  })

  it('refuses a login that lacks a member, but for those that may be absent', () => {
    const plain: unknown = JSON.parse(JSON.stringify(full))
    const all = [...incomplete(plain)]
    const taken = all.filter((login) => isTaken(login))
    expect(all.length - taken.length).toBeGreaterThan(20)
    // Of an authenticated login: the names and the address of the client, what was asserted, the grant, the end and the provider's tokens.
    expect(taken).toHaveLength(optional.size - 1)
  })

  it.each(['', 'null', '[]', '7', '"started"', '{', '{}', '{"phase":"started"}', '{"phase":"__proto__"}'])(
    'refuses %s',
    (text) => {
      expect(() => parseLogin(text)).toThrow()
    },
  )

  it('says nothing of what it refuses', () => {
    const { secrets } = started
    const damage = { ...started, startedAt: 'never' }
    let message = ''
    try {
      parseLogin(JSON.stringify(damage))
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain('stored record')
    for (const secret of [started.id, secrets.state, secrets.nonce]) expect(message).not.toContain(secret)
  })
})

function isTaken(login: unknown): boolean {
  try {
    parseLogin(JSON.stringify(login))
    return true
  } catch {
    return false
  }
}

import { describe, expect, it } from '@jest/globals'
import type { Caller } from '../../../src/core/identity/caller.js'
import { askerOf } from '../../../src/core/operation/access.js'
import { grantedBy, missingFor } from '../../../src/core/permission/graph/grounds.js'
import { PermissionGraph } from '../../../src/core/permission/graph/permission-graph.js'
import type { Protection } from '../../../src/core/permission/protection.js'
import { role } from '../../../src/core/permission/requirement/builders.js'
import { authenticated } from '../../../src/core/permission/requirement/requirement.js'
import type { LoginSession } from '../../../src/core/sign-in/login-session.js'
import { acme, sampleCaller, sampleOperation } from '../../support/core-samples.js'

const bearer = sampleCaller({ roles: ['admin'] })
const signedIn: Caller = {
  ...bearer,
  credential: { kind: 'sign-in', signIn: { tenant: acme, key: 'sign-in-1' } },
}
const login: LoginSession = {
  key: 'session-1',
  requester: { clientName: 'Test', clientVersion: '1', address: undefined, transport: 'stdio' },
  signIn: undefined,
  caller: undefined,
  bind: async () => true,
}

const admins = role('admin')

function decided(protection: Protection, caller: Caller | undefined, session?: LoginSession) {
  const operation = sampleOperation({ protection })
  const graph = new PermissionGraph([operation])
  const asker = askerOf({ caller, login: session })
  const outcome = graph.decide(operation, asker)
  const explanation = graph.explain(operation, asker)
  return outcome === 'allow' ? { outcome, via: grantedBy(explanation) } : { outcome, missing: missingFor(explanation) }
}

describe('a protected operation', () => {
  it.each([
    ['a bearer', bearer],
    ['a sign-in with the five tools', signedIn],
  ])('is for a caller by %s who meets the requirement, and for no other', (_how, caller) => {
    const protection = { access: 'protected', requirement: admins } as const
    expect(decided(protection, caller)).toEqual({ outcome: 'allow', via: ['roles:admin'] })
    const { holding } = sampleCaller({ roles: ['user'] })
    expect(decided(protection, { ...caller, holding })).toEqual({ outcome: 'deny', missing: ['roles:admin'] })
  })

  it('is for nobody who is not known, whatever session they have', () => {
    const protection = { access: 'protected', requirement: authenticated } as const
    expect(decided(protection, undefined, login)).toEqual({ outcome: 'deny', missing: ['caller'] })
    expect(decided(protection, bearer)).toEqual({ outcome: 'allow', via: [] })
  })
})

describe('an operation for bearers only', () => {
  it.each([
    ['every authenticated user', authenticated],
    ['administrators', admins],
  ])('of %s refuses whoever signed in with the five tools', (_whose, requirement) => {
    const protection = { access: 'protected', requirement, bearerOnly: true } as const
    expect(decided(protection, bearer).outcome).toBe('allow')
    expect(decided(protection, signedIn)).toEqual({ outcome: 'deny', missing: ['bearer'] })
    expect(decided(protection, signedIn, login)).toEqual({ outcome: 'deny', missing: ['bearer'] })
  })

  it('still asks bearers for what it requires', () => {
    const protection = { access: 'protected', requirement: admins, bearerOnly: true } as const
    expect(decided(protection, sampleCaller())).toEqual({ outcome: 'deny', missing: ['roles:admin'] })
  })

  it('is for both when it is said to be for bearers only: false', () => {
    const protection = { access: 'protected', requirement: admins, bearerOnly: false } as const
    expect(decided(protection, bearer).outcome).toBe('allow')
    expect(decided(protection, signedIn).outcome).toBe('allow')
  })
})

describe('a tool that signs in', () => {
  it('is for whoever has a session that can be signed in, known or not', () => {
    for (const caller of [undefined, signedIn]) {
      expect(decided({ access: 'login' }, caller, login)).toEqual({ outcome: 'allow', via: ['login'] })
      expect(decided({ access: 'login' }, caller)).toEqual({ outcome: 'deny', missing: ['login'] })
    }
    expect(decided({ access: 'login' }, bearer)).toEqual({ outcome: 'deny', missing: ['login'] })
  })
})

describe('a public operation', () => {
  it('is for everybody', () => {
    for (const caller of [undefined, bearer, signedIn]) {
      expect(decided({ access: 'public' }, caller)).toEqual({ outcome: 'allow', via: ['public'] })
    }
  })
})

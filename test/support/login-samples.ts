import { randomBytes } from 'node:crypto'
import type { Tenant } from '../../src/core/identity/tenant.js'
import type { TransportSession } from '../../src/core/identity/session-store.js'
import type { NewLogin } from '../../src/core/sign-in/login-store.js'
import {
  authenticateLogin,
  beginExchange,
  confirmLogin,
  startLogin,
  type LoginRequester,
  type Phase,
} from '../../src/core/sign-in/login-transaction.js'
import type { NewIdentity, NewSignIn, SignInIdentity } from '../../src/core/sign-in/sign-in-store.js'

const requester: LoginRequester = {
  clientName: 'Claude Desktop',
  clientVersion: '1.2',
  address: '203.0.113.7',
  transport: 'http',
}

/** A text like the digests that stores are given. */
export function someDigest(): string {
  return randomBytes(32).toString('base64url')
}

/** A sign-in that was just started. */
export function newLogin(changed: Partial<NewLogin> & { readonly starter?: string } = {}): NewLogin & {
  readonly transaction: Phase<'started'>
} {
  const { starter = someDigest(), ...rest } = changed
  return {
    ...{ key: someDigest(), ticketKey: undefined, stateKey: someDigest(), expiresIn: 600 },
    ...rest,
    transaction: startLogin(starter, requester, 1_800_000_000),
  }
}

/** The same once the provider has vouched for `identity`. */
export function authenticated(login: Phase<'started'>, identity: NewIdentity): Phase<'authenticated'> {
  const exchanging = beginExchange(confirmLogin(login, someDigest(), 'link'))
  return authenticateLogin(exchanging, { identity, email: 'ann@acme.example', code: 'ABCD1234' })
}

/** Somebody of `tenant`. */
export function identityIn(tenant: Tenant, changed: Partial<SignInIdentity> = {}): SignInIdentity {
  return {
    ...{ issuer: 'https://issuer.example', subject: someDigest(), tenant, clientId: 'relying-party' },
    ...{ asserted: { scopes: ['read', 'write'], roles: ['admin'] }, grantDigest: someDigest(), endsAt: undefined },
    ...changed,
  }
}

/** A sign-in of `identity` to the application `app`. */
export function newSignIn(identity: NewIdentity, changed: Partial<NewSignIn> = {}): NewSignIn {
  return { key: someDigest(), application: 'app', identity, requestId: someDigest().slice(0, 22), ...changed }
}

/** A session that was just opened without a bearer. */
export function newSession(changed: Partial<TransportSession> = {}): TransportSession {
  return {
    ...{ digest: someDigest(), application: 'app', endpoint: '/mcp', principal: undefined },
    ...{ client: { name: 'Claude Desktop', version: '1.2' }, capabilities: { elicitation: { form: {} } } },
    ...{ protocolVersion: '2025-11-25', signIn: undefined, logLevel: undefined },
    ...changed,
  }
}

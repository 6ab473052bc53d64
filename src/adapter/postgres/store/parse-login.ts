import type { Tenant } from '../../../core/identity/tenant.js'
import type { AuthorizationSecrets, LoginRequester, LoginTransaction } from '../../../core/sign-in/login-transaction.js'
import type { NewIdentity } from '../../../core/sign-in/sign-in-store.js'
import type { UpstreamGrant } from '../../../core/sign-in/upstream-grant.js'
import { JsonMembers } from './json-members.js'
import { readAsserted } from './read-asserted.js'

const phases = ['started', 'confirmed', 'exchanging', 'authenticated', 'ended'] as const
const ends = ['completed', 'denied', 'failed', 'exhausted', 'logged-out'] as const

/** A login transaction from its JSON, whole. Throws `TypeError` or `SyntaxError` for anything else. */
export function parseLogin(json: string): LoginTransaction {
  const members = new JsonMembers(JSON.parse(json))
  const login = toLogin(members)
  members.end()
  return login
}

function toLogin(members: JsonMembers): LoginTransaction {
  const phase = members.word('phase', phases)
  const begun = {
    id: members.text('id'),
    starter: members.text('starter'),
    requester: toRequester(members.object('requester')),
    secrets: toSecrets(members.object('secrets')),
    startedAt: members.number('startedAt'),
  }
  if (phase === 'started') return { ...begun, phase }
  if (phase === 'ended') {
    return { ...begun, phase, browser: members.optionalText('browser'), how: members.word('how', ends) }
  }
  const entrance = members.word('entrance', ['link', 'ticket'] as const)
  const confirmed = { ...begun, browser: members.text('browser'), entrance }
  if (phase !== 'authenticated') return { ...confirmed, phase }
  return {
    ...confirmed,
    phase,
    identity: toIdentity(members.object('identity')),
    email: members.text('email'),
    code: members.text('code'),
    attempts: members.number('attempts'),
  }
}

function toRequester(members: JsonMembers): LoginRequester {
  const requester = {
    clientName: members.optionalText('clientName'),
    clientVersion: members.optionalText('clientVersion'),
    address: members.optionalText('address'),
    transport: members.word('transport', ['http', 'stdio'] as const),
  }
  members.end()
  return requester
}

function toSecrets(members: JsonMembers): AuthorizationSecrets {
  const secrets = {
    state: members.text('state'),
    nonce: members.text('nonce'),
    codeVerifier: members.text('codeVerifier'),
  }
  members.end()
  return secrets
}

function toIdentity(members: JsonMembers): NewIdentity {
  const identity = {
    issuer: members.text('issuer'),
    subject: members.text('subject'),
    tenant: toTenant(members.object('tenant')),
    clientId: members.text('clientId'),
    asserted: readAsserted(members.object('asserted')),
    grantDigest: members.optionalText('grantDigest'),
    endsAt: members.optionalNumber('endsAt'),
    upstream: toUpstream(members.optionalObject('upstream')),
  }
  members.end()
  return identity
}

function toUpstream(members: JsonMembers | undefined): UpstreamGrant | undefined {
  if (members === undefined) return undefined
  const grant = { refreshToken: members.text('refreshToken'), expiresAt: members.number('expiresAt') }
  members.end()
  return grant
}

function toTenant(members: JsonMembers): Tenant {
  const tenant = { id: members.text('id'), slug: members.text('slug'), name: members.text('name') }
  members.end()
  return tenant
}

import type { Federation, Invitation } from '../../../core/federation/federation-store.js'
import { JsonMembers } from '../store/json-members.js'

const phases = ['begun', 'exchanging', 'identified', 'used'] as const

/** A sign-in with a provider from its JSON, whole. Throws `TypeError` or `SyntaxError` for anything else. */
export function parseFederation(json: string): Federation {
  const members = new JsonMembers(JSON.parse(json))
  const federation = toFederation(members)
  members.end()
  return federation
}

function toFederation(members: JsonMembers): Federation {
  const phase = members.word('phase', phases)
  const common = {
    interaction: members.text('interaction'),
    provider: members.text('provider'),
    tenant: members.text('tenant'),
    requestId: members.text('requestId'),
    clientId: members.optionalText('clientId'),
    freshFrom: members.optionalNumber('freshFrom'),
    invitation: toInvitation(members.optionalObject('invitation')),
  }
  if (phase === 'identified') {
    const authenticatedAt = members.optionalNumber('authenticatedAt')
    const identity = { issuer: members.text('issuer'), subject: members.text('subject') }
    return { ...common, phase, accountId: members.text('accountId'), authenticatedAt, ...identity }
  }
  if (phase !== 'begun') return { ...common, phase }
  const written = members.object('secrets')
  const secrets = {
    state: written.text('state'),
    nonce: written.text('nonce'),
    codeVerifier: written.text('codeVerifier'),
  }
  written.end()
  return { ...common, phase, secrets }
}

function toInvitation(members: JsonMembers | undefined): Invitation | undefined {
  if (members === undefined) return undefined
  const invitation = {
    tenant: members.text('tenant'),
    accountId: members.text('accountId'),
    digest: members.text('digest'),
  }
  members.end()
  return invitation
}

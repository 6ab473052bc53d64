import type { FoundIssuer } from '../../app/administration/stored-issuers.js'
import type { AudienceRule, TrustedIssuer } from '../../core/trust/trusted-issuer.js'
import { formatMembers } from '../format-members.js'
import { formatTable } from '../format-table.js'

/** An issuer as JSON, without the secret of our client there. */
export function issuerJson(found: FoundIssuer): Readonly<Record<string, unknown>> {
  if ('fault' in found) return { issuer: found.name, fault: found.fault }
  const { introspection, ...trusted } = found.trusted
  if (introspection === undefined) return trusted
  const { clientSecret: _secret, ...client } = introspection
  return { ...trusted, introspection: client }
}

/** One line each. */
export function formatIssuers(found: readonly FoundIssuer[]): string {
  const rows = found.map((issuer) =>
    'fault' in issuer ? [issuer.name, '', '', '', '', 'database', issuer.fault] : rowOf(issuer.trusted),
  )
  return formatTable(['ISSUER', 'PRESET', 'AUDIENCE', 'TENANT', 'APPLICATION', 'FROM', 'FAULT'], rows)
}

function rowOf({ application, audience, issuer, preset, source, tenant }: TrustedIssuer): readonly string[] {
  const whose = tenant.kind === 'fixed' ? tenant.tenant : `by ${tenant.claim}`
  return [issuer, preset, audienceOf(audience), whose, application ?? 'all', source, '']
}

function audienceOf({ accepts }: AudienceRule): string {
  if (typeof accepts === 'string') return accepts
  return Object.entries(accepts)
    .map(([path, value]) => `${path}=${value}`)
    .join(', ')
}

/** Everything that is decided about it, a line each. */
export function formatIssuer(found: FoundIssuer): string {
  return formatMembers(issuerJson(found))
}

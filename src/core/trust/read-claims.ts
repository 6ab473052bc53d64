import { categories, type Category } from '../permission/grants.js'
import { isClaimSource, type ClaimSource } from './claim-source.js'
import type { OptionReader } from './option-reader.js'
import type { Preset } from './preset/preset.js'
import type { ClaimMapping, TenantRule } from './trusted-issuer.js'
import { tenantSlugPattern } from '../identity/tenant.js'

const facts = ['clientId', 'email', 'name', 'session'] as const

const pointerFault = 'is no place in a token: the name of a member, or a JSON Pointer such as /realm_access/roles'

/** Where the issuer says what: as it was written, and where nothing was, as the provider is known to do it. */
export function readClaims(options: OptionReader, preset: Preset): ClaimMapping {
  const written = options.optionalObject('claims')
  written?.refuseUnknown([...facts, ...categories])
  const overage = options.optionalWord('groupOverage', ['empty', 'database'] as const) ?? 'empty'
  const { clientId, email, name, session, grants } = preset.claims
  if (written === undefined) return { ...preset.claims, overage }
  if (written.value('clientId') === null)
    written.fault('clientId', 'is needed: a token names the client it was issued to')
  return {
    clientId: sourcesOf(written, 'clientId') ?? clientId,
    email: sourcesOf(written, 'email') ?? email,
    name: sourcesOf(written, 'name') ?? name,
    session: sourcesOf(written, 'session') ?? session,
    grants: readGrants(written, grants),
    overage,
  }
}

function readGrants(written: OptionReader, known: ClaimMapping['grants']): ClaimMapping['grants'] {
  const grants: Partial<Record<Category, readonly ClaimSource[]>> = {}
  for (const category of categories) {
    const sources = sourcesOf(written, category) ?? known[category]
    if (sources !== undefined && sources.length > 0) grants[category] = sources
  }
  return grants
}

/** None for `null`; `undefined` where nothing is said. */
function sourcesOf(written: OptionReader, name: string): readonly ClaimSource[] | undefined {
  const value = written.value(name)
  if (value === null) return []
  const single = Array.isArray(value) ? undefined : written.optionalText(name)
  const sources = Array.isArray(value) ? written.optionalTexts(name) : single === undefined ? undefined : [single]
  if (sources?.every(isClaimSource) === false) written.fault(name, pointerFault)
  return sources
}

/** Which tenant its tokens are of. */
export function readTenant(options: OptionReader): TenantRule {
  const nowhere: TenantRule = { kind: 'claim', claim: '' }
  if (!options.has('tenant')) {
    options.fault(
      'tenant',
      "is missing: { claim: '<claim>' } that the registry knows tenants by (--tenant-claim), or { slug: '<tenant>' } (--tenant)",
    )
    return nowhere
  }
  const written = options.optionalObject('tenant')
  if (written === undefined) return nowhere
  written.refuseUnknown(['claim', 'slug'])
  if (written.has('claim') === written.has('slug')) {
    options.fault('tenant', 'says either claim or slug, not both and not neither')
    return nowhere
  }
  return written.has('claim') ? claimRule(written) : slugRule(written)
}

function claimRule(written: OptionReader): TenantRule {
  const claim = written.text('claim')
  if (!isClaimSource(claim)) written.fault('claim', pointerFault)
  return { kind: 'claim', claim }
}

function slugRule(written: OptionReader): TenantRule {
  const tenant = written.text('slug')
  if (tenant !== '' && !tenantSlugPattern.test(tenant)) {
    written.fault('slug', 'is no slug: a-z, 0-9 and -, 41 characters at most, and no - at its beginning')
  }
  return { kind: 'fixed', tenant }
}

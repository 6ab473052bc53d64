import type { EntraIssuer } from './entra-issuer.js'
import type { PresetName } from './issuer-options.js'
import type { OptionReader } from './option-reader.js'
import type { AudienceRule, TenantRule } from './trusted-issuer.js'

const googleIssuer = 'https://accounts.google.com'

/** What an issuer has been read to be, as far as its provider has a say in it. */
export interface ProviderFacts {
  readonly issuer: string
  readonly preset: PresetName
  readonly entra: EntraIssuer | undefined
  readonly tenant: TenantRule
  readonly audience: AudienceRule
}

/** Notes what contradicts what is known of a provider: such an issuer would let strangers in, or nobody. */
export function checkProvider(options: OptionReader, facts: ProviderFacts): void {
  checkPreset(options, facts)
  checkShared(options, facts)
  checkAudience(options, facts)
  if (facts.preset === 'auth0' && facts.issuer !== '' && !facts.issuer.endsWith('/')) {
    options.fault('issuer', 'of Auth0 ends with a slash, as iss does in its tokens')
  }
  if (facts.preset !== 'google') return
  for (const name of ['algorithms', 'types', 'introspection', 'jwksUrl', 'metadataUrl']) {
    if (options.has(name))
      options.fault(name, "says nothing with preset 'google': its access tokens are no JWTs. Leave it out")
  }
}

function checkPreset(options: OptionReader, { entra, issuer, preset }: ProviderFacts): void {
  const isGoogle = issuer === googleIssuer
  if (isGoogle !== (preset === 'google')) options.fault('preset', `'google' and the issuer ${googleIssuer} go together`)
  if (entra !== undefined && preset !== 'entra') options.fault('preset', "has to be 'entra' for an issuer of Entra ID")
}

/** Everybody can have an account at a shared issuer: only a claim that it answers for tells whose users they are. */
function checkShared(options: OptionReader, { entra, issuer, tenant }: ProviderFacts): void {
  const claim = issuer === googleIssuer ? 'hd' : entra?.use === 'shared' ? 'tid' : undefined
  if (claim === undefined || (tenant.kind === 'claim' && tenant.claim === claim)) return
  options.fault(
    'tenant',
    `has to be { claim: '${claim}' }: anybody can have an account at this issuer, and only ${claim} says whose they are`,
  )
}

function checkAudience(options: OptionReader, { audience, entra, preset }: ProviderFacts): void {
  if (audience.accepts !== 'resource' || !options.has('audience') || options.value('audience') !== 'resource') return
  if (preset === 'google') options.fault('audience', 'is a client id at Google: its tokens are never for a resource')
  if (entra?.version === '2.0') {
    options.fault(
      'audience',
      'is a client id in tokens of version 2.0 of Entra ID: the one that this server is registered by',
    )
  }
}

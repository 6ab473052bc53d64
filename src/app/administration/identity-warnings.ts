import { quoted } from '../../core/administration/known-names.js'
import type { Wish } from '../../core/administration/wish.js'
import { issuerNamed } from '../../core/trust/issuer-set.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'
import { issuerOf } from '../issuer-of.js'
import { readSettings } from '../settings/settings.js'
import { foundProvider } from './found-provider.js'
import { storedIssuers } from './stored-issuers.js'
import type { Installation } from './with-tenant.js'

/** What is wanted, and where. */
export interface IdentityIntent extends Pick<Installation, 'postgres'> {
  readonly env: NodeJS.ProcessEnv
  /** Slug. */
  readonly tenant: string
  readonly wishes: readonly Wish[]
}

/** Why tokens of the issuers by whom accounts are to be known would let nobody in, a sentence for each: all of it may come later. */
export async function identityWarnings({ env, postgres, tenant, wishes }: IdentityIntent): Promise<readonly string[]> {
  const wanted = wishes.flatMap((wish) => (wish.kind === 'account' ? (wish.identify ?? []) : []))
  const issuers = [...new Set(wanted.map(({ issuer }) => issuer))]
  if (issuers.length === 0) return []
  const { host, issuers: named, port, publicUrl } = readSettings(env, {}, undefined)
  const stored = (await storedIssuers(postgres.trustedIssuers)).flatMap((found) =>
    'trusted' in found ? [found.trusted] : [],
  )
  const providers = await providersOf(postgres, tenant)
  const ownIssuer = issuerOf(publicUrl ?? `http://${host}:${port}`)
  return issuers.flatMap((issuer) => {
    if (issuer === ownIssuer) return [`${quoted(issuer)} is this installation itself, whose tokens need no identity`]
    if (providers.has(issuer)) return []
    return warningOf({ issuer, tenant, trusted: issuerNamed([...named, ...stored], issuer) })
  })
}

/** Issuers of the providers that users of the tenant sign in with: those need no trust in tokens. */
async function providersOf(
  { federation, tenants }: IdentityIntent['postgres'],
  slug: string,
): Promise<ReadonlySet<string>> {
  const tenant = await tenants.findBySlug(slug)
  const stored = tenant === undefined ? [] : await federation.providers.list([tenant.id])
  const found = stored.map((provider) => foundProvider(provider, { slug }).settings)
  return new Set(found.flatMap((settings) => ('fault' in settings ? [] : [settings.issuer])))
}

interface Trust {
  readonly issuer: string
  readonly tenant: string
  readonly trusted: TrustedIssuer | undefined
}

function warningOf({ issuer, tenant, trusted }: Trust): readonly string[] {
  const name = quoted(issuer)
  if (trusted === undefined) {
    return [
      `${name} is trusted neither by AUTHSEC_ISSUERS nor by the database: unless a server's code names it, its tokens are refused`,
    ]
  }
  if (trusted.tenant.kind === 'claim' || trusted.tenant.tenant === tenant) return []
  return [`all tokens of ${name} are of the tenant ${trusted.tenant.tenant}, and none is of ${tenant}`]
}

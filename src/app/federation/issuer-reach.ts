import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { IsTrusted } from '../../core/federation/provider/posing-provider.js'
import { admits, type ApplicationStore } from '../../core/identity/application.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { isIssuer } from '../../core/trust/entra-issuer.js'
import type { IssuerStore, StoredIssuer } from '../../core/trust/issuer-store.js'
import { readIssuer } from '../../core/trust/read-issuer-options.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'

export interface ReachPorts {
  readonly applications: Pick<ApplicationStore, 'find'>
  /** All tenants, whatever their state. */
  readonly tenantDirectory: {
    list(): Promise<readonly Tenant[]>
    find(slug: string): Promise<Tenant | undefined>
  }
}

/** How far an issuer is trusted. */
export type Trust = Pick<TrustedIssuer, 'application' | 'issuer' | 'tenant'>

/** Says whom the issuers of environment and code (`fixed`) and of the database can name. */
export function issuerReach(
  ports: ReachPorts & { readonly trustedIssuers: Pick<IssuerStore, 'list'> },
  fixed: readonly Trust[],
): IsTrusted {
  return async (issuer, tenant) => {
    const stored = await ports.trustedIssuers.list()
    const named = [...fixed, ...stored.map(trustOf)].filter((trust) => isIssuer(trust.issuer, issuer))
    for (const trust of named) if (await reaches(ports, trust, tenant)) return true
    return false
  }
}

/**
 * Whether tokens of an issuer can be taken for users of the tenant (UUID). An issuer that is trusted for one application alone reaches
 * the tenants that this application admits, and not the sign-ins at it alone: the accounts of a tenant are the same for all
 * applications. What cannot be told is in reach. Throws `UpstreamError`.
 */
export async function reaches(
  { applications, tenantDirectory }: ReachPorts,
  trust: Trust,
  id: string,
): Promise<boolean> {
  if (trust.tenant.kind === 'fixed' && (await tenantDirectory.find(trust.tenant.tenant))?.id !== id) return false
  const application = trust.application === undefined ? undefined : await applications.find(trust.application)
  if (application === undefined || application.admits === 'any') return true
  const tenant = (await tenantDirectory.list()).find((known) => known.id === id)
  return tenant === undefined || admits(application, tenant)
}

/** One that cannot be read now may be read later, as anything. */
function trustOf({ fault, issuer, written }: StoredIssuer): Trust {
  const anybody: Trust = { issuer, application: undefined, tenant: { kind: 'claim', claim: 'sub' } }
  if (fault !== undefined) return anybody
  try {
    return { ...readIssuer(written, 'database'), issuer }
  } catch (error) {
    if (error instanceof ConfigurationError) return anybody
    throw error
  }
}

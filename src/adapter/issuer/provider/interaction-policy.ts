import type { interactionPolicy as Policies, KoaContextWithOIDC } from 'oidc-provider'
import { wasAllowedFor } from '../record/consented-destination.js'
import type { SealedRecords } from '../record/sealed-records.js'
import type { OidcProviderModule } from './load-oidc-provider.js'
import { orUnavailable } from './oidc-adapter.js'

export interface PolicyParts {
  readonly module: OidcProviderModule
  readonly records: SealedRecords
}

/**
 * The standard policy, and: a session whose account or tenant no longer stands signs in again, and a destination that
 * the user has not seen on the consent page is asked about, whatever else the client was allowed. Throws `TypeError`
 * where the standard policy has no such prompts.
 */
export function interactionPolicy({ module, records }: PolicyParts): Policies.DefaultPolicy {
  const { Check, base } = module.interactionPolicy
  const policy = base()
  const login = policy.get('login')
  const consent = policy.get('consent')
  if (login === undefined || consent === undefined) throw new TypeError('the provider does not ask what it should')
  const gone = new Check('account_gone', 'the account cannot sign in', ({ oidc }: KoaContextWithOIDC) => {
    return oidc.session?.accountId !== undefined && oidc.account === undefined
  })
  const unseen = new Check(
    'destination_not_allowed',
    'access was not allowed for this redirect_uri',
    'consent_required',
    async ({ oidc }: KoaContextWithOIDC) => {
      const grantId: string | undefined = oidc.entities.Grant?.jti
      const redirectUri = oidc.params?.['redirect_uri']
      return (
        grantId === undefined || !(await orUnavailable(wasAllowedFor(records, grantId, redirectUri), module.errors))
      )
    },
  )
  login.checks.add(gone)
  consent.checks.add(unseen)
  return policy
}

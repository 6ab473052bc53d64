import type { interactionPolicy as Policies, KoaContextWithOIDC } from 'oidc-provider'
import type { AccountFactorStore } from '../../../core/identity/account-factor-store.js'
import type { PasswordRules } from '../../../core/federation/provider/password-rules.js'
import { parseContext } from '../federation/sign-in-context.js'
import { isByPosingProvider, type UpstreamAttention } from '../federation/upstream-attention.js'
import { wasAllowedFor } from '../record/consented-destination.js'
import type { SealedRecords } from '../record/sealed-records.js'
import type { OidcProviderModule } from './load-oidc-provider.js'
import { orUnavailable } from './oidc-adapter.js'
import type { FirstPartyConsent } from '../sign-in/first-party-consent.js'
import { isRefusedPassword } from '../sign-in/refused-password.js'
import { IssuerAccount } from '../sign-in/issuer-account.js'

export interface PolicyParts {
  readonly module: OidcProviderModule
  readonly records: SealedRecords
  readonly firstParty: FirstPartyConsent
  /** `undefined` where there are no second factors. */
  readonly factors: Pick<AccountFactorStore, 'standing'> | undefined
  /** UUIDs of the tenants where no password lets anybody in. */
  readonly refusing: PasswordRules['refusing']
  /** Whether sign-ins with identity providers stand there. */
  readonly upstream: UpstreamAttention | undefined
}

/** In the words of RFC 8176 and our own: a second factor was shown, or is the affair of a provider. */
const strongMethods: ReadonlySet<string> = new Set(['mfa', 'fed'])

/**
 * The standard policy, and: a session whose account or tenant no longer stands signs in again, as does one without the second factor
 * that its account has by now or may not do without, by a password where that lets nobody in any more, or with a provider that goes by
 * somebody else's name by now, and a destination that the user has not seen on the consent page is asked about,
 * whatever else the client was allowed. Between sign-in and consent, when the one is done and the other not yet asked for, this
 * server's own sign-in gets its grant. Throws `TypeError` where the standard policy has no such prompts.
 */
export function interactionPolicy({
  factors,
  firstParty,
  module,
  records,
  refusing,
  upstream,
}: PolicyParts): Policies.DefaultPolicy {
  const { Check, Prompt, base } = module.interactionPolicy
  const policy = base()
  const login = policy.get('login')
  const consent = policy.get('consent')
  if (login === undefined || consent === undefined) throw new TypeError('the provider does not ask what it should')
  const gone = new Check('account_gone', 'the account cannot sign in', ({ oidc }: KoaContextWithOIDC) => {
    return oidc.session?.accountId !== undefined && oidc.account === undefined
  })
  const weak = new Check('second_factor', 'the sign-in lacks a second factor', async ({ oidc }: KoaContextWithOIDC) => {
    return orUnavailable(lacksFactor(factors, oidc), module.errors)
  })
  const unwelcome = new Check('password_refused', 'passwords let nobody in any more', async ({ oidc }) => {
    return orUnavailable(isByRefusedPassword(refusing, oidc), module.errors)
  })
  const posing = new Check('provider_posing', 'the provider goes by another name', async ({ oidc }) => {
    return orUnavailable(isByPosingProvider(upstream, oidc.session?.acr), module.errors)
  })
  const unseen = new Check(
    'destination_not_allowed',
    'access was not allowed for this redirect_uri',
    'consent_required',
    async (context: KoaContextWithOIDC) => {
      if (firstParty.concerns(context)) return Check.NO_NEED_TO_PROMPT
      const { oidc } = context
      const grantId: string | undefined = oidc.entities.Grant?.jti
      const redirectUri = oidc.params?.['redirect_uri']
      return (
        grantId === undefined || !(await orUnavailable(wasAllowedFor(records, grantId, redirectUri), module.errors))
      )
    },
  )
  const ownSignIn = new Check('own_sign_in', 'nobody has to be asked', async (context: KoaContextWithOIDC) => {
    if (firstParty.concerns(context)) await orUnavailable(firstParty.allow(context), module.errors)
    return Check.NO_NEED_TO_PROMPT
  })
  // Where nobody has said when that was, it may be any time ago (OpenID Connect Core §3.1.2.1).
  const unsaid = new Check(
    'auth_time_unsaid',
    'the time of the sign-in is not known',
    ({ oidc }: KoaContextWithOIDC) => {
      const isAsked = oidc.params?.['max_age'] !== undefined && oidc.result?.login === undefined
      return isAsked && parseContext(oidc.session?.acr)?.authTime === 'unsaid'
    },
  )
  login.checks.add(gone)
  login.checks.add(weak)
  login.checks.add(unwelcome)
  login.checks.add(posing)
  login.checks.add(unsaid)
  consent.checks.add(unseen)
  policy.add(new Prompt({ name: 'own_sign_in' }, ownSignIn), policy.indexOf(consent))
  return policy
}

async function isByRefusedPassword(
  refusing: PolicyParts['refusing'],
  { account, session }: KoaContextWithOIDC['oidc'],
): Promise<boolean> {
  if (!(account instanceof IssuerAccount) || session?.accountId === undefined) return false
  return isRefusedPassword(refusing, session.amr, account.principal.tenant)
}

async function lacksFactor(
  factors: PolicyParts['factors'],
  { account, session }: KoaContextWithOIDC['oidc'],
): Promise<boolean> {
  if (factors === undefined || !(account instanceof IssuerAccount) || session?.accountId === undefined) return false
  if (session.amr?.some((method) => strongMethods.has(method)) === true) return false
  const { tenant, account: known } = account.principal
  const standing = await factors.standing(tenant, known.id)
  return standing.demand === 'required' || standing.factors.length > 0
}

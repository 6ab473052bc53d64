import type { Account } from '../../../core/identity/account-store.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { StepAnswer, Visit } from './interaction-step.js'
import { formatSubject } from './issuer-subject.js'
import type { SignInAudit } from './sign-in-audit.js'

export interface ProvenAccount {
  readonly tenant: Tenant
  readonly account: Account
  /** How, in the words of RFC 8176. */
  readonly methods: readonly string[]
}

/** The answer that lets an interaction go on as an account, on record first. Throws `UpstreamError` where it cannot be. */
export async function completeSignIn(
  audit: SignInAudit,
  { caller, interaction }: Visit,
  { account, methods, tenant }: ProvenAccount,
): Promise<StepAnswer> {
  await audit.record({ type: 'signin.completed', interaction, tenant, subject: account.id, caller })
  const login = { accountId: formatSubject(tenant, account), amr: [...methods], remember: true }
  return { kind: 'result', result: { login }, keepEarlier: false }
}

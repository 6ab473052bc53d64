import type { UpstreamTokenKeeper } from '../../../core/federation/token/upstream-token-keeper.js'
import type { UpstreamEnd } from '../../../core/federation/upstream-provider.js'
import type { Principal } from '../sign-in/account-directory.js'
import { parseContext } from './sign-in-context.js'

/** Looks after what sign-ins go back to. */
export type UpstreamAttention = Pick<UpstreamTokenKeeper, 'attend' | 'isPosing'>

/**
 * Why a sign-in that a token was made on is over where it was made, once it has ended; `undefined` where it stands, or was made here.
 * Throws `UpstreamError` where a database does not answer.
 */
export async function upstreamEndOf(
  attention: UpstreamAttention | undefined,
  acr: unknown,
  { account, tenant }: Principal,
): Promise<UpstreamEnd | undefined> {
  const context = parseContext(acr)
  if (attention === undefined || context === undefined) return undefined
  return attention.attend({ tenant, account: account.id, provider: context.provider, subject: context.subject })
}

/**
 * Whether a sign-in (`acr`) was made with a provider that goes by somebody else's name now. It counts for nothing until that is mended,
 * and as before then. Throws `UpstreamError`.
 */
export async function isByPosingProvider(attention: UpstreamAttention | undefined, acr: unknown): Promise<boolean> {
  const context = parseContext(acr)
  return attention !== undefined && context !== undefined && attention.isPosing(context.provider)
}

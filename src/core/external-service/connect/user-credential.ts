import type { CredentialMembers } from '../../credential/credential-store.js'
import type { Secret } from '../../credential/secret.js'
import { systemClock } from '../../runtime/clock.js'
import type { HeldCredential } from '../service-credential.js'
import type { UserTokens } from './service-authorization.js'

/** The tokens of a user as the credential store keeps them; those before give what an answer leaves out (RFC 6749 §6). */
export function membersOf({ accessToken, refreshToken, seconds }: UserTokens, before?: Secret): CredentialMembers {
  const kept = refreshToken ?? before
  return {
    access_token: accessToken.reveal(),
    ...(kept === undefined ? {} : { refresh_token: kept.reveal() }),
    ...(seconds === undefined ? {} : { expires_at: String(now() + seconds) }),
  }
}

/** How long kept tokens are good yet; `undefined` where the service did not say. */
export function secondsLeft({ expires_at: at }: CredentialMembers): number | undefined {
  return at === undefined ? undefined : Math.max(0, Number(at) - now())
}

/** What operations get of them: never what renews them. */
export function usableOf({ members, version }: HeldCredential): HeldCredential {
  const { access_token: token } = members
  return Object.freeze({ version, members: Object.freeze(token === undefined ? {} : { access_token: token }) })
}

function now(): number {
  return Math.floor(systemClock.now() / 1000)
}

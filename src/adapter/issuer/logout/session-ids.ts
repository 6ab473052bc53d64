import type Provider from 'oidc-provider'
import type { Client } from 'oidc-provider'

/**
 * Lets every client that hears of logouts know by its ID tokens which sign-in each is about (OpenID Connect Back-Channel Logout §2.1),
 * not only those that insist: by `sub` alone it would sign its user out everywhere (§2.4).
 */
export function nameSessions(provider: Provider): void {
  Object.assign(provider.Client.prototype, {
    includeSid(this: Client): boolean {
      return this.backchannelLogoutUri !== undefined
    },
  })
}

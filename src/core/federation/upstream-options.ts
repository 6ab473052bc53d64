import type { NetworkReach } from '../runtime/fetcher.js'
import type { UpstreamEndpoints, UpstreamKind, UpstreamUserMembers } from './upstream-provider.js'

/** Every kind, in the order in which they are offered. */
export const upstreamKinds: readonly UpstreamKind[] = ['google', 'github', 'keycloak', 'entra', 'oidc', 'oauth2']

/** A provider to sign in with, as an administrator writes it. What its kind fills in is left out. */
export interface UpstreamOptions {
  readonly kind: UpstreamKind
  /** What the button on the sign-in page says. Default: the provider's name, or the host of its issuer. */
  readonly name?: string
  /** What it calls itself, byte for byte. Google has one; for GitHub only that of an Enterprise Server is written. */
  readonly issuer?: string
  readonly clientId: string
  /** Left out for a public client, where the provider has such. */
  readonly clientSecret?: string
  /** Default: those that say who somebody is. `offline_access` asks for a token that renews others. */
  readonly scopes?: readonly string[]
  /** `oauth2` only. */
  readonly endpoints?: UpstreamEndpoints
  /** `oauth2` only: names of members, or JSON Pointers such as `/data/id`. What is left out, the provider does not say. */
  readonly members?: Pick<UpstreamUserMembers, 'subject'> & {
    readonly [Name in Exclude<keyof UpstreamUserMembers, 'subject'>]?: string
  }
  /** That the provider has PKCE with S256 although it does not say so: somebody has looked it up. */
  readonly pkce?: 'assumed'
  /** Other origins where its endpoints are. */
  readonly origins?: readonly string[]
  /** `oauth2` only: how the client secret is sent. Default: `body`. */
  readonly secretIn?: 'header' | 'body'
  /** `private` where it is in a company's own network or on this computer. Default: `public`. */
  readonly network?: NetworkReach
}

import type { UpstreamKind } from '../upstream-provider.js'

/** A provider as the database has it. */
export interface StoredProvider {
  /** UUID. */
  readonly id: string
  /** UUID of the one tenant whose users sign in with it. */
  readonly tenant: string
  /** The one application (client id) that it is for; `undefined`: all of them. */
  readonly application: string | undefined
  readonly kind: UpstreamKind
  /** What its button says; no other of the tenant has it. */
  readonly name: string
  /** As they were given, without the secret, not looked at yet. */
  readonly options: Readonly<Record<string, unknown>>
  readonly clientSecret: string | undefined
  /** Where its button stands among the others. */
  readonly position: number
  /** Another one after every change. */
  readonly revision: string
  /** Why its secret cannot be read, where it has one and that is so. */
  readonly fault?: string | undefined
}

/** The providers that an administrator has put into the database. Each method throws `UpstreamError`. */
export interface ProviderStore {
  /** Those of these tenants (UUIDs), of all of them where none are named, in the order of their buttons. */
  list(tenants?: readonly string[]): Promise<readonly StoredProvider[]>
  find(id: string): Promise<StoredProvider | undefined>
}

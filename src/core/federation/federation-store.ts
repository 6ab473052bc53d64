import type { AccountIdentity } from '../administration/account-identity.js'
import type { AuthorizationSecrets } from '../sign-in/login-transaction.js'

/** An invitation that somebody accepts by signing in with a provider. */
export interface Invitation {
  /** UUID of the tenant. */
  readonly tenant: string
  readonly accountId: string
  /** Of its link. */
  readonly digest: string
}

/** What a sign-in with a provider is about, from the button to the account. */
interface Common {
  /** The sign-in page that it goes on from and comes back to. Nobody else's to read. */
  readonly interaction: string
  /** UUIDs. */
  readonly provider: string
  readonly tenant: string
  /** Joins its rows of the audit trail. */
  readonly requestId: string
  readonly clientId: string | undefined
  /** Who proved before (seconds since the epoch) who they are has to do it again; `undefined`: nobody. */
  readonly freshFrom?: number | undefined
  /** What it accepts; `undefined`: it signs in. */
  readonly invitation?: Invitation | undefined
}

/** Out of one browser to the provider and back: begun -> exchanging -> identified -> used, each step once, or ended where it failed. */
export type Federation =
  | (Common & { readonly phase: 'begun'; readonly secrets: AuthorizationSecrets })
  /** The callback came, once; the provider is being asked. */
  | (Common & { readonly phase: 'exchanging' })
  /** Who it is there, and who that was here: looked up again when it is claimed. */
  | (Common &
      AccountIdentity & {
        readonly phase: 'identified'
        readonly accountId: string
        readonly authenticatedAt?: number | undefined
      })
  /** Nothing more can come of it; only that it was there is kept, to tell a replay from a guess. */
  | (Common & { readonly phase: 'used' })

export type FederationPhase<Name extends Federation['phase']> = Extract<Federation, { readonly phase: Name }>

/** Which row, by digests that lead back to nothing. */
export interface FederationKeys {
  readonly state: string
  /** Of all pages that one authorization request leads to. */
  readonly signIn: string
  readonly browser: string
}

export interface StoredFederation {
  readonly keys: FederationKeys
  readonly federation: Federation
}

/** Sign-ins with providers that are under way, for all processes. What has expired by the database's clock is not there. Each method throws `UpstreamError`. */
export interface FederationStore {
  /** Answers with how many the same sign-in has begun before. */
  create(stored: StoredFederation, expiresIn: number): Promise<number>
  findByState(state: string): Promise<StoredFederation | undefined>
  /** The newest of this sign-in and browser that has come back with an account. */
  findIdentified(keys: Omit<FederationKeys, 'state'>): Promise<StoredFederation | undefined>
  /** `true` for the one caller that took the step. */
  advance(stored: StoredFederation, next: Federation): Promise<boolean>
}

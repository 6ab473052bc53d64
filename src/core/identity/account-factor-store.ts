import type { Administrator } from '../administration/tenant-administration.js'
import type { RequestOrigin } from '../audit/request-origin.js'
import type { Tenant } from './tenant.js'

export type FactorKind = 'totp' | 'passkey'

export interface AccountFactor {
  readonly id: string
  readonly kind: FactorKind
  /** By the database's clock. */
  readonly createdAt: Date
  readonly usedAt: Date | undefined
}

/** A public key that an authenticator holds the private key of (WebAuthn). */
export interface Passkey {
  /** Base64url, as the authenticator named it. */
  readonly credentialId: string
  /** COSE, as it came. */
  readonly publicKey: Uint8Array
  /** How often the authenticator says that it has signed; 0 for one that does not count. */
  readonly signCount: number
}

/** What an authenticator app shares with us (RFC 6238). */
export interface TotpSecret {
  readonly id: string
  readonly secret: Uint8Array
}

/** What an account proves itself with besides its password. */
export interface FactorStanding {
  readonly factors: readonly AccountFactor[]
  readonly passkeys: readonly Passkey[]
  /** Whether it may not do without. */
  readonly demand: 'required' | 'optional'
  readonly recoveryCodes: {
    readonly left: number
    /** Whether its user is known to have them: `no` also where there are none. */
    readonly kept: 'yes' | 'no'
  }
}

export type NewFactor =
  | {
      readonly kind: 'totp'
      readonly secret: Uint8Array
      /** The step of the code that proved it, which is used up. */
      readonly step: number
    }
  | ({ readonly kind: 'passkey' } & Passkey)

export interface Enrolment {
  readonly factor: NewFactor
  /** `first`: refused where the account has got one meanwhile. */
  readonly as: 'first' | 'further'
}

/** An account whose own user changes it. */
export interface OwnAccount {
  readonly id: string
  /** Where its user asks from, for the record. */
  readonly origin?: RequestOrigin | undefined
}

/** Second factors, in each tenant's own database. Each method throws `UpstreamError`. */
export interface AccountFactorStore {
  standing(tenant: Tenant, accountId: string): Promise<FactorStanding>
  /** Of the account's authenticator app. Throws where it cannot be opened. */
  findTotp(tenant: Tenant, accountId: string): Promise<TotpSecret | undefined>
  /** Keeps it with a row on record; `false` where that may not be: another one came first. */
  add(tenant: Tenant, account: OwnAccount, enrolment: Enrolment): Promise<boolean>
  /** Uses up the code of a step and of those before: `true` for one of those that try. */
  useStep(tenant: Tenant, id: string, step: number): Promise<boolean>
  /** Takes the new count of a passkey: `false` where it is no further than it was. */
  useCount(tenant: Tenant, accountId: string, passkey: Pick<Passkey, 'credentialId' | 'signCount'>): Promise<boolean>
  /** Puts keyed digests in the place of those before, on record: nobody is known to have these codes yet. */
  replaceRecoveryCodes(tenant: Tenant, account: OwnAccount, digests: readonly string[]): Promise<void>
  /** Their user says that the codes of this set (`recoverySetOf`) are kept: `false` where they are other ones by now. */
  keepRecoveryCodes(tenant: Tenant, accountId: string, set: string): Promise<boolean>
  /** Uses up a recovery code, with a row on record: `true` for one of those that try, whose user has the others, too. */
  useRecoveryCode(tenant: Tenant, account: OwnAccount, digest: string): Promise<boolean>
  /**
   * Removes one factor, and with the last one the recovery codes, on record: not the last of an account that may not do without.
   */
  remove(tenant: Tenant, account: OwnAccount, id: string): Promise<FactorRemoval>
  /** Removes every factor with the recovery codes, on record; answers with what was removed. */
  removeAll(tenant: Tenant, accountId: string, by: Administrator): Promise<readonly AccountFactor[]>
  /** Says whether an account, or without one everybody, may do without, on record: `false` where it was so. */
  setDemand(tenant: Tenant, demand: FactorDemand, by: Administrator): Promise<boolean>
  /** Who may not do without: ids of accounts, or everybody. */
  demands(tenant: Tenant): Promise<{ readonly everybody: boolean; readonly accountIds: readonly string[] }>
}

/** `absent`: the account has no such factor. `needed`: it is its last, and one is asked for. */
export type FactorRemoval = 'removed' | 'absent' | 'needed'

export interface FactorDemand {
  /** `undefined` for everybody. */
  readonly accountId: string | undefined
  readonly demand: 'required' | 'optional'
}

import type { Tenant } from '../../identity/tenant.js'
import type { CredentialSource, ExternalService } from '../external-service.js'
import type { RotationPlan } from './rotation-plan.js'

/**
 * How far a rotation has come. `begun`: nothing has been written as far as is known. `written`: there is a new version, and the old one
 * is used. `retiring`: the new one is used, and the old one is still there.
 */
export type RotationPhase = 'idle' | 'begun' | 'written' | 'retiring'

/** Who has asked for it, as it goes on record. */
export type RotationActor = `cli:${string}` | 'schedule'

/** Where the new credential is from: an administrator, the application, or a secrets engine. */
export type RotationOrigin = 'given' | 'application' | 'engine'

/** A rotation that this process alone may go on with, for a while. */
export interface RotationClaim {
  /** UUID. */
  readonly id: string
  readonly tenant: Tenant
  readonly service: ExternalService
  readonly phase: RotationPhase
  /** In phase `begun` and `written`: the newest version before. */
  readonly after: number
  /** In phase `retiring`: the version that goes. */
  readonly retiring: number
  /** How many in a row. */
  readonly failures: number
  readonly origin: RotationOrigin
}

export type ClaimAnswer =
  | { readonly outcome: 'claimed'; readonly claim: RotationClaim }
  /** Another process has it; it ends or lapses within so many seconds. */
  | { readonly outcome: 'busy'; readonly seconds: number }
  /** There is no such service any more. */
  | { readonly outcome: 'absent' }

/** What is known of the rotation of a service. Points in time are seconds since the epoch, by the database's clock. */
export interface RotationStatus {
  /** UUID. */
  readonly service: string
  readonly name: string
  readonly plan: RotationPlan | undefined
  /** Where its credential is; `undefined` for a service that cannot be used as it is stored. */
  readonly from: CredentialSource['from'] | undefined
  readonly phase: RotationPhase
  readonly origin: RotationOrigin
  readonly now: number
  /** When the credential that is used has come into use. */
  readonly since: number
  /** Until when another process has it. */
  readonly claimedUntil: number | undefined
  readonly retireAt: number | undefined
  /** After a failure. */
  readonly retryAt: number | undefined
  /** Since when a server is to do it, and who wants that. */
  readonly askedAt: number | undefined
  readonly askedBy: RotationActor | undefined
  /** How many in a row. */
  readonly failures: number
  readonly last: LastRotation | undefined
}

/** How the last one ended. */
export interface LastRotation {
  readonly at: number
  readonly outcome: 'failed' | 'rotated'
  /** Of a failure, also of one to end the credential before. */
  readonly reason: string | undefined
  readonly by: string
}

export interface RotationFailure {
  readonly reason: string
  readonly by: RotationActor
  /**
   * `resumable`: whoever comes next goes on from the phase that it has come to. `repeatable`: it begins again, with the same attempt,
   * which may have made something. `given up`: what was made is ended.
   */
  readonly standing: 'given up' | 'repeatable' | 'resumable'
}

/**
 * How far the rotations of tenants have come. Each method throws `UpstreamError` when the tenant's database does not answer. What is
 * done for a claim that has lapsed, and that another process may have, is not done: the answer is `undefined` or `false` then.
 */
export interface RotationStore {
  claim(tenant: Tenant, name: string): Promise<ClaimAnswer>
  /** Notes that there is to be a version after this one; answers with the id of the attempt (UUID). */
  begin(claim: RotationClaim, intent: RotationIntent): Promise<string | undefined>
  /** Notes that it has been written. */
  written(claim: RotationClaim): Promise<boolean>
  /**
   * From now on `version` is used, everywhere, and that on record; `undefined`: what the engine makes from now on. `changed`: the service
   * is another one by now, or has another credential. `lost`: the claim has lapsed.
   */
  activate(
    claim: RotationClaim,
    version: number | undefined,
    by: RotationActor,
  ): Promise<'activated' | 'changed' | 'lost'>
  /**
   * From now on `version`, which has been written, goes: nobody resumes it, and the next attempt is another one. `false` where it is used
   * by now, and where the claim has lapsed: somebody else may have put it to use.
   */
  takeBack(claim: RotationClaim, version: number): Promise<boolean>
  /** The version that goes is no more. `left`: what of it may still be good at the service, which goes on record. */
  retired(claim: RotationClaim, left?: Pick<RotationFailure, 'by' | 'reason'>): Promise<boolean>
  /** Others may go on. */
  release(claim: RotationClaim): Promise<void>
  /** It is on record, and others may try after a while. `false` where the claim has lapsed. */
  fail(claim: RotationClaim, failure: RotationFailure): Promise<boolean>
  /** Whether the service is there no more, so that nobody goes on. */
  isGone(claim: RotationClaim): Promise<boolean>
  /** A server that can is to do it soon, on behalf of `by`. `false` where there is no such service. */
  ask(tenant: Tenant, name: string, by: RotationActor): Promise<boolean>
  /** Of every service that has a plan, or has been rotated. */
  statuses(tenant: Tenant): Promise<readonly RotationStatus[]>
}

/** What is about to be written. */
export interface RotationIntent {
  /** The newest version before. */
  readonly after: number
  readonly origin: RotationOrigin
}

import type { CredentialPlace, CredentialStore } from '../../credential/credential-store.js'
import type { Tenant } from '../../identity/tenant.js'
import type { Log } from '../../runtime/log.js'
import type { HeldCredential } from '../service-credential.js'
import type { CredentialCheck } from './credential-check.js'
import type { RotationTask } from './rotation-due.js'
import type { RotationActor, RotationClaim, RotationFailure, RotationStore } from './rotation-store.js'
import type { Rotator } from './rotator.js'

export interface RotationPorts {
  readonly credentials: CredentialStore
  readonly store: RotationStore
  readonly check: Pick<CredentialCheck, 'require'>
  readonly log: Log
}

export interface RotationOrder {
  readonly tenant: Tenant
  /** Of the service. */
  readonly name: string
  /** `undefined`: only what can be done without. */
  readonly rotator: Rotator | undefined
  readonly by: RotationActor
  /** `finish`: what was begun, and no more. Default: `replace`. */
  readonly task?: RotationTask
}

/** What became of a rotation. `resumed`: one that was cut off has come to its end; `finished`: the one before is tidied up. */
export type RotationOutcome =
  | ({ readonly outcome: 'resumed' | 'rotated'; readonly before: number; readonly version: number | undefined } & Told)
  | ({ readonly outcome: 'finished' } & Told)
  /** The old credential goes on. */
  | { readonly outcome: 'failed'; readonly reason: string; readonly standing: RotationFailure['standing'] }
  | { readonly outcome: 'busy'; readonly seconds: number }
  | { readonly outcome: 'absent' }

interface Told {
  /** What somebody has to look after, a sentence each. */
  readonly warnings: readonly string[]
}

/** How far a process has come with a rotation. */
export interface RotationWork {
  readonly order: RotationOrder
  claim: RotationClaim
  readonly warnings: string[]
  /** Whether the credential before is still to be destroyed. */
  untidy: boolean
  /** What the application has made now, wherever it is. */
  made: HeldCredential | undefined
  /** What was made and has not come to be used; of no version that the store has. */
  leftover: HeldCredential | undefined
  /** Whether a version that was written has to go on, whatever has failed. */
  isKept: boolean
  /** How a version that was written and has not come to be used goes. */
  takenBack: 'no' | 'begun' | 'done'
}

/** Where whoever has the claim begins. */
export function beginWork(order: RotationOrder, claim: RotationClaim): RotationWork {
  const isRetiring = claim.phase === 'retiring'
  const nothingMade = { made: undefined, leftover: undefined, isKept: false, takenBack: 'no' } as const
  return { order, claim, warnings: [], untidy: isRetiring, ...nothingMade }
}

/** Where the credential is in the store. */
export function placeOf({ service, tenant }: RotationClaim): CredentialPlace {
  return { tenant, service: service.id, account: undefined }
}

import type { Tenant } from '../../identity/tenant.js'
import type { ExternalService } from '../external-service.js'
import type { HeldCredential } from '../service-credential.js'
import type { CredentialRotator } from './credential-rotator.js'

/** One way to come by another credential. */
export type Rotator =
  /** What it gives is written into the store. `given`: an administrator has it from the service. */
  | { readonly kind: 'given' | 'application'; readonly credentials: CredentialRotator }
  | { readonly kind: 'engine'; readonly engine: EngineRotator }

/** What a secrets engine makes, each process for itself. */
export interface EngineRotator {
  /** Whether another credential can be had: one that is given back at once. Throws `RotationFault` and `UpstreamError`; all goes on then. */
  renew(rotated: RotatedService): Promise<TrialCredential>
}

/** A credential to try whether those of its kind work. */
export interface TrialCredential {
  /** `undefined` where it is the one that all use from now on. */
  readonly held: HeldCredential | undefined
  release(): Promise<void>
}

/** Whose credential is replaced, of which service. */
export interface RotatedService {
  readonly tenant: Tenant
  readonly service: ExternalService
}

/** Why there is no other credential, in words for an administrator. It quotes nothing that is secret. */
export class RotationFault extends Error {
  override readonly name = 'RotationFault'
}

import type { Secret } from '../../credential/secret.js'

/** Which credential of which service is meant. */
export interface RotationRequest {
  /** The slug of the tenant whose service it is. */
  readonly tenant: string
  readonly service: { readonly name: string; readonly url: string }
  /** The one that is used now, or the one to end. */
  readonly credential: Readonly<Record<string, Secret>>
  /** Ends with the time that there is for it: half a minute. */
  readonly signal: AbortSignal
}

/** What a new credential is wanted for. */
export interface CreationRequest extends RotationRequest {
  /** The same again until one has come to be used: what an earlier call with it has made may be replaced, or given again. */
  readonly attempt: string
}

/** How an application replaces the credential of a service by itself: it knows the service. */
export interface CredentialRotator {
  /** Makes another credential at the service, with the members that its kind has (`access_token`, `api_key`, …). The one that is used must go on. */
  create(request: CreationRequest): Promise<Readonly<Record<string, string>>>
  /** Ends a credential at the service that nobody uses any more, or that has not come to be used. Called again where it throws. */
  revoke?(request: RotationRequest): Promise<void>
}

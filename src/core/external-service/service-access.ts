import type { Secret } from '../credential/secret.js'
import { ServiceError } from '../error/service-error.js'
import { UpstreamError } from '../error/upstream-error.js'
import { secretTexts, type HeldCredential } from './service-credential.js'
import type { AdmittedService, ServiceDesk, ServiceVisit } from './service-desk.js'
import { readServiceRequest, serviceResponse, type ServiceRequestInit } from './service-request.js'

/** Who a service takes the caller for, as far as this server knows; nothing here is secret. */
export interface ServiceUserDetails {
  readonly service: string
  /** Whether the service knows the user, or the tenant as a whole. */
  readonly actsAs: 'user' | 'tenant'
  /** The user of the tenant on whose behalf it is used. */
  readonly subject: string
  readonly email: string | undefined
}

/** Whether a service can be used by this call, without asking the service. */
export type ServiceReadiness = 'ready' | 'sign_in_needed' | 'no_credential' | 'not_allowed' | 'unavailable'

/** @internal */
export interface ServiceAccessFields {
  readonly desk: ServiceDesk
  readonly visit: ServiceVisit
  /** Ends with the call. */
  readonly signal: AbortSignal
  /** Hears the texts that the operation now has. */
  readonly handedOut: (texts: readonly string[]) => void
  /** Hears what keeps the operation from a service for a while. */
  readonly met: (outage: UpstreamError) => void
}

/**
 * The external services that an operation has declared, for one call and its user. Ask for it as a parameter and name the services in
 * the decorator: `services: ['GitHub API Integration']`. Methods throw `ServiceError`, which says what is in the way, and
 * `UpstreamError` (`SECRETS_UNAVAILABLE`, `TENANT_UNAVAILABLE`); an operation need not catch either.
 */
export class ServiceAccess {
  readonly #fields: ServiceAccessFields
  /** Ends what is under way. */
  readonly #ends = new Set<() => void>()
  /** By service: one link for however many requests of the call need it. */
  readonly #invitations = new Map<string, Promise<ServiceError>>()

  /** @internal */
  constructor(fields: ServiceAccessFields) {
    this.#fields = fields
    // One listener for all requests: Node.js warns of many.
    fields.signal.addEventListener('abort', () => this.#ends.forEach((end) => end()), { once: true })
  }

  /**
   * Sends a request to a service, with its credential. `path` begins with `/` and never leaves the service's origin and base path;
   * it may have a query. Nothing is followed, stored or unpacked: a redirect is a `ServiceError`, any other status an answer.
   */
  async fetch(name: string, path: string, init: ServiceRequestInit = {}): Promise<Response> {
    const { desk, visit } = this.#fields
    const admitted = await this.#admit(name)
    const linked = this.#linked(init.signal)
    try {
      const request = readServiceRequest(admitted.service, path, { ...init, signal: linked.signal })
      linked.signal.throwIfAborted()
      const held = await this.#read(admitted)
      return serviceResponse(admitted.service, await desk.send(visit, admitted, { request, held }))
    } finally {
      linked.release()
    }
  }

  /** What stands for the tenant, or for its user, at a service: the API key or the access token. */
  async getServiceToken(name: string): Promise<Secret> {
    const { members } = await this.#credential(name)
    const token = members['access_token'] ?? members['api_key']
    if (token !== undefined) return token
    throw new ServiceError(
      'ERR_SERVICE_CREDENTIAL',
      name,
      `the credential of ${name} has no token: use fetch, or getServiceCredentials`,
    )
  }

  /** Every member of the credential, such as `username` and `password`. */
  async getServiceCredentials(name: string): Promise<Readonly<Record<string, Secret>>> {
    const { members } = await this.#credential(name)
    return members
  }

  /** Whom the service is used for. No credential is read. */
  async getServiceUserDetails(name: string): Promise<ServiceUserDetails> {
    const { connection } = await this.#admit(name)
    const { email, subject } = this.#fields.visit.caller.user
    return { service: name, actsAs: connection === undefined ? 'tenant' : 'user', subject, email }
  }

  /** Whether each declared service can be used now. No credential is read, and no service is asked. */
  async healthCheck(): Promise<Readonly<Record<string, ServiceReadiness>>> {
    const { services } = this.#fields.visit
    const entries = await Promise.all(services.map(async (name) => [name, await this.#readiness(name)] as const))
    return Object.fromEntries(entries)
  }

  /** Aborted with the call, or by `other`. Not `AbortSignal.any`: on Node.js 20 that forgets a timeout signal which nobody else holds. */
  #linked(other: AbortSignal | undefined): LinkedSignal {
    const { signal } = this.#fields
    const joint = new AbortController()
    const end = (): void => joint.abort((signal.aborted ? signal : other)?.reason)
    this.#ends.add(end)
    other?.addEventListener('abort', end, { once: true })
    if (signal.aborted || other?.aborted === true) end()
    return {
      signal: joint.signal,
      release: () => {
        this.#ends.delete(end)
        other?.removeEventListener('abort', end)
      },
    }
  }

  async #credential(name: string): Promise<HeldCredential> {
    return this.#read(await this.#admit(name))
  }

  /** Whoever keeps this longer than its call has nothing. */
  async #admit(name: string): Promise<AdmittedService> {
    const { desk, signal, visit } = this.#fields
    signal.throwIfAborted()
    return this.#asking(() => desk.admit(visit, name))
  }

  /** Whoever runs the operation knows its outages from others. */
  async #asking<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await this.#inviting(work)
    } catch (error) {
      if (error instanceof UpstreamError) this.#fields.met(error)
      throw error
    }
  }

  /** A user who has to sign in at the service first is told where. */
  async #inviting<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'ERR_SERVICE_CONNECT') throw error
      throw await this.#invitation(error)
    }
  }

  #invitation(refusal: ServiceError): Promise<ServiceError> {
    const { desk, visit } = this.#fields
    const invitation = this.#invitations.get(refusal.service) ?? desk.invitation(visit, refusal)
    this.#invitations.set(refusal.service, invitation)
    return invitation
  }

  async #read(admitted: AdmittedService): Promise<HeldCredential> {
    const { desk, handedOut, signal, visit } = this.#fields
    const held = await this.#asking(() => desk.credential(visit, admitted))
    handedOut(secretTexts(held))
    signal.throwIfAborted()
    return held
  }

  async #readiness(name: string): Promise<ServiceReadiness> {
    try {
      const { desk, signal, visit } = this.#fields
      signal.throwIfAborted()
      const { connection, service } = await desk.admit(visit, name)
      const { from } = service.source
      const kept = connection?.credentialVersion ?? service.credentialVersion
      return from === 'store' && kept === 0 ? 'no_credential' : 'ready'
    } catch (error) {
      if (!(error instanceof ServiceError)) return 'unavailable'
      return error.code === 'ERR_SERVICE_CONNECT' ? 'sign_in_needed' : 'not_allowed'
    }
  }
}

interface LinkedSignal {
  readonly signal: AbortSignal
  readonly release: () => void
}

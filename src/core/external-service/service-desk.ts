import type { AuditEvent, AuditFacts } from '../audit/audit-event.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { RequestOrigin } from '../audit/request-origin.js'
import { ServiceError, type ServiceErrorCode } from '../error/service-error.js'
import type { Caller } from '../identity/caller.js'
import { actorOf, requestFacts } from '../audit/actor-of.js'
import { askerOf } from '../operation/access.js'
import type { AccessExplanation } from '../permission/graph/explanation.js'
import { grantedBy, missingFor } from '../permission/graph/grounds.js'
import { PermissionGraph } from '../permission/graph/permission-graph.js'
import { FetchError, type FetchAnswer, type Fetcher } from '../runtime/fetcher.js'
import type { ConnectInviter } from './connect/connect-inviter.js'
import { isUserService } from './connect/user-service.js'
import type { CredentialReader, CredentialWish } from './reader/credential-reader.js'
import type { ExternalService } from './external-service.js'
import type { HeldCredential } from './service-credential.js'
import { introductionOf } from './service-credential.js'
import { recordedRead } from './recorded-read.js'
import { introduced, type ServiceRequest } from './service-request.js'
import type { ServiceConnection, ServiceStore } from './service-store.js'

export interface ServiceDeskPorts {
  readonly services: ServiceStore
  readonly credentials: CredentialReader
  readonly fetcher: Fetcher
  readonly audit: AuditLog
  /** Makes links to where users sign in at services. */
  readonly inviter?: Pick<ConnectInviter, 'invite'> | undefined
}

/** Who uses services: one call of one operation. */
export interface ServiceVisit {
  readonly caller: Caller
  /** As everything is now; `undefined` for whoever may not use the operation any more. Throws `UpstreamError` where that cannot be told. */
  readonly current: () => Promise<Caller | undefined>
  readonly operation: string
  /** What the operation has declared. */
  readonly services: readonly string[]
  /** The reference of the call. */
  readonly requestId: string
  /** Where the call comes from. */
  readonly origin?: RequestOrigin | undefined
}

/** A service that a visit may use. */
export interface AdmittedService {
  readonly service: ExternalService
  readonly connection: ServiceConnection | undefined
  /** What granted, for the record. */
  readonly via: readonly string[]
}

/** Where operations get at services and their credentials: what is not declared, known and allowed here is not used. */
export class ServiceDesk {
  readonly #ports: ServiceDeskPorts

  constructor(ports: ServiceDeskPorts) {
    this.#ports = ports
  }

  /** Throws `ServiceError` for what may not be used, with `ERR_SERVICE_CONNECT` where the user has to sign in there first; `UpstreamError`. */
  async admit(visit: ServiceVisit, name: string): Promise<AdmittedService> {
    const { operation, services } = visit
    if (!services.includes(name)) {
      const message = `${operation} does not declare that it uses ${name}: add it to \`services\` of its decorator`
      throw await this.#refused(visit, new ServiceError('ERR_SERVICE_UNDECLARED', name, message))
    }
    const caller = await visit.current()
    if (caller === undefined) {
      const message = `this user may not use ${operation} any more, and so not ${name}`
      throw await this.#refused(visit, new ServiceError('ERR_SERVICE_DENIED', name, message))
    }
    const service = await this.#ports.services.find(caller.tenant, name)
    if (service === undefined) {
      const message = `the tenant ${caller.tenant.slug} has no service ${name}`
      throw await this.#refused(visit, new ServiceError('ERR_SERVICE_UNKNOWN', name, message))
    }
    const decision = decisionOn(caller, service)
    if (decision.verdict !== 'allow') {
      const refusal = new ServiceError('ERR_SERVICE_DENIED', name, `this user may not use ${name}`)
      throw await this.#refused(visit, refusal, missingFor(decision))
    }
    const via = grantedBy(decision)
    if (!isUserService(service)) return { service, connection: undefined, via }
    const user = { issuer: caller.issuer, subject: caller.user.subject }
    const connection = await this.#ports.services.connection(caller.tenant, service.id, user)
    if (connection !== undefined) return { service, connection, via }
    throw new ServiceError('ERR_SERVICE_CONNECT', name, `this user has not signed in at ${name} yet`)
  }

  /** What the operation is told where its user has to sign in at the service first: with a link, where the user can. Throws `UpstreamError`. */
  async invitation({ caller }: ServiceVisit, refusal: ServiceError): Promise<ServiceError> {
    const service = await this.#ports.services.find(caller.tenant, refusal.service)
    if (service === undefined) return refusal
    return (await this.#ports.inviter?.invite(caller, service)) ?? refusal
  }

  /**
   * The credential, once it is on record that it was read. Throws `ServiceError` and `UpstreamError`: what was read is not handed out then,
   * and why is on record.
   */
  async credential(visit: ServiceVisit, admitted: AdmittedService): Promise<HeldCredential> {
    const { connection, service, via } = admitted
    const named =
      service.source.from === 'store'
        ? { version: connection?.credentialVersion ?? service.credentialVersion }
        : { role: service.source.path }
    const detail = { service: service.name, via, ...named }
    return recordedRead(
      {
        audit: this.#ports.audit,
        event: { ...eventOf(visit), detail },
        found: foundIn,
      },
      () => this.#ports.credentials.read(wishOf(visit, admitted)),
    )
  }

  /** The answer of the service. A credential that it does not take is read again by the next call. Throws `ServiceError`. */
  async send(visit: ServiceVisit, admitted: AdmittedService, sent: SentRequest): Promise<FetchAnswer> {
    const { service } = admitted
    const introduction = introductionOf(service, sent.held)
    if (introduction === undefined) {
      const message = `the credential of ${service.name} is not one of its kind (${service.auth.type})`
      throw new ServiceError('ERR_SERVICE_CREDENTIAL', service.name, message)
    }
    const answer = await this.#ask(service, sent.request, introduction)
    if (answer.status === 401) this.#ports.credentials.drop(wishOf(visit, admitted), sent.held)
    return answer
  }

  async #ask(service: ExternalService, request: ServiceRequest, by: NonNullable<Introduction>): Promise<FetchAnswer> {
    try {
      return await this.#ports.fetcher.fetch(introduced(request, by, service))
    } catch (error) {
      if (!(error instanceof FetchError)) throw error
      throw new ServiceError(codeOf(error), service.name, `${service.name} gave no answer: ${error.message}`)
    }
  }

  /** On record, whatever becomes of the call. */
  async #refused(visit: ServiceVisit, error: ServiceError, missing?: readonly string[]): Promise<ServiceError> {
    const detail = { service: error.service.slice(0, 128), ...(missing && { missing }) }
    await this.#ports.audit.record({
      ...{ ...eventOf(visit), type: 'credential.read', reason: error.code },
      detail,
    })
    return error
  }
}

/** A request with what shows who asks. */
export interface SentRequest {
  readonly request: ServiceRequest
  readonly held: HeldCredential
}

/** What stands in the way of an answer, now or as long as nobody changes something. */
function codeOf({ failure }: FetchError): ServiceErrorCode {
  if (failure === 'too-large') return 'ERR_SERVICE_ANSWER'
  return failure === 'timeout' || failure === 'unreachable' ? 'ERR_SERVICE_UNREACHABLE' : 'ERR_SERVICE_SETUP'
}

type Introduction = ReturnType<typeof introductionOf>

/** Decided by the same evaluation as everything else. */
function decisionOn(caller: Caller, { name, requirement }: ExternalService): AccessExplanation {
  const item = { name, protection: { access: 'protected', requirement } } as const
  return new PermissionGraph([item]).explain(item, askerOf({ caller }))
}

function eventOf({ caller, operation, origin, requestId }: ServiceVisit): Omit<AuditEvent, 'type'> {
  return { ...actorOf(caller), requestId, operation, ...requestFacts(caller, origin) }
}

function foundIn({ lease, version }: HeldCredential): AuditFacts {
  if (lease !== undefined) return { lease }
  return version === 0 ? {} : { version }
}

function wishOf({ caller }: ServiceVisit, { connection, service }: AdmittedService): CredentialWish {
  return { tenant: caller.tenant, service, connection }
}

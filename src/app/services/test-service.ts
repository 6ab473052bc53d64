import { randomUUID } from 'node:crypto'
import { createFetcher } from '../../adapter/net/create-fetcher.js'
import { quoted } from '../../core/administration/known-names.js'
import { ServiceError } from '../../core/error/service-error.js'
import { StoredCredentialReader } from '../../core/external-service/reader/credential-reader.js'
import type { ExternalService } from '../../core/external-service/external-service.js'
import { recordedRead } from '../../core/external-service/recorded-read.js'
import { introductionOf } from '../../core/external-service/service-credential.js'
import { introduced, readServiceRequest, type ServiceRequest } from '../../core/external-service/service-request.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { FetchError, type FetchRequest } from '../../core/runtime/fetcher.js'
import { withTenant, type Installation, type TenantPlace } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { findService, usableService } from './find-service.js'
import { withCredentials } from './with-credentials.js'

/** What a service has answered to its credential. */
export interface ServiceReport {
  /** Slug. */
  readonly tenant: string
  readonly name: string
  /** What was asked for, without the credential. */
  readonly url: string
  /** Of the answer, whose headers and body nobody has seen; `undefined` where there was none. */
  readonly status: number | undefined
  /** A sentence each. */
  readonly problems: readonly string[]
  readonly outcome: 'passed' | 'failed'
}

/**
 * Sends one GET with the credential, as an operation would. Throws `RefusedError` for a service that is not there, or whose credential
 * is none that is sent; `ServiceError` for a path that leads elsewhere.
 */
export async function testService(place: TenantPlace, name: string, path: string): Promise<ServiceReport> {
  return withTenant(place, async (work) => {
    const { postgres, tenant } = work
    const service = usableService(await findService(postgres, tenant, name))
    refuseUntestable(service)
    const request = read(service, path)
    const { problems, status } = await ask(await withCredential({ ...work, service }, request))
    const outcome = problems.length === 0 ? 'passed' : 'failed'
    return { tenant: tenant.slug, name, url: request.address.href, status, problems, outcome }
  })
}

function refuseUntestable({ auth, credentialVersion, name, source }: ExternalService): void {
  if (auth.type === 'oauth2') {
    throw new RefusedError(`${quoted(name)} is asked with tokens, which only a running server gets for its client`)
  }
  if (source.from !== 'store') throw new RefusedError(`the credential of ${quoted(name)} is made for a running server`)
  if (credentialVersion === 0) {
    throw new RefusedError(`${quoted(name)} has no credential yet: authsec service set-credential`)
  }
}

function read(service: ExternalService, path: string): ServiceRequest {
  try {
    return readServiceRequest(service, path, {})
  } catch (error) {
    if (error instanceof ServiceError) throw new RefusedError(error.message, { cause: error })
    throw error
  }
}

interface Testing extends Installation {
  readonly tenant: Tenant
  readonly service: ExternalService
}

/** The request, once it is on record that its credential was read. */
async function withCredential(testing: Testing, request: ServiceRequest): Promise<FetchRequest> {
  const { by, postgres, service, tenant } = testing
  const detail = { service: service.name, version: service.credentialVersion }
  const event = { tenant, subject: by, requestId: randomUUID(), operation: 'service.test', detail }
  return recordedRead({ audit: postgres.audit, event }, () => introduce(testing, request))
}

async function introduce(testing: Testing, request: ServiceRequest): Promise<FetchRequest> {
  const { service, tenant } = testing
  return withCredentials(testing, async (store) => {
    const reader = new StoredCredentialReader(store)
    const held = await reader.read({ tenant, service, connection: undefined }).catch((error: unknown) => {
      if (error instanceof ServiceError) throw new RefusedError(`${error.message}: authsec service set-credential`)
      throw error
    })
    const by = introductionOf(service, held)
    if (by !== undefined) return introduced(request, by, service)
    throw new RefusedError(`the credential of ${quoted(service.name)} is not one of its kind (${service.auth.type})`)
  })
}

async function ask(request: FetchRequest): Promise<Pick<ServiceReport, 'problems' | 'status'>> {
  try {
    const { status } = await createFetcher().fetch(request)
    return { status, problems: problemsOf(status) }
  } catch (error) {
    if (error instanceof FetchError) return { status: undefined, problems: [error.message] }
    throw error
  }
}

function problemsOf(status: number): readonly string[] {
  if (status === 401) return ['it does not take the credential']
  if (status === 403) return ['it does not let the credential do this, or does not take it']
  if (status >= 500) return ['it is out of order']
  return status >= 400 ? ['its answer says nothing about the credential: name something that is there with --path'] : []
}

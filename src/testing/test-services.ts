import { randomUUID } from 'node:crypto'
import type { AuditLog } from '../core/audit/audit-log.js'
import { SecretsInUse } from '../core/credential/secrets-in-use.js'
import type { ExternalService } from '../core/external-service/external-service.js'
import { readServiceOptions } from '../core/external-service/read-service-options.js'
import type { CredentialReader } from '../core/external-service/reader/credential-reader.js'
import { heldCredential, neededMembers } from '../core/external-service/service-credential.js'
import { ServiceDesk } from '../core/external-service/service-desk.js'
import type { ServiceStore } from '../core/external-service/service-store.js'
import type { ServicePorts } from '../core/operation/call-services.js'
import { FetchError, type FetchAnswer, type Fetcher, type FetchRequest } from '../core/runtime/fetcher.js'
import type { TestService } from './test-service.js'

interface Stand {
  readonly service: ExternalService
  readonly given: TestService
}

/** Services for the real desk, behind no network. Throws `ConfigurationError` for one that no tenant could have. */
export function testServices(given: Readonly<Record<string, TestService>>, audit: AuditLog): ServicePorts {
  const stands = Object.entries(given).map(([name, one]): Stand => ({ given: one, service: serviceOf(name, one) }))
  const services: ServiceStore = {
    find: async (_tenant, name) => stands.find(({ service }) => service.name === name)?.service,
    connection: async (_tenant, id, { subject }) => {
      const connected = standOf(stands, id).given.connected ?? (() => true)
      return connected(subject)
        ? { id: `${id}-${subject}`, credentialVersion: 1, expiresAt: undefined, age: 'fresh' }
        : undefined
    },
  }
  const fetcher: Fetcher = { fetch: (request) => ask(stands, request) }
  const desk = new ServiceDesk({ services, credentials: readerOf(stands), fetcher, audit })
  return { desk, inUse: new SecretsInUse() }
}

function serviceOf(
  name: string,
  { answer: _, connected: _connected, credential: _credential, ...options }: TestService,
) {
  const settings = readServiceOptions({
    // A host for each, by which its requests are told from those of others.
    ...{ url: `https://${randomUUID()}.service.test`, auth: { type: 'bearer_token' }, requirement: {} },
    ...options,
  })
  return { ...settings, id: randomUUID(), name, credentialVersion: 1, revision: '1' }
}

function readerOf(stands: readonly Stand[]): CredentialReader {
  const kept = stands.map(({ given, service }) => {
    const names = service.auth.type === 'oauth2' ? ['access_token'] : neededMembers(service.auth)
    const madeUp = (): Readonly<Record<string, string>> =>
      Object.fromEntries(names.map((member) => [member, `test-${randomUUID()}`]))
    return [service.id, heldCredential(1, given.credential ?? madeUp())] as const
  })
  const held = new Map(kept)
  return {
    read: async ({ service }) => held.get(service.id) ?? heldCredential(0, {}),
    drop: () => undefined,
  }
}

async function ask(
  stands: readonly Stand[],
  { body, headers, method, signal, url }: FetchRequest,
): Promise<FetchAnswer> {
  const [stand] = stands
    .filter(({ service }) => isBelow(url, service.url))
    .toSorted((a, b) => b.service.url.length - a.service.url.length)
  if (stand === undefined) throw new FetchError('unreachable', 'no service of this test is there')
  const request = new Request(url, {
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers }),
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
  })
  const answer = await stand.given.answer(request)
  const { status } = answer
  if (status >= 300 && status < 400 && status !== 304) throw new FetchError('redirect', 'it answered with a redirect')
  return { status, headers: new Map(answer.headers), body: new Uint8Array(await answer.arrayBuffer()) }
}

function standOf(stands: readonly Stand[], id: string): Stand {
  const stand = stands.find(({ service }) => service.id === id)
  if (stand === undefined) throw new TypeError('no service of this test has this id')
  return stand
}

function isBelow(url: string, base: string): boolean {
  return url === base || url.startsWith(`${base}/`) || url.startsWith(`${base}?`)
}

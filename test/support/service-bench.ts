import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFetcher } from '../../src/adapter/net/create-fetcher.js'
import { createServiceTokenSource } from '../../src/adapter/oauth/service/service-token-source.js'
import { SecretsInUse } from '../../src/core/credential/secrets-in-use.js'
import { ClientCredentialsReader } from '../../src/core/external-service/reader/client-credentials-reader.js'
import { StoredCredentialReader } from '../../src/core/external-service/reader/credential-reader.js'
import { EngineRoles, type AllowedRole } from '../../src/core/external-service/engine-roles.js'
import { EngineReader } from '../../src/core/external-service/reader/engine-reader.js'
import { ReaderByKind } from '../../src/core/external-service/reader/reader-by-kind.js'
import type { Log } from '../../src/core/runtime/log.js'
import type { SecretsEngine } from '../../src/core/credential/secrets-engine.js'
import type { ExternalService } from '../../src/core/external-service/external-service.js'
import type { ServiceAccess } from '../../src/core/external-service/service-access.js'
import { ServiceDesk } from '../../src/core/external-service/service-desk.js'
import type { Caller } from '../../src/core/identity/caller.js'
import type { CallChannel } from '../../src/core/operation/call-channel.js'
import { CallContext } from '../../src/core/operation/call-context.js'
import { Guard } from '../../src/core/operation/guard.js'
import { OperationCatalogue } from '../../src/core/operation/operation-catalogue.js'
import { acme, sampleCaller, sampleOperation } from './core-samples.js'
import { MemoryAuditLog } from './memory-audit-log.js'
import { MemoryCredentials, MemoryServices, sampleService } from './memory-services.js'
import { listenHttp, type TestListener } from './test-listener.js'

/** What a tool does with the services of its call. */
export type UseServices = (services: ServiceAccess, call: CallContext) => unknown

/** What the service was sent. */
export interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** What a tool answered. */
export interface ToolAnswer {
  readonly text: string
  readonly isError: boolean
}

const rolesOfAcme = ['database/creds/reports', 'database/static-creds/reports'].map((path) => ({
  tenant: acme.id,
  path,
}))

/** A real service on this computer, tools that use it through the guard, and everything in between. */
export class ServiceBench {
  readonly audit = new MemoryAuditLog()
  readonly services = new MemoryServices()
  readonly credentials = new MemoryCredentials()
  readonly seen: SeenRequest[] = []
  readonly lines: string[] = []
  /** What the service answers. */
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    void response.end(JSON.stringify({ repositories: 42 }))
  readonly #desk: ServiceDesk
  readonly #engine: EngineReader
  readonly #inUse = new SecretsInUse()
  #listener: TestListener | undefined

  /** `engine`: what makes credentials by itself; of which roles for whom, `allowed` says. */
  constructor(engine?: SecretsEngine, allowed: readonly AllowedRole[] = rolesOfAcme, grace = 0) {
    const stored = new StoredCredentialReader(this.credentials)
    const tokens = createServiceTokenSource(createFetcher())
    const log: Log = { write: (level, message, fields) => this.#write(level, message, fields) }
    this.#engine = new EngineReader({ engine, roles: new EngineRoles(allowed), log, grace })
    const clientCredentials = new ClientCredentialsReader(stored, tokens)
    this.#desk = new ServiceDesk({
      services: this.services,
      credentials: new ReaderByKind({ stored, clientCredentials, users: stored, engine: this.#engine }),
      fetcher: createFetcher({ milliseconds: 5_000, mostUrlCharacters: 16_384 }),
      audit: this.audit,
    })
  }

  async open(): Promise<void> {
    this.#listener = await listenHttp((request, response) => void this.#take(request, response), '127.0.0.1')
  }

  async close(): Promise<void> {
    this.#engine.close()
    await this.#listener?.close()
  }

  /** Where the service is. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener?.port}`
  }

  /** Makes a service of Acme known, with its credential. */
  async provide(
    changes: Partial<ExternalService>,
    members: Readonly<Record<string, string>>,
    tenant = acme,
  ): Promise<ExternalService> {
    const service = sampleService({ url: this.url, ...changes })
    this.services.put(tenant, service)
    const place = { tenant, service: service.id, account: undefined }
    await this.credentials.write(place, members, await this.credentials.newest(place))
    return service
  }

  /** Calls a tool that declares these services. */
  async call(use: UseServices, options: CallOptions = {}): Promise<ToolAnswer> {
    const {
      args = {},
      caller = sampleCaller(),
      channel = { signal: new AbortController().signal },
      renew = async (same) => same,
      services = ['GitHub'],
    } = options
    const operation = sampleOperation({
      services,
      invoke: (_input, call) => {
        const access = CallContext.servicesOf(call)
        if (access === undefined) throw new TypeError('there are no services')
        return use(access, call)
      },
    })
    const guard = new Guard({
      catalogue: new OperationCatalogue([operation]),
      callers: { renew },
      audit: this.audit,
      log: { write: (level, message, fields) => this.#write(level, message, fields) },
      services: { desk: this.#desk, inUse: this.#inUse },
    })
    const outcome = await guard.call({ name: operation.name, args, caller, channel })
    if (outcome.outcome === 'unknown') return { text: 'unknown', isError: true }
    const { content, isError } = outcome.result
    return { text: content.map((part) => ('text' in part ? part.text : '')).join(''), isError: isError === true }
  }

  #write(level: string, message: string, fields: unknown): void {
    this.lines.push(`${level} ${message} ${this.#shown(fields)}`)
  }

  #shown(fields: unknown): string {
    return JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? value.stack : value))
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk as Uint8Array)
    const { headers, method = '', url = '' } = request
    this.seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
    this.answer(request, response)
  }
}

export interface CallOptions {
  readonly args?: unknown
  readonly caller?: Caller
  readonly channel?: CallChannel
  /** The caller as everything is now. */
  readonly renew?: (caller: Caller) => Promise<Caller | undefined>
  readonly services?: readonly string[]
}

import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../core/audit/audit-event.js'
import type { AuditLog } from '../core/audit/audit-log.js'
import { MasterKey } from '../core/credential/master-key.js'
import type { Actor } from '../core/identity/actor.js'
import type { Caller } from '../core/identity/caller.js'
import type { Tenant } from '../core/identity/tenant.js'
import { UserContext } from '../core/identity/user-context.js'
import { RateLimitError } from '../core/error/rate-limit-error.js'
import type { CallChannel } from '../core/operation/call-channel.js'
import { CallCounter } from '../core/operation/call-counter.js'
import { Guard, type CallOutcome } from '../core/operation/guard.js'
import { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import { similarName } from '../core/permission/lint/similar-name.js'
import { categories, grantsOf, type Grants } from '../core/permission/grants.js'
import { holdingOfAll } from '../core/permission/holding.js'
import type { LogLevel } from '../core/runtime/log.js'
import { assemble, type AssemblyOptions } from '../framework/container/assemble.js'
import { InMemoryRateLimiter } from './in-memory-rate-limiter.js'
import type { TestService } from './test-service.js'
import { testServices } from './test-services.js'

/** Who calls in a test; whatever is not given is empty. */
export interface TestCaller extends Partial<Grants> {
  readonly subject?: string
  readonly email?: string
  readonly name?: string
  /** Slug; default `test`. */
  readonly tenantId?: string
  readonly clientId?: string
  /** Who acts for the user, such as an agent. */
  readonly actor?: Actor
}

/** What a caller got: `unknown` where the operation is hidden from them or absent, `limited` for one call too many. */
export interface TestAnswer {
  readonly outcome: 'answered' | 'limited' | 'unknown'
  readonly isError: boolean
  /** All text parts, joined by newlines. */
  readonly text: string
  readonly structured: Readonly<Record<string, unknown>> | undefined
  /** Seconds to wait after a call too many. */
  readonly retryAfter: number | undefined
}

export interface TestClient {
  /** The names this caller may use, in the order of declaration. */
  list(): readonly string[]
  /**
   * Calls through the real guard: decision, audit, validation, injection, handler. Arguments arrive in their JSON form. Throws
   * `TypeError` for a name that no tool has: tools are named in snake_case unless their decorator says otherwise.
   */
  call(name: string, args?: unknown, channel?: Partial<CallChannel>): Promise<TestAnswer>
}

export interface TestApp {
  /** A caller who effectively holds these grants. */
  as(caller: TestCaller): TestClient
  /** Somebody without a token, who sees what is `@Public`. */
  anonymous(): TestClient
  /** Everything on record so far, oldest first. */
  readonly audit: readonly AuditEvent[]
  /** What handlers failed with; callers see a reference only. */
  readonly failures: readonly unknown[]
  /** Runs the `onClose` hooks. */
  close(): Promise<void>
}

export interface TestAppOptions extends Partial<AssemblyOptions> {
  /** The external services of the tenant, by the names that operations declare. */
  readonly services?: Readonly<Record<string, TestService>>
}

/**
 * Your classes behind the real guard, in process: no network, no database, no token. Limits count here too, by `Date.now()`, so
 * that fake timers can end their windows; everybody `anonymous()` is at one address.
 * Throws `ConfigurationError` as the server would when it starts.
 *
 * @example
 * ```ts
 * const app = await createTestApp({ servers: [ResourceServer] })
 * expect(app.as({ roles: ['admin'] }).list()).toContain('admin_panel')
 * expect(app.as({}).list()).not.toContain('admin_panel')
 * ```
 */
export async function createTestApp({ services = {}, ...options }: TestAppOptions): Promise<TestApp> {
  refuseUnknown('createTestApp', options, ['servers', 'tools', 'providers'])
  const assembly = assemble({ ...options, servers: options.servers ?? [] })
  const catalogue = new OperationCatalogue(assembly.operations)
  const audit: AuditEvent[] = []
  const failures: unknown[] = []
  const log = collect(audit)
  const guard = new Guard({
    ...{ catalogue, audit: log, log: { write: keepErrors(failures) }, services: testServices(services, log) },
    // Digests of arguments are those of this app alone, as of an installation.
    keyring: MasterKey.generate(),
    counter: new CallCounter({ limiter: new InMemoryRateLimiter(), application: 'test' }),
    // Who a test calls as stays who it is.
    callers: { renew: async (caller) => caller },
  })
  await assembly.start()
  return {
    as: (caller) => client({ catalogue, guard }, callerOf(caller)),
    anonymous: () => client({ catalogue, guard }, undefined),
    audit,
    failures,
    close: () => assembly.close(),
  }
}

interface Tested {
  readonly catalogue: OperationCatalogue
  readonly guard: Guard
}

function client({ catalogue, guard }: Tested, caller: Caller | undefined): TestClient {
  return {
    list: () => guard.list({ caller }).map(({ name }) => name),
    async call(name, args = {}, channel = {}) {
      refuseUnknownTool(catalogue, name)
      const signal = channel.signal ?? new AbortController().signal
      const sent: unknown = JSON.parse(JSON.stringify(args))
      try {
        return answerOf(await guard.call({ name, args: sent, caller, channel: { ...channel, signal } }))
      } catch (error) {
        if (error instanceof RateLimitError) return { ...empty, outcome: 'limited', retryAfter: error.secondsLeft }
        throw error
      }
    },
  }
}

const empty = { isError: false, text: '', structured: undefined, retryAfter: undefined }

function answerOf(outcome: CallOutcome): TestAnswer {
  if (outcome.outcome === 'unknown') return { ...empty, outcome: 'unknown' }
  const { content, structuredContent, isError } = outcome.result
  const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  const text = texts.join('\n')
  return { ...empty, outcome: 'answered', isError: isError === true, text, structured: structuredContent }
}

/** A name that no tool has would look like one that is hidden. */
function refuseUnknownTool({ permissions }: OperationCatalogue, name: string): void {
  if (permissions.find(name) !== undefined) return
  const names = permissions.items.map((item) => item.name)
  const similar = similarName(name, names)
  const advice = similar === undefined ? `there are ${names.join(', ')}` : `did you mean ${similar.name}?`
  throw new TypeError(`no tool is called ${name}; ${advice}`)
}

/** A slip of the pen must not make a test pass for the wrong reason. */
function refuseUnknown(where: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new TypeError(`${where} does not know ${unknown.join(', ')}; it knows ${known.join(', ')}`)
}

function callerOf(caller: TestCaller): Caller {
  refuseUnknown('as()', caller, ['subject', 'email', 'name', 'tenantId', 'clientId', 'actor', ...categories])
  for (const category of categories) {
    const names: unknown = caller[category] ?? []
    if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
      throw new TypeError(`as(): ${category} is a list of names`)
    }
  }
  const slug = caller.tenantId ?? 'test'
  const tenant: Tenant = { id: `tenant-${slug}`, slug, name: slug }
  const holding = holdingOfAll(grantsOf(grantsIn(caller)))
  const user = new UserContext({
    subject: caller.subject ?? randomUUID(),
    email: caller.email ?? 'user@example.test',
    name: caller.name,
    tenantId: slug,
    grants: holding.effective,
  })
  const expiresAt = Math.floor(Date.now() / 1000) + 600
  const clientId = caller.clientId ?? 'test-client'
  const issuer = 'https://issuer.example.test'
  const credential = { kind: 'bearer', issuedAt: 0 } as const
  const grantDigest = `grant-${clientId}`
  return {
    ...{ user, tenant, issuer, tenantClaim: slug, clientId, actor: caller.actor, grantDigest, expiresAt, credential },
    ...{ holding, policyVersion: 'test', readAt: performance.now() },
  }
}

function grantsIn({ roles, groups, scopes, resources, permissions }: TestCaller): Partial<Grants> {
  return {
    ...(roles === undefined ? {} : { roles }),
    ...(groups === undefined ? {} : { groups }),
    ...(scopes === undefined ? {} : { scopes }),
    ...(resources === undefined ? {} : { resources }),
    ...(permissions === undefined ? {} : { permissions }),
  }
}

function collect(audit: AuditEvent[]): AuditLog {
  const keep = (event: AuditEvent): void => void audit.push(event)
  return { record: async (event) => keep(event), retain: keep, count: keep, flush: async () => {} }
}

function keepErrors(failures: unknown[]) {
  return (level: LogLevel, _message: string, fields?: Readonly<Record<string, unknown>>): void => {
    if (level === 'error') failures.push(fields?.['error'])
  }
}

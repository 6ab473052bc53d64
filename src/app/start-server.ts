import { createIssuer, type Issuer } from '../adapter/issuer/create-issuer.js'
import { PasswordHasher } from '../adapter/issuer/password-hasher.js'
import { createMcpEdge, type McpEdge } from '../adapter/mcp/http/create-mcp-edge.js'
import { createTokenVerifier } from '../adapter/token/create-token-verifier.js'
import type { AdmittedTenants, Application } from '../core/identity/application.js'
import { Authenticator } from '../core/operation/authenticator.js'
import { Guard } from '../core/operation/guard.js'
import type { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import { scopesNamedBy } from '../core/permission/requirement.js'
import { systemClock } from '../core/runtime/clock.js'
import type { Log } from '../core/runtime/log.js'
import type { Assembly } from '../framework/container/assemble.js'
import type { SeedTenant } from './development/development-seed.js'
import { ClosingStack } from './closing-stack.js'
import { createHealthHandler } from './health.js'
import { openListener, type Listener } from './listener.js'
import { openData, type Data } from './open-data.js'
import { accountsFile, type LocalAccount } from './development/local-accounts.js'
import { prepareApplication } from './prepare-application.js'
import { announceServer, withdrawServer } from './development/running-server.js'
import { isLoopback, type Settings } from './settings/settings.js'

export interface ServerOptions {
  readonly settings: Settings
  readonly log: Log
  readonly assembly: Assembly
  readonly catalogue: OperationCatalogue
  readonly appName: string
  readonly admits: AdmittedTenants | undefined
  readonly sessions: 'stateful' | 'stateless'
  readonly seed: readonly SeedTenant[]
}

export interface RunningApp {
  readonly url: string
  readonly oauthUrl: string
  readonly accountsFile: string
  readonly created: readonly LocalAccount[]
  close(): Promise<void>
}

const drainMilliseconds = 8_000

/** Composes and starts a server: listener, data, issuer, guard, protocol edge. What was started before a failure is stopped again. */
export async function startServer(options: ServerOptions): Promise<RunningApp> {
  const stack = new ClosingStack()
  try {
    const { settings, log } = options
    const listener = await openListener({ host: settings.host, port: settings.port, log })
    stack.add(() => listener.close(drainMilliseconds))
    const publicUrl = settings.publicUrl ?? `http://${settings.host}:${listener.port}`
    const data = await openData({ settings, issuer: issuerOf(publicUrl), log })
    stack.add(() => data.close())
    const running = await serve(options, { listener, publicUrl, data, stack })
    return { ...running, close: () => stack.close() }
  } catch (error) {
    await stack.close()
    throw error
  }
}

interface Foundations {
  readonly listener: Listener
  readonly publicUrl: string
  readonly data: Data
  readonly stack: ClosingStack
}

async function serve(options: ServerOptions, base: Foundations): Promise<Omit<RunningApp, 'close'>> {
  const { settings, catalogue, log } = options
  const { data, publicUrl, stack } = base
  const hasher = new PasswordHasher()
  const { application, created } = await prepareApplication({ ...options, postgres: data.postgres, hasher })
  const issuer = await openIssuer(options, base, { application, hasher })
  stack.add(() => issuer.close())
  await options.assembly.start()
  stack.add(() => options.assembly.close())
  const guard = new Guard({ catalogue, audit: data.postgres.audit, log })
  const edge = openEdge(options, base, { application, issuer, guard })
  const health = createHealthHandler(() => data.postgres.ping())
  base.listener.serve([
    (request, response) => edge.handle(request, response),
    (request, response) => issuer.handle(request, response),
    health,
  ])
  stack.add(async () => {
    await Promise.all([base.listener.close(drainMilliseconds), edge.close(drainMilliseconds)])
  })
  if (settings.mode === 'development') {
    await announceServer(settings.home, { pid: process.pid, publicUrl, clientId: settings.clientId })
    stack.add(() => withdrawServer(settings.home, process.pid))
  }
  return {
    url: `${publicUrl}/mcp`,
    oauthUrl: `${publicUrl}/mcp/oauth`,
    accountsFile: accountsFile(settings.home),
    created,
  }
}

interface Parts {
  readonly application: Application
  readonly hasher: PasswordHasher
}

function openIssuer(options: ServerOptions, base: Foundations, parts: Parts): Promise<Issuer> {
  const { postgres, masterKey } = base.data
  const scopes = offeredScopes(options.catalogue)
  return createIssuer({
    issuer: issuerOf(base.publicUrl),
    application: parts.application,
    resources: endpointPaths.map((path) => ({ resource: base.publicUrl + path, name: options.appName, scopes })),
    storage: postgres.issuerStorage,
    keys: postgres.signingKeys,
    accounts: postgres.accounts,
    tenants: postgres.tenants,
    audit: postgres.audit,
    hasher: parts.hasher,
    masterKey,
    log: options.log,
    clock: systemClock,
  })
}

interface EdgeParts {
  readonly application: Application
  readonly issuer: Issuer
  readonly guard: Guard
}

function openEdge(options: ServerOptions, base: Foundations, parts: EdgeParts): McpEdge {
  const { settings, log } = options
  const { postgres } = base.data
  const tokens = createTokenVerifier({
    issuer: issuerOf(base.publicUrl),
    keys: postgres.signingKeys,
    clock: systemClock,
    log,
  })
  const { tenants, grants, applications } = postgres
  return createMcpEdge({
    guard: parts.guard,
    authenticator: new Authenticator({
      clientId: parts.application.clientId,
      applications,
      tokens,
      tenants,
      grants,
      registry: parts.issuer.registry,
      developmentTokens: settings.mode === 'development' ? 'accept' : 'refuse',
    }),
    endpoints: endpointPaths.map((path) => ({
      path,
      resource: base.publicUrl + path,
      scopes: offeredScopes(options.catalogue),
    })),
    rootEndpoint: '/mcp/oauth',
    authorizationServers: [issuerOf(base.publicUrl)],
    serverInfo: options.assembly.serverInfo ?? { name: options.appName, version: '0.0.0' },
    publicUrl: base.publicUrl,
    allowedOrigins: settings.allowedOrigins,
    allowedHosts: hostsOf(base.publicUrl),
    sessions: options.sessions,
    audit: postgres.audit,
    log,
    clock: systemClock,
  })
}

const endpointPaths = ['/mcp', '/mcp/oauth'] as const

/** Every scope that an operation names, so that whoever signs in can be granted what the tools ask for. */
function offeredScopes(catalogue: OperationCatalogue): readonly string[] {
  const named = catalogue
    .all()
    .flatMap(({ protection }) => (protection.access === 'public' ? [] : scopesNamedBy(protection.requirement)))
  return [...new Set(['mcp', ...named])]
}

/** The issuer of a server: RFC 8414 with a path, so that it does not claim the whole origin. */
export function issuerOf(publicUrl: string): string {
  return `${publicUrl}/oauth`
}

function hostsOf(publicUrl: string): readonly string[] {
  const { host, hostname, port } = new URL(publicUrl)
  if (!isLoopback(hostname)) return [host]
  return ['127.0.0.1', 'localhost', '[::1]'].map((name) => (port === '' ? name : `${name}:${port}`))
}

import { createMcpEdge, type McpEdge } from '../adapter/mcp/http/create-mcp-edge.js'
import type { McpEndpoint } from '../adapter/mcp/http/mcp-endpoint.js'
import { systemClock } from '../core/runtime/clock.js'
import { ClosingStack } from './closing-stack.js'
import { accountsFile, type LocalAccount } from './development/local-accounts.js'
import { announceServer, withdrawServer } from './development/running-server.js'
import { createHealthHandler } from './health.js'
import { issuerOf } from './issuer-of.js'
import { openListener, type Listener } from './listener.js'
import { offeredScopes } from './offered-scopes.js'
import { openData } from './open-data.js'
import type { Foundations, ServerOptions } from './server-options.js'
import { openParts, type ServerParts } from './server-parts.js'
import type { LoginWay } from './settings/login-way.js'
import { isLoopback } from './settings/loopback.js'

export interface RunningApp {
  readonly url: string
  /** `undefined` where clients sign in with the five tools only. */
  readonly oauthUrl: string | undefined
  readonly accountsFile: string
  readonly created: readonly LocalAccount[]
  close(): Promise<void>
}

const drainMilliseconds = 8_000

/** Composes and starts a server: listener, data, issuer, guard, protocol edge. What was started before a failure is stopped again. */
export async function startServer(options: ServerOptions): Promise<RunningApp> {
  const stack = new ClosingStack()
  try {
    const { host, port } = options.settings
    const base = await openFoundations(options, stack, await openListener({ host, port, log: options.log }))
    const running = await serve(options, base)
    return { ...running, close: () => stack.close() }
  } catch (error) {
    await stack.close()
    throw error
  }
}

/** Opens the databases behind a listener. */
export async function openFoundations(
  { settings, log }: ServerOptions,
  stack: ClosingStack,
  listener: Listener,
): Promise<Foundations> {
  stack.add(() => listener.close(drainMilliseconds))
  const publicUrl = settings.publicUrl ?? `http://${settings.host}:${listener.port}`
  const data = await openData({ settings, issuer: issuerOf(publicUrl), log })
  stack.add(() => data.close())
  return { listener, publicUrl, data, stack }
}

async function serve(options: ServerOptions, base: Foundations): Promise<Omit<RunningApp, 'close'>> {
  const { settings } = options
  const { data, listener, publicUrl, stack } = base
  const endpoints = endpointsOf(options, publicUrl)
  const parts = await openParts(options, base, {
    paths: endpoints.map(({ path }) => path),
    tools: settings.login === 'oauth' ? 'absent' : 'served',
    browser: undefined,
  })
  const edge = openEdge(options, base, { parts, endpoints })
  listener.serve([
    (request, response) => edge.handle(request, response),
    ...(parts.signIn === undefined ? [] : [parts.signIn.pages]),
    (request, response) => parts.issuer.handle(request, response),
    createHealthHandler(() => data.postgres.ping()),
  ])
  stack.add(async () => {
    await Promise.all([listener.close(drainMilliseconds), edge.close(drainMilliseconds)])
  })
  if (settings.mode === 'development') {
    await announceServer(settings.home, { pid: process.pid, publicUrl, clientId: settings.clientId })
    stack.add(() => withdrawServer(settings.home, process.pid))
  }
  return {
    url: `${publicUrl}/mcp`,
    oauthUrl: settings.login === 'tools' ? undefined : `${publicUrl}/mcp/oauth`,
    accountsFile: accountsFile(settings.home),
    created: parts.created,
  }
}

interface EdgeParts {
  readonly parts: ServerParts
  readonly endpoints: readonly McpEndpoint[]
}

function openEdge(options: ServerOptions, base: Foundations, { parts, endpoints }: EdgeParts): McpEdge {
  const { settings, log } = options
  const { publicUrl } = base
  const { audit, changes, grants, notices, rateLimiter, sessions, signIns } = base.data.postgres
  return createMcpEdge({
    guard: parts.guard,
    authenticator: parts.authenticator,
    application: parts.application.clientId,
    endpoints,
    rootEndpoint: endpoints.at(-1)?.path ?? '/mcp',
    authorizationServers: [issuerOf(publicUrl)],
    serverInfo: options.assembly.serverInfo ?? { name: options.appName, version: '0.0.0' },
    publicUrl,
    allowedOrigins: settings.allowedOrigins,
    allowedHosts: hostsOf(publicUrl),
    sessions: options.sessions === 'stateful' ? sessions : undefined,
    limiter: rateLimiter,
    ...{ audit, changes, grants, log, notices, signIns },
    clock: systemClock,
  })
}

/** The last one is described at the root: where clients sign in by themselves, if there is such a path. */
function endpointsOf({ settings, catalogue }: ServerOptions, publicUrl: string): readonly McpEndpoint[] {
  const scopes = offeredScopes(catalogue)
  return loginByPath[settings.login].map(({ path, login }) => ({ path, login, resource: publicUrl + path, scopes }))
}

const loginByPath: Readonly<Record<LoginWay, readonly Pick<McpEndpoint, 'path' | 'login'>[]>> = {
  oauth: [
    { path: '/mcp', login: 'oauth' },
    { path: '/mcp/oauth', login: 'oauth' },
  ],
  tools: [{ path: '/mcp', login: 'tools' }],
  both: [
    { path: '/mcp', login: 'tools' },
    { path: '/mcp/oauth', login: 'oauth' },
  ],
}

function hostsOf(publicUrl: string): readonly string[] {
  const { host, hostname, port } = new URL(publicUrl)
  if (!isLoopback(hostname)) return [host]
  return ['127.0.0.1', 'localhost', '[::1]'].map((name) => (port === '' ? name : `${name}:${port}`))
}

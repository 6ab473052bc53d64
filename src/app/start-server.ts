import { setTimeout as pause } from 'node:timers/promises'
import { createMcpEdge, type McpEdge } from '../adapter/mcp/http/create-mcp-edge.js'
import type { McpEndpoint } from '../adapter/mcp/http/mcp-endpoint.js'
import { TrustedProxies } from '../adapter/net/trusted-proxies.js'
import { createTracer } from '../adapter/telemetry/create-tracer.js'
import type { AuditEvent } from '../core/audit/audit-event.js'
import { systemClock } from '../core/runtime/clock.js'
import type { TrustedIssuer } from '../core/trust/trusted-issuer.js'
import { answerStarting } from './answer-starting.js'
import { ClosingStack } from './closing-stack.js'
import { accountsFile, type LocalAccount } from './development/local-accounts.js'
import { announceServer, withdrawServer } from './development/running-server.js'
import { createHealthHandler } from './health.js'
import { createLogoutEndpoint } from '../service/back-channel-logout/create-logout-endpoint.js'
import { issuerOf } from './issuer-of.js'
import { advertisedIssuers } from './issuers/advertised-issuers.js'
import { refuseUnservedPaths } from './issuers/refuse-unserved-paths.js'
import { openListener, type HttpHandler, type Listener } from './listener.js'
import { meterEvent } from './observe/meter-event.js'
import { observeRequests } from './observe/observe-requests.js'
import { openMetrics, type ServerMetrics } from './observe/open-metrics.js'
import { basicScopes } from './offered-scopes.js'
import { openData } from './open-data.js'
import { Readiness } from './readiness.js'
import { recordRun } from './record-run.js'
import type { Foundations, ServerOptions } from './server-options.js'
import { openParts, type ServerParts } from './server-parts.js'
import { connectReturnOf } from './sign-in-parts.js'
import type { LoginWay } from './settings/login-way.js'
import { isLoopback } from './settings/loopback.js'

export interface RunningApp {
  readonly url: string
  /** `undefined` where clients sign in with the five tools only. */
  readonly oauthUrl: string | undefined
  /** `undefined` unless metrics are served. */
  readonly metricsUrl: string | undefined
  readonly accountsFile: string
  readonly created: readonly LocalAccount[]
  close(): Promise<void>
}

/** How long a process that was asked to stop is still sent requests, by whoever looks at its readiness now and then. */
const lingerMilliseconds = { development: 0, production: 1_000 } as const
const drainMilliseconds = 7_000
/** What a call that did not end in time is answered still has to reach its client. */
const lastWordsMilliseconds = 500

/**
 * Composes and starts a server: listener, data, issuer, guard, protocol edge. The listener is the first to answer, as one that is
 * not ready. What was started before a failure is stopped again.
 */
export async function startServer(options: ServerOptions): Promise<RunningApp> {
  const stack = new ClosingStack()
  try {
    const { settings, log } = options
    const { host, port } = settings
    const metrics = settings.metrics === undefined ? undefined : await openMetrics(settings.metrics, { log, stack })
    const listener = await openListener({ host, port, log })
    const readiness = new Readiness()
    listener.serve([createHealthHandler(readiness), answerStarting])
    const base = await openFoundations(options, { stack, metrics, listener })
    const running = await serve(options, base, { metrics, readiness })
    return { ...running, close: () => stack.close() }
  } catch (error) {
    await stack.close()
    throw error
  }
}

export interface Ground {
  readonly stack: ClosingStack
  readonly listener: Listener
  readonly metrics?: ServerMetrics | undefined
}

/** Who watches over a server. */
interface Watch {
  readonly metrics: ServerMetrics | undefined
  readonly readiness: Readiness
}

/** Opens the databases behind a listener. */
export async function openFoundations(
  { settings, log, patience }: ServerOptions,
  { stack, listener, metrics }: Ground,
): Promise<Foundations> {
  const tracer = createTracer()
  const onEvent = metrics && ((event: AuditEvent): void => meterEvent(metrics.meter, event))
  stack.add(() => listener.close(drainMilliseconds))
  const publicUrl = settings.publicUrl ?? `http://${settings.host}:${listener.port}`
  const data = await patience.untilAnswered(() =>
    openData({
      ...{ settings, issuer: issuerOf(publicUrl), log, tracer, onEvent },
      patience: patience.attemptMilliseconds,
    }),
  )
  stack.add(() => data.close())
  return { listener, publicUrl, data, stack, tracer }
}

async function serve(
  options: ServerOptions,
  base: Foundations,
  { metrics, readiness }: Watch,
): Promise<Omit<RunningApp, 'close'>> {
  const { settings } = options
  const { data, listener, publicUrl, stack } = base
  const paths = loginByPath[settings.login].map(({ path }) => path)
  const parts = await openParts(options, base, {
    paths,
    tools: settings.login === 'oauth' ? 'absent' : 'served',
    browser: undefined,
  })
  const { issuers } = parts.book.latest
  refuseUnservedPaths(issuers, paths)
  await options.patience.untilAnswered(() => parts.tokens.warmUp())
  const edge = openEdge(options, base, { parts, endpoints: endpointsOf(options, publicUrl, issuers) })
  const { issuer } = parts
  const handlers: readonly HttpHandler[] = [
    (request, response) => edge.handle(request, response),
    connectReturnOf(base),
    ...(parts.signIn === undefined ? [] : [parts.signIn.pages]),
    openLogoutEndpoint(options, base, parts),
    ...(issuer === undefined ? [] : [issuer.handle]),
    createHealthHandler(readiness),
  ]
  const proxies = new TrustedProxies(settings.trustedProxies)
  listener.serve([observeRequests(handlers, { tracer: base.tracer, meter: metrics?.meter, proxies })])
  metrics?.serve({
    operations: parts.operations.all().map(({ name }) => name),
    vitals: () => ({ ...data.postgres.vitals(), sessions: edge.sessionCount, streams: edge.streamCount }),
  })
  stack.add(async () => {
    readiness.stop()
    listener.retire()
    await pause(lingerMilliseconds[settings.mode])
    await Promise.all([listener.close(drainMilliseconds + lastWordsMilliseconds), edge.close(drainMilliseconds)])
  })
  await recordRun(options, base, 'http')
  readiness.begin({ ping: () => data.postgres.ping(), heard: () => data.postgres.changes.alive })
  if (settings.mode === 'development') {
    await announceServer(settings.home, { pid: process.pid, publicUrl, clientId: settings.clientId })
    stack.add(() => withdrawServer(settings.home, process.pid))
  }
  return {
    url: `${publicUrl}/mcp`,
    oauthUrl: settings.login === 'tools' ? undefined : `${publicUrl}/mcp/oauth`,
    metricsUrl: metrics?.url,
    accountsFile: accountsFile(settings.home),
    created: parts.created,
  }
}

function openLogoutEndpoint({ log }: ServerOptions, { data }: Foundations, parts: ServerParts): HttpHandler {
  const { audit, logouts, notices } = data.postgres
  return createLogoutEndpoint({ tokens: parts.tokens.logouts, logouts, notices, audit, log })
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
    authorizationServers: () => advertisedIssuers(parts.book, parts.issuer && issuerOf(publicUrl)),
    serverInfo: options.assembly.serverInfo ?? { name: options.appName, version: '0.0.0' },
    publicUrl,
    allowedOrigins: settings.allowedOrigins,
    allowedHosts: hostsOf(publicUrl),
    sessions: options.sessions === 'stateful' ? sessions : undefined,
    limiter: rateLimiter,
    ...{ audit, changes, grants, log, notices, signIns, tracer: base.tracer },
    clock: systemClock,
  })
}

/** The last one is described at the root: where clients sign in by themselves, if there is such a path. */
function endpointsOf(
  { settings, catalogue }: ServerOptions,
  publicUrl: string,
  issuers: readonly TrustedIssuer[],
): readonly McpEndpoint[] {
  const scopes = basicScopes(catalogue, { ...settings, issuers })
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

import { createLog } from '../adapter/telemetry/create-log.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import { assemble, type Assembly } from '../framework/container/assemble.js'
import { allowInProcessManager, type AuthSecAppOptions } from './auth-sec-app-options.js'
import { announceReady } from './announce-ready.js'
import { sampleTenants } from './development/development-seed.js'
import { readSettings, type Settings } from './settings/settings.js'
import { startServer, type RunningApp } from './start-server.js'
import { watchProcess } from './watch-process.js'

/** A server that is checked and not yet started. */
export interface AuthSecApp {
  /** Every operation with who may use it; nothing is started for it. */
  readonly catalogue: OperationCatalogue
  /** Starts everything and listens for HTTP. Throws `ConfigurationError` with what to change, `UpstreamError` for what is down. */
  listen(): Promise<ListeningApp>
  /** Drains and stops what `listen` started. */
  close(): Promise<void>
}

export interface ListeningApp {
  /** Where clients connect, such as `http://127.0.0.1:3005/mcp`. */
  readonly url: string
  /** Where clients that sign in by themselves connect. */
  readonly oauthUrl: string
}

/**
 * Checks the whole graph of classes, tools and providers and answers with an app that can listen.
 * Throws one `ConfigurationError` that lists every fault with the line of its declaration.
 *
 * @example
 * ```ts
 * const app = createAuthSecApp({ servers: [ResourceServer], clientId: 'your-client-id' })
 * await app.listen()
 * ```
 */
export function createAuthSecApp(options: AuthSecAppOptions): AuthSecApp {
  refuseUnknown(options)
  const assembly = assemble({
    servers: options.servers ?? [],
    tools: options.tools ?? [],
    providers: options.providers ?? [],
  })
  return new App(options, assembly)
}

class App implements AuthSecApp {
  readonly catalogue: OperationCatalogue
  readonly #options: AuthSecAppOptions
  readonly #assembly: Assembly
  #running: Promise<RunningApp> | undefined
  #closing = false
  #releaseProcess: () => void = () => undefined

  constructor(options: AuthSecAppOptions, assembly: Assembly) {
    this.#options = options
    this.#assembly = assembly
    this.catalogue = new OperationCatalogue(assembly.operations)
  }

  async listen(): Promise<ListeningApp> {
    if (this.#closing) throw new TypeError('this app was closed; create a new one')
    if (this.#running !== undefined) throw new TypeError('this app listens already')
    const settings = readSettings(process.env, this.#options, process.argv[1])
    const log = createLog(settings.logLevel)
    for (const warning of settings.warnings) log.write('warn', warning)
    this.#running = startServer({
      settings: admissible(settings, this.#options),
      log,
      assembly: this.#assembly,
      catalogue: this.catalogue,
      appName: this.#options.appName ?? this.#assembly.serverInfo?.name ?? 'AuthSec',
      admits: this.#options.tenants,
      sessions: this.#options.sessions ?? 'stateful',
      seed: this.#options.development?.tenants ?? sampleTenants,
    })
    this.#releaseProcess = watchProcess(() => this.close(), log)
    try {
      const running = await this.#running
      if (!this.#closing) announceReady(running)
      return { url: running.url, oauthUrl: running.oauthUrl }
    } catch (error) {
      this.#releaseProcess()
      this.#running = undefined
      throw error
    }
  }

  async close(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#closing = true
    this.#releaseProcess()
    const started = await running.catch(() => undefined)
    await started?.close()
  }
}

function admissible(settings: Settings, options: AuthSecAppOptions): Settings {
  if (settings.mode === 'development' || options[allowInProcessManager] === true) return settings
  throw new ConfigurationError(
    'ERR_CONFIG_AUTHENTICATOR',
    'outside development (embedded database, loopback addresses, NODE_ENV not production) nothing verifies tokens yet: ' +
      'let this process be its own authorization server with { [allowInProcessManager]: true }, a symbol that authsec exports',
  )
}

const knownOptions: ReadonlySet<string> = new Set([
  'servers',
  'tools',
  'providers',
  'clientId',
  'appName',
  'tenants',
  'host',
  'port',
  'publicUrl',
  'allowedOrigins',
  'sessions',
  'development',
] satisfies readonly (keyof AuthSecAppOptions)[])

function refuseUnknown(options: AuthSecAppOptions): void {
  const unknown = Object.keys(options).filter((name) => !knownOptions.has(name))
  if (unknown.length === 0) return
  throw new ConfigurationError(
    'ERR_CONFIG_OPTION',
    `unknown options: ${unknown.join(', ')}. Known: ${[...knownOptions].join(', ')}`,
  )
}

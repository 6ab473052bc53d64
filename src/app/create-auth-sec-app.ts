import { createSystemBrowser } from '../adapter/browser/system-browser.js'
import { claimStandardOutput } from '../adapter/mcp/stdio/protocol-output.js'
import { createLog } from '../adapter/telemetry/create-log.js'
import { ConfigurationError } from '../core/error/configuration-error.js'
import { OperationCatalogue } from '../core/operation/operation-catalogue.js'
import type { Grants } from '../core/permission/grants.js'
import { assemble, type Assembly } from '../framework/container/assemble.js'
import {
  allowInProcessManager,
  allowPastedTokens,
  allowSessionLogin,
  type AuthSecAppOptions,
} from './auth-sec-app-options.js'
import { announceReady, announceStdio } from './announce-ready.js'
import { sampleTenants } from './development/development-seed.js'
import type { Log } from '../core/runtime/log.js'
import { refuseWhileReading } from '../core/runtime/reading-app.js'
import { asStart, endIfUncaught } from './failed-start.js'
import { boundedPatience, EndlessPatience } from './patience.js'
import type { ServerOptions } from './server-options.js'
import { forgetSecrets } from './settings/environment.js'
import { readSettings, readStdioSettings, type Settings, type SettingsInput } from './settings/settings.js'
import { readScopeDescriptions } from './scope-descriptions.js'
import { readTestCallers } from './test-callers.js'
import { readRotators, type Rotators } from './services/rotation/read-rotators.js'
import { startServer } from './start-server.js'
import { startStdio } from './start-stdio.js'
import { endProcess, watchProcess } from './watch-process.js'

/** A server that is checked and not yet started. */
export interface AuthSecApp {
  /** What people see when they sign in. */
  readonly name: string
  /** Which application this is, as the code says; the environment goes before it. */
  readonly clientId: string | undefined
  /** Every operation with who may use it; nothing is started for it. */
  readonly catalogue: OperationCatalogue
  /** The callers that the access matrix is made for, by the names given in `testCallers`. */
  readonly testCallers: ReadonlyMap<string, Grants>
  /**
   * Listens for HTTP and starts everything. While what that depends on is down it waits, and answers 503. Throws `ConfigurationError`
   * with what to change, `UpstreamError` when it is closed before it is ready.
   */
  listen(): Promise<ListeningApp>
  /**
   * Starts everything and serves one client over standard input and output; the sign-in pages are on loopback. Ends the process
   * when the client closes its end. Nothing but the protocol is written to standard output from here on; `authsec/stdio`,
   * imported first, keeps it clean from the start. Throws like `listen`, and `UpstreamError` for what is down for more than a few
   * seconds: its client waits.
   */
  stdio(): Promise<void>
  /** Drains and stops what was started. */
  close(): Promise<void>
}

export interface ListeningApp {
  /** Where clients connect, such as `http://127.0.0.1:3005/mcp`. */
  readonly url: string
  /** Where clients that sign in by themselves connect; `undefined` with `login: 'tools'`. */
  readonly oauthUrl: string | undefined
  /** Where metrics are served; `undefined` unless `AUTHSEC_METRICS_PORT` is set. */
  readonly metricsUrl: string | undefined
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
  return asStart(() => {
    refuseUnknown(options)
    const assembly = assemble({
      servers: options.servers ?? [],
      tools: options.tools ?? [],
      providers: options.providers ?? [],
    })
    return new App(options, assembly)
  })
}

class App implements AuthSecApp {
  readonly name: string
  readonly clientId: string | undefined
  readonly catalogue: OperationCatalogue
  readonly testCallers: ReadonlyMap<string, Grants>
  readonly #rotators: Rotators
  readonly #scopeWords: Readonly<Record<string, string>>
  readonly #options: AuthSecAppOptions
  readonly #assembly: Assembly
  #running: Promise<{ close(): Promise<void> }> | undefined
  #patience: EndlessPatience | undefined
  #ending = false
  #closing = false
  #releaseProcess: () => void = () => undefined

  constructor(options: AuthSecAppOptions, assembly: Assembly) {
    this.name = options.appName ?? assembly.serverInfo?.name ?? 'AuthSec'
    this.clientId = options.clientId
    this.#options = options
    this.#assembly = assembly
    this.catalogue = new OperationCatalogue(assembly.operations)
    this.testCallers = readTestCallers(options.testCallers)
    this.#rotators = readRotators(options.rotators)
    this.#scopeWords = readScopeDescriptions(options.scopeDescriptions)
  }

  async listen(): Promise<ListeningApp> {
    refuseWhileReading('listen()')
    this.#refuseSecondStart()
    const server = asStart(() => this.#serverOptions(readSettings(process.env, this.#settingsInput(), process.argv[1])))
    const patience = new EndlessPatience(server.log)
    this.#patience = patience
    const running = await this.#start(startServer({ ...server, patience }), server.log)
    if (!this.#closing) announceReady(running)
    return { url: running.url, oauthUrl: running.oauthUrl, metricsUrl: running.metricsUrl }
  }

  async stdio(): Promise<void> {
    refuseWhileReading('stdio()')
    this.#refuseSecondStart()
    const output = claimStandardOutput()
    const settings = asStart(() =>
      ownIssuerNeeded(readStdioSettings(process.env, this.#settingsInput(), process.argv[1])),
    )
    forgetSecrets(process.env)
    const server = this.#serverOptions(settings)
    const streams = { input: process.stdin, output, browser: createSystemBrowser(server.log) }
    const running = await this.#start(startStdio({ ...server, patience: boundedPatience, ...streams }), server.log)
    if (!this.#closing) announceStdio(running)
    void running.ended.then(() => {
      if (!this.#closing) endProcess()
    })
  }

  async close(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#closing = true
    this.#releaseProcess()
    this.#patience?.giveUp()
    const started = await running.catch(() => undefined)
    await started?.close()
  }

  /** The same for a process that ends right after: a start that waits has nothing to drain, and nobody to whom it must say so. */
  async #end(): Promise<void> {
    this.#ending = true
    if (this.#patience?.waiting !== true) return this.close()
    this.#patience.giveUp()
  }

  #refuseSecondStart(): void {
    if (this.#closing) throw new TypeError('this app was closed; create a new one')
    if (this.#running !== undefined) throw new TypeError('this app runs already')
  }

  async #start<Running extends { close(): Promise<void> }>(starting: Promise<Running>, log: Log): Promise<Running> {
    this.#running = starting
    this.#releaseProcess = watchProcess(() => this.#end(), log)
    try {
      return await starting
    } catch (error) {
      // Whoever awaits the start would make a failure of an end that was asked for.
      if (this.#ending) return new Promise(() => undefined)
      this.#releaseProcess()
      this.#running = undefined
      endIfUncaught(error)
      throw error
    }
  }

  #settingsInput(): SettingsInput {
    const sessionLogin = this.#options[allowSessionLogin] === true ? 'allowed' : undefined
    const inProcessManager = this.#options[allowInProcessManager] === true ? 'allowed' : 'refused'
    return { ...this.#options, sessionLogin, inProcessManager }
  }

  #serverOptions(settings: Settings): Omit<ServerOptions, 'patience'> {
    const log = createLog(settings.logLevel)
    for (const warning of settings.warnings) log.write('warn', warning)
    const accepted = settings.mode === 'development' || this.#options[allowPastedTokens] === true
    return {
      settings,
      log,
      assembly: this.#assembly,
      catalogue: this.catalogue,
      appName: this.name,
      scopeWords: this.#scopeWords,
      admits: this.#options.tenants,
      sessions: this.#options.sessions ?? 'stateful',
      seed: this.#options.development?.tenants ?? sampleTenants,
      pastedTokens: accepted ? 'accepted' : 'refused',
      rotators: this.#rotators,
    }
  }
}

/** Whoever is at the other end of stdio brings no token, and signs in with us. */
function ownIssuerNeeded(settings: Settings): Settings {
  if (settings.ownIssuer === 'served') return settings
  throw new ConfigurationError(
    'ERR_CONFIG_AUTHENTICATOR',
    'outside development (embedded database, loopback addresses, NODE_ENV not production) nobody could sign in over stdio: ' +
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
  'login',
  'issuers',
  'scopeDescriptions',
  'testCallers',
  'rotators',
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

import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { SigningAlgorithm } from '../../src/core/trust/trusted-issuer.js'
import { sendJson } from './hostile-provider.js'
import { answerFaulty, type Fault } from './issuer-answers.js'
import { createIssuerKey, signAs, type IssuerKey } from './issuer-key.js'
import { readRequest, type IssuerRequest } from './issuer-request.js'
import { OpaqueTokens } from './opaque-tokens.js'
import { listenHttp, type TestListener } from './test-listener.js'
import { forgeToken, type ForgedToken } from './token-forge.js'

type Members = Readonly<Record<string, unknown>>

/** What a path does: as it should, that but late (in milliseconds), a fault, or whatever a test says. */
export type Behaviour = 'ok' | { readonly late: number } | Fault | RequestListener

export interface HostileIssuerOptions {
  /** For whom its tokens are. Default: `https://mcp.example/mcp`. */
  readonly resource?: string
  /** What its name has behind the origin, such as `/realms/one`. Default: nothing. */
  readonly path?: string
  /** One key for each, of which the first signs. Default: ES256. */
  readonly algorithms?: readonly SigningAlgorithm[]
  /** Seconds since the epoch. */
  readonly now?: () => number
}

/** A token of the issuer, by the key that signs now unless another one is named. */
export interface IssuedToken extends ForgedToken {
  readonly key?: IssuerKey
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** An issuer elsewhere, on this computer and over http, that says what it is told to and is right in everything else. */
export class HostileIssuer {
  readonly issuer: string
  readonly origin: string
  readonly resource: string
  /** Our client there: it may introspect tokens, and logout tokens are for it. */
  readonly clientId = 'resource-server'
  readonly clientSecret = randomBytes(16).toString('base64url')
  /** Tokens of it that only it can read. */
  readonly opaque: OpaqueTokens
  /** Laid over its metadata and its key set; `undefined` leaves a member out. */
  metadata: Members = {}
  jwks: Members = {}
  /** Where a redirect leads. */
  elsewhere: string
  /** Everything that was asked, in order. */
  readonly requests: IssuerRequest[] = []
  /** Newest first: the first one signs. */
  #keys: readonly IssuerKey[]
  readonly #path: string
  readonly #now: () => number
  readonly #listener: TestListener
  readonly #behaviours = new Map<string, Behaviour>()

  private constructor(listener: TestListener, options: HostileIssuerOptions) {
    const { resource = 'https://mcp.example/mcp', path = '', algorithms = ['ES256'], now } = options
    this.#listener = listener
    this.#path = path
    this.#now = now ?? (() => Math.floor(Date.now() / 1000))
    this.#keys = algorithms.map((algorithm) => createIssuerKey(algorithm))
    this.resource = resource
    const { clientId, clientSecret } = this
    this.opaque = new OpaqueTokens({ clientId, clientSecret, now: this.#now, claims: () => this.claims() })
    this.origin = `http://127.0.0.1:${listener.port}`
    this.issuer = this.origin + path
    this.elsewhere = `${this.origin}/elsewhere`
  }

  static async start(options: HostileIssuerOptions = {}): Promise<HostileIssuer> {
    let issuer: HostileIssuer | undefined
    const listener = await listenHttp((request, response) => void issuer?.answer(request, response))
    issuer = new HostileIssuer(listener, options)
    return issuer
  }

  /** Paths that it answers. */
  get paths() {
    const path = this.#path
    return {
      openidConfiguration: `${path}/.well-known/openid-configuration`,
      /** RFC 8414 §3.1. */
      authorizationServer: `/.well-known/oauth-authorization-server${path}`,
      jwks: `${path}/jwks`,
      introspection: `${path}/introspect`,
      tokeninfo: `${path}/tokeninfo`,
      userinfo: `${path}/userinfo`,
    }
  }

  /** The key that signs. */
  get key(): IssuerKey {
    const [key] = this.#keys
    if (key === undefined) throw new TypeError('the issuer has no key')
    return key
  }

  keyFor(algorithm: SigningAlgorithm): IssuerKey {
    const key = this.#keys.find((known) => known.algorithm === algorithm)
    if (key === undefined) throw new TypeError(`the issuer has no key for ${algorithm}`)
    return key
  }

  /** A new key signs from now on; the older ones stay. */
  rotate(algorithm: SigningAlgorithm = 'ES256'): IssuerKey {
    const key = createIssuerKey(algorithm)
    this.#keys = [key, ...this.#keys]
    return key
  }

  removeKey({ kid }: Pick<IssuerKey, 'kid'>): void {
    this.#keys = this.#keys.filter((key) => key.kid !== kid)
  }

  behave(path: string, behaviour: Behaviour): void {
    this.#behaviours.set(path, behaviour)
  }

  /** How often a path was asked for. */
  askedFor(path: string): number {
    return this.requests.filter((request) => request.path === path).length
  }

  /** What it says of a caller where nothing else is said. */
  claims(): Members {
    const now = this.#now()
    return {
      ...{ iss: this.issuer, aud: this.resource, sub: 'user-1', client_id: 'client-1', jti: randomUUID() },
      ...{ iat: now, exp: now + 600, scope: 'mcp read', tenant_id: 'acme', sid: 'session-1' },
      ...{ email: 'ada@acme.example', name: 'Ada', roles: ['admin'], groups: ['platform'] },
    }
  }

  /** A signed access token: valid unless `token` says otherwise. */
  sign(token: IssuedToken = {}): string {
    return this.#sign(token, { typ: 'at+jwt', claims: this.claims() })
  }

  /** A signed logout token (OpenID Connect Back-Channel Logout §2.4): valid unless `token` says otherwise. */
  signLogout(token: IssuedToken = {}): string {
    const now = this.#now()
    const claims = {
      ...{ iss: this.issuer, aud: this.clientId, sub: 'user-1', sid: 'session-1', jti: randomUUID() },
      ...{ iat: now, exp: now + 120, events: { [logoutEvent]: {} } },
    }
    return this.#sign(token, { typ: 'logout+jwt', claims })
  }

  async close(): Promise<void> {
    await this.#listener.close()
  }

  async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming)
    this.requests.push(request)
    const behaviour = this.#behaviours.get(request.path) ?? 'ok'
    if (typeof behaviour === 'function') return behaviour(incoming, response)
    if (typeof behaviour === 'string' && behaviour !== 'ok') {
      return answerFaulty(behaviour, this.elsewhere)(incoming, response)
    }
    if (behaviour !== 'ok') await pause(behaviour.late)
    this.#answerSoundly(request, response)
  }

  #sign(
    { key = this.key, ...forged }: IssuedToken,
    { typ, claims }: { readonly typ: string; readonly claims: Members },
  ) {
    const header = { alg: key.algorithm, typ, kid: key.kid }
    return forgeToken(forged, { header, claims, signature: (input) => signAs(key, input) })
  }

  #answerSoundly(request: IssuerRequest, response: ServerResponse): void {
    const { paths } = this
    switch (request.path) {
      case paths.openidConfiguration:
      case paths.authorizationServer:
        return sendJson(response, this.#metadata())
      case paths.jwks:
        return sendJson(response, { keys: this.#keys.map(({ publicJwk }) => publicJwk), ...this.jwks })
      case paths.introspection:
        return this.opaque.introspect(request, response)
      case paths.tokeninfo:
        return this.opaque.tellToken(request, response)
      case paths.userinfo:
        return this.opaque.tellUser(request, response)
      default:
        return sendJson(response, { error: 'not_found' }, 404)
    }
  }

  #metadata(): Members {
    const { issuer, origin, paths } = this
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: origin + paths.jwks,
      introspection_endpoint: origin + paths.introspection,
      userinfo_endpoint: origin + paths.userinfo,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [...new Set(this.#keys.map(({ algorithm }) => algorithm))],
      code_challenge_methods_supported: ['S256'],
      ...this.metadata,
    }
  }
}

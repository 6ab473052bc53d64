import type { IncomingMessage, ServerResponse } from 'node:http'
import type OidcProvider from 'oidc-provider'
import { createAdapterFactory } from '../../../src/adapter/issuer/provider/oidc-adapter.js'
import { loadOidcProvider } from '../../../src/adapter/issuer/provider/load-oidc-provider.js'
import { SealedRecords } from '../../../src/adapter/issuer/record/sealed-records.js'
import { MasterKey } from '../../../src/core/credential/master-key.js'
import type { UpstreamSettings } from '../../../src/core/federation/upstream-provider.js'
import type { SigningKey } from '../../../src/core/identity/signing-key-store.js'
import { BrowserJar } from '../browser-jar.js'
import { sendJson } from '../hostile-provider.js'
import { MemoryIssuerStorage } from '../memory-ports.js'
import { listenHttp, type TestListener } from '../test-listener.js'
import { createSigningKey, forgeToken, signEs256, type ForgedToken } from '../token-forge.js'
import { changeAnswer, type Members } from './change-answer.js'
import { openOidcProvider } from './open-oidc-provider.js'

/** Somebody who can sign in there. */
export interface OutsideUser {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly name?: string
}

export interface OutsideProviderOptions {
  /** Default: a secret. `null`: our client there is a public one. */
  readonly clientSecret?: string | null
  /** Where it wants the secret. Default: in the body. */
  readonly secretIn?: 'header' | 'body'
  /** Default: in the ID token. By OpenID Connect Core §5.4 they are only in what userinfo says. */
  readonly claimsIn?: 'id token' | 'userinfo'
}

export const ada: OutsideUser = { sub: 'ada-1', email: 'ada@acme.example', email_verified: true, name: 'Ada' }
export const mallory: OutsideUser = { sub: 'mallory-1', email: 'mallory@evil.example', email_verified: true }

/**
 * A real OpenID provider elsewhere, with users, who sign in without being asked. It says what it is told to, and is right in everything
 * else.
 */
export class OutsideProvider {
  readonly origin: string
  readonly clientId = 'authsec'
  readonly clientSecret: string | undefined
  /** Who signs in next; nobody: the user says no. */
  user: OutsideUser | undefined = ada
  /** Where browsers may be sent back to; `undefined`: anywhere. */
  callbacks: readonly string[] | undefined
  /** How long access tokens are good for. */
  accessTokenSeconds = 600
  /** Laid over what is answered; `undefined` leaves a member out. */
  metadata: Members = {}
  tokenAnswer: Members = {}
  userinfo: Members = {}
  jwks: Members = {}
  /** Laid over ID tokens, which are signed anew. */
  idToken: { readonly header?: Members; readonly claims?: Members; readonly signature?: ForgedToken['signature'] } = {}
  /** Laid over the parameters that the browser brings back. */
  callback: Members = {}
  /** What a path does in place of what it should. */
  readonly instead = new Map<string, (response: ServerResponse, request: IncomingMessage) => void>()
  /** Methods and paths as they were asked for, in order. */
  readonly asked: string[] = []
  key = createSigningKey()
  readonly #users = new Map([ada, mallory].map((user) => [user.sub, user]))
  readonly #records = new SealedRecords(new MemoryIssuerStorage(), MasterKey.generate())
  readonly #options: OutsideProviderOptions
  readonly #listener: TestListener
  #provider: OidcProvider | undefined

  private constructor(listener: TestListener, options: OutsideProviderOptions) {
    const { clientSecret = 'a-secret-at-the-outside-provider-0123456789' } = options
    this.#listener = listener
    this.#options = options
    this.clientSecret = clientSecret ?? undefined
    this.origin = `http://127.0.0.1:${listener.port}`
  }

  static async start(options: OutsideProviderOptions = {}): Promise<OutsideProvider> {
    let provider: OutsideProvider | undefined
    const listener = await listenHttp((request, response) => void provider?.answer(request, response), '127.0.0.1')
    provider = new OutsideProvider(listener, options)
    await provider.#open()
    return provider
  }

  get issuer(): string {
    return this.origin
  }

  /** As an administrator would have set it up. */
  settings(changes: Partial<UpstreamSettings> = {}): UpstreamSettings {
    const { issuer, clientId, clientSecret } = this
    return {
      ...{ id: '6a0f9a52-4f0e-4f5e-9b1e-0a8f4a3f9a10', kind: 'oidc', name: 'Outside', issuer, clientId, clientSecret },
      ...{ scopes: ['openid', 'email', 'profile'], endpoints: undefined, members: undefined },
      ...{ pkce: 'advertised', reach: 'private' },
      ...changes,
    }
  }

  /** The same as it is written for `readUpstreamOptions`. */
  get options(): Members {
    const { issuer, clientId, clientSecret } = this
    return { kind: 'oidc', name: 'Outside', issuer, clientId, clientSecret, network: 'private' }
  }

  /** Takes a browser through the provider, from the address that it is sent to, and gives that at which it comes back. */
  async signIn(url: URL, user: OutsideUser | undefined = this.user): Promise<URL> {
    if (user !== undefined) this.#users.set(user.sub, user)
    this.user = user
    const { left, status } = await new BrowserJar().open(url)
    if (left === undefined) throw new TypeError(`the provider keeps the browser: ${status}`)
    for (const [name, value] of Object.entries(this.callback)) {
      left.searchParams.delete(name)
      if (value !== undefined) left.searchParams.set(name, String(value))
    }
    return left
  }

  /** A new key signs from now on, and the old one is gone. */
  async rotate(key: SigningKey = createSigningKey()): Promise<void> {
    this.key = key
    await this.#open()
  }

  /** Public keys as they are listed. */
  listed(...keys: readonly SigningKey[]): readonly Members[] {
    return keys.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: 'ES256', use: 'sig' }))
  }

  /** How often a path was asked for, such as `POST /token`. */
  askedFor(what: string): number {
    return this.asked.filter((known) => known === what).length
  }

  /** Sound again in everything. */
  reset(): void {
    Object.assign(this, { metadata: {}, tokenAnswer: {}, userinfo: {}, jwks: {}, idToken: {}, callback: {}, user: ada })
    Object.assign(this, { callbacks: undefined, accessTokenSeconds: 600 })
    this.instead.clear()
    this.asked.splice(0)
  }

  async close(): Promise<void> {
    await this.#listener.close()
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path } = new URL(request.url ?? '/', this.origin)
    this.asked.push(`${request.method} ${path}`)
    const instead = this.instead.get(path)
    if (instead !== undefined) return instead(response, request)
    if (this.#provider === undefined) return sendJson(response, { error: 'starting' }, 503)
    if (path.startsWith('/interaction/')) return this.#signIn(this.#provider, request, response)
    const change = this.#changes[path]
    if (change !== undefined) changeAnswer(response, change)
    await this.#provider.callback()(request, response)
  }

  readonly #changes: Readonly<Record<string, (body: Members) => Members>> = {
    '/.well-known/openid-configuration': (body) => ({ ...body, ...this.metadata }),
    '/jwks': (body) => ({ ...body, ...this.jwks }),
    '/me': (body) => ({ ...body, ...this.userinfo }),
    '/token': (body) => ({ ...this.#withIdToken(body), ...this.tokenAnswer }),
  }

  #withIdToken(body: Members): Members {
    const token = body['id_token']
    if (typeof token !== 'string' || Object.keys(this.idToken).length === 0) return body
    const [header = {}, claims = {}] = token.split('.', 2).map(decode)
    const { signature, ...forged } = this.idToken
    const ordinary = { header, claims, signature: (input: string) => signEs256(this.key, input) }
    return { ...body, id_token: forgeToken({ ...forged, ...(signature === undefined ? {} : { signature }) }, ordinary) }
  }

  async #signIn(provider: OidcProvider, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const no = { error: 'access_denied', error_description: 'the user said <b>no</b>' }
    const result = this.user === undefined ? no : { login: { accountId: this.user.sub } }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }

  async #open(): Promise<void> {
    const module = await loadOidcProvider({ write: () => undefined })
    this.#provider = openOidcProvider(module.Provider, {
      ...{ issuer: this.issuer, clientId: this.clientId, clientSecret: this.clientSecret, key: this.key },
      adapter: createAdapterFactory(this.#records, module.errors),
      claimsIn: this.#options.claimsIn ?? 'id token',
      secretIn: this.#options.secretIn ?? 'body',
      accessTokenSeconds: () => this.accessTokenSeconds,
      allowsCallback: (uri) => this.callbacks?.includes(uri) ?? true,
      find: (sub) => this.#users.get(sub),
    })
  }
}

function decode(part: string): Members {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
  return { ...Object(value) }
}

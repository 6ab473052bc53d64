import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { UpstreamSettings } from '../../../src/core/federation/upstream-provider.js'
import { BrowserJar } from '../browser-jar.js'
import { listenHttp, type TestListener } from '../test-listener.js'
import type { Members } from './change-answer.js'

export interface GithubUser {
  readonly id: number
  readonly login: string
  readonly name: string | null
  readonly emails: readonly { readonly email: string; readonly primary: boolean; readonly verified: boolean }[]
}

export const octo: GithubUser = {
  ...{ id: 583_231, login: 'octo', name: 'Mona Octo' },
  emails: [
    { email: 'octo@other.example', primary: false, verified: true },
    { email: 'octo@acme.example', primary: true, verified: true },
  ],
}

interface Issued {
  readonly user: GithubUser
  readonly scopes: readonly string[]
}

interface Code extends Issued {
  readonly challenge: string | null
  readonly redirectUri: string
}

/**
 * A server that has the form of GitHub's (as Enterprise Server, with all of it at one origin): errors come with 200, JSON only for those
 * who ask for it, and nobody is served without a user agent.
 */
export class GithubServer {
  readonly origin: string
  readonly clientId = 'Iv1.0123456789abcdef'
  readonly clientSecret = 'a-secret-at-github-0123456789'
  /** Who signs in next; nobody: the user says no. */
  user: GithubUser | undefined = octo
  /** Whether tokens run out and come with one to renew them, as those of GitHub Apps. */
  expiring = false
  /** What the user leaves of the scopes; `undefined`: all of them. */
  granted: readonly string[] | undefined
  /** Laid over answers; `undefined` leaves a member out. */
  tokenAnswer: Members = {}
  userAnswer: Members = {}
  callback: Members = {}
  /** What a path does in place of what it should. */
  readonly instead = new Map<string, (response: ServerResponse, request: IncomingMessage) => void>()
  readonly asked: string[] = []
  readonly #codes = new Map<string, Code>()
  readonly #tokens = new Map<string, Issued>()
  readonly #refreshTokens = new Map<string, Issued>()
  readonly #listener: TestListener

  private constructor(listener: TestListener) {
    this.#listener = listener
    this.origin = `http://127.0.0.1:${listener.port}`
  }

  static async start(): Promise<GithubServer> {
    let server: GithubServer | undefined
    const listener = await listenHttp((request, response) => void server?.answer(request, response), '127.0.0.1')
    server = new GithubServer(listener)
    return server
  }

  /** As GitHub calls itself in `iss`. */
  get issuer(): string {
    return `${this.origin}/login/oauth`
  }

  get endpoints() {
    return {
      authorization: `${this.issuer}/authorize`,
      token: `${this.issuer}/access_token`,
      userinfo: `${this.origin}/api/v3/user`,
    }
  }

  settings(changes: Partial<UpstreamSettings> = {}): UpstreamSettings {
    const { issuer, clientId, clientSecret, endpoints } = this
    return {
      ...{ id: '6a0f9a52-4f0e-4f5e-9b1e-0a8f4a3f9a11', kind: 'github', name: 'GitHub', issuer, clientId, clientSecret },
      ...{ scopes: ['read:user', 'user:email'], endpoints, pkce: 'assumed', reach: 'private' },
      members: { subject: 'id', email: undefined, emailVerified: undefined, name: 'name' },
      ...changes,
    }
  }

  /** The same as it is written for `readUpstreamOptions`. */
  get options(): Members {
    const { issuer, clientId, clientSecret } = this
    return { kind: 'github', issuer, clientId, clientSecret, network: 'private' }
  }

  /** Takes a browser through the provider, from the address that it is sent to, and gives that at which it comes back. */
  async signIn(url: URL, user: GithubUser | undefined = this.user): Promise<URL> {
    this.user = user
    const { left, status } = await new BrowserJar().open(url)
    if (left === undefined) throw new TypeError(`GitHub keeps the browser: ${status}`)
    for (const [name, value] of Object.entries(this.callback)) {
      left.searchParams.delete(name)
      if (value !== undefined) left.searchParams.set(name, String(value))
    }
    return left
  }

  /** Sound again in everything. */
  reset(): void {
    Object.assign(this, {
      tokenAnswer: {},
      userAnswer: {},
      callback: {},
      user: octo,
      expiring: false,
      granted: undefined,
    })
    this.instead.clear()
    this.asked.splice(0)
  }

  async close(): Promise<void> {
    await this.#listener.close()
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', this.origin)
    this.asked.push(`${request.method} ${path}`)
    const instead = this.instead.get(path)
    if (instead !== undefined) return instead(response, request)
    if (path === '/login/oauth/authorize') return this.#authorize(searchParams, response)
    if (path === '/login/oauth/access_token') return this.#tokenFor(await bodyOf(request), request, response)
    if (path.startsWith('/api/v3/')) return this.#api(path, request, response)
    sendJson(response, { message: 'Not Found' }, 404)
  }

  #authorize(asked: URLSearchParams, response: ServerResponse): void {
    const redirectUri = asked.get('redirect_uri') ?? ''
    if (asked.get('client_id') !== this.clientId) return void response.writeHead(404).end('Not Found')
    const callback = new URL(redirectUri)
    const said = { state: asked.get('state') ?? '', iss: this.issuer, ...this.#decide(asked, redirectUri) }
    for (const [name, value] of Object.entries(said)) callback.searchParams.set(name, value)
    response.writeHead(302, { location: callback.href }).end()
  }

  #decide(asked: URLSearchParams, redirectUri: string): Readonly<Record<string, string>> {
    if (this.user === undefined) {
      return { error: 'access_denied', error_description: 'The user has denied your application access.' }
    }
    const code = randomBytes(10).toString('hex')
    const scopes = (asked.get('scope') ?? '').split(' ').filter((scope) => this.granted?.includes(scope) ?? true)
    this.#codes.set(code, { user: this.user, scopes, redirectUri, challenge: asked.get('code_challenge') })
    return { code }
  }

  #tokenFor(body: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    const said = { ...this.#redeem(body), ...this.tokenAnswer }
    if (request.headers.accept?.includes('application/json') === true) return sendJson(response, said)
    const form = new URLSearchParams()
    for (const [name, value] of Object.entries(said)) if (value !== undefined) form.set(name, String(value))
    response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }).end(form.toString())
  }

  #redeem(body: URLSearchParams): Members {
    if (body.get('client_id') !== this.clientId || body.get('client_secret') !== this.clientSecret) {
      return refusal('incorrect_client_credentials')
    }
    if (body.get('grant_type') === 'refresh_token') {
      const issued = taken(this.#refreshTokens, body.get('refresh_token'))
      return issued === undefined ? refusal('bad_refresh_token') : this.#issue(issued)
    }
    const code = taken(this.#codes, body.get('code'))
    const verifier = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url')
    if (code === undefined || code.challenge !== verifier) return refusal('bad_verification_code')
    return code.redirectUri === body.get('redirect_uri') ? this.#issue(code) : refusal('redirect_uri_mismatch')
  }

  #issue(issued: Issued): Members {
    const [token, refreshToken] = [`gho_${randomBytes(18).toString('hex')}`, `ghr_${randomBytes(18).toString('hex')}`]
    this.#tokens.set(token, issued)
    const answer = { access_token: token, scope: issued.scopes.join(','), token_type: 'bearer' }
    if (!this.expiring) return answer
    this.#refreshTokens.set(refreshToken, issued)
    return { ...answer, expires_in: 28_800, refresh_token: refreshToken, refresh_token_expires_in: 15_897_600 }
  }

  #api(path: string, { headers }: IncomingMessage, response: ServerResponse): void {
    if (headers['user-agent'] === undefined) {
      return void response
        .writeHead(403, { 'content-type': 'text/plain' })
        .end('Request forbidden: no User-Agent header')
    }
    const [, token = ''] = /^(?:bearer|token) (\S+)$/i.exec(headers.authorization ?? '') ?? []
    const issued = this.#tokens.get(token)
    if (issued === undefined) return sendJson(response, { message: 'Bad credentials' }, 401)
    const { emails, ...user } = issued.user
    if (path === '/api/v3/user') return sendJson(response, { ...user, email: null, ...this.userAnswer })
    if (path === '/api/v3/user/emails' && issued.scopes.includes('user:email')) return sendJson(response, emails)
    sendJson(response, { message: 'Not Found' }, 404)
  }
}

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}

function refusal(error: string): Members {
  return { error, error_description: `<script>${error}</script>`, error_uri: 'https://docs.github.com/' }
}

function taken<Value>(from: Map<string, Value>, key: string | null): Value | undefined {
  const value = from.get(key ?? '')
  from.delete(key ?? '')
  return value
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { MemorySigningKeys } from './memory-signing-keys.js'
import { createSigningKey, TokenForge, type ForgedToken } from './token-forge.js'

type Members = Readonly<Record<string, unknown>>
type Answer = (response: ServerResponse) => void

const jsonType = { 'content-type': 'application/json' }

/** An OpenID provider that says what it is told to, right in everything else. Its tokens are what our verifiers read. */
export class HostileProvider {
  readonly key = createSigningKey()
  readonly keys = new MemorySigningKeys(this.key)
  readonly origin: string
  /** Laid over what a sound provider says; `undefined` leaves a member out. */
  metadata: Members = {}
  tokenAnswer: Members = {}
  accessToken: ForgedToken = {}
  idToken: { readonly header?: Members; readonly claims?: Members; readonly signature?: ForgedToken['signature'] } = {}
  /** Changes a whole ID token, as it goes out. */
  rewrite: (idToken: string) => string = (idToken) => idToken
  jwks: Members = {}
  /** What is answered at a path in place of what a sound provider would. */
  readonly instead = new Map<string, Answer>()
  /** Paths as they were asked for, in order. */
  readonly asked: string[] = []
  /** Of the sign-in that is being tried. */
  nonce = ''
  readonly #server: Server

  private constructor(server: Server, port: number) {
    this.#server = server
    this.origin = `http://127.0.0.1:${port}`
  }

  static async start(): Promise<HostileProvider> {
    let provider: HostileProvider | undefined
    const server = createServer((request, response) => provider?.answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    provider = new HostileProvider(server, address.port)
    return provider
  }

  get issuer(): string {
    return `${this.origin}/oauth`
  }

  get loginCallback(): string {
    return 'https://mcp.example/authsec/login/callback'
  }

  /** How often a path was asked for. */
  askedFor(path: string): number {
    return this.asked.filter((known) => known === path).length
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** A signed access token of this provider. */
  signAccessToken(): string {
    const { claims } = this.accessToken
    return this.#forge().sign({ ...this.accessToken, claims: { client_id: 'app', ...(claims as Members) } })
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? ''
    this.asked.push(path)
    request.resume()
    const instead = this.instead.get(path)
    if (instead !== undefined) return instead(response)
    if (path === '/oauth/.well-known/openid-configuration') return sendJson(response, this.#metadata())
    if (path === '/oauth/jwks') return sendJson(response, this.#jwks())
    if (path === '/oauth/token') return sendJson(response, this.#tokenAnswer())
    response.writeHead(404).end()
  }

  #metadata(): Members {
    const { issuer } = this
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['ES256'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      ...this.metadata,
    }
  }

  #jwks(): Members {
    return { keys: [{ ...this.key.publicJwk, kid: this.key.kid, alg: 'ES256', use: 'sig' }], ...this.jwks }
  }

  #tokenAnswer(): Members {
    return {
      access_token: this.signAccessToken(),
      token_type: 'Bearer',
      expires_in: 600,
      id_token: this.rewrite(this.#signIdToken()),
      ...this.tokenAnswer,
    }
  }

  #signIdToken(): string {
    const { header, claims, signature } = this.idToken
    const ordinary = this.#forge().claims()
    const now = Math.floor(Date.now() / 1000)
    const said = {
      ...{ iss: this.issuer, aud: 'app', sub: ordinary['sub'], tenant_id: 'acme' },
      ...{ nonce: this.nonce, iat: now, exp: now + 600, ...claims },
    }
    return this.#forge().sign({
      header: { typ: undefined, ...header },
      claims: JSON.stringify(said),
      ...(signature === undefined ? {} : { signature }),
    })
  }

  #forge(): TokenForge {
    const now = () => Math.floor(Date.now() / 1000)
    return new TokenForge({ issuer: this.issuer, resource: `${this.origin}/mcp`, key: this.key, now })
  }
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, jsonType).end(JSON.stringify(body))
}

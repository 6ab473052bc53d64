import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type OidcProvider from 'oidc-provider'
import { loadOidcProvider } from '../../src/adapter/issuer/provider/load-oidc-provider.js'
import { createAdapterFactory } from '../../src/adapter/issuer/provider/oidc-adapter.js'
import { SealedRecords } from '../../src/adapter/issuer/record/sealed-records.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import { MemoryIssuerStorage } from './memory-ports.js'

export interface OutsideToken {
  readonly audience: string
  readonly subject: string
  readonly scope?: string
  /** Further claims, such as the tenant. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** A real OpenID provider elsewhere, whose access tokens are JWTs by RFC 9068, and which tells its client `ledger-client` of logouts. */
export class OutsideIssuer {
  readonly issuer: string
  readonly #server: Server
  readonly #provider: OidcProvider
  readonly #claims: TokenClaims

  private constructor(server: Server, provider: OidcProvider, claims: TokenClaims) {
    this.issuer = provider.issuer
    this.#server = server
    this.#provider = provider
    this.#claims = claims
  }

  static async start(): Promise<OutsideIssuer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new TypeError('no port')
    const claims: TokenClaims = new WeakMap()
    const provider = await createProvider(`http://127.0.0.1:${address.port}`, claims)
    const answer = provider.callback()
    server.on('request', (request, response) => void answer(request, response))
    return new OutsideIssuer(server, provider, claims)
  }

  /** An access token as this provider makes them. */
  async token({ audience, claims, scope = 'mcp', subject }: OutsideToken): Promise<string> {
    const { AccessToken, ResourceServer } = this.#provider
    const client = await this.#clientOf('agent')
    const token = new AccessToken({ accountId: subject, client, gty: 'authorization_code', scope } as never)
    const format = { accessTokenTTL: seconds, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } } as const
    token.resourceServer = new ResourceServer(audience, { scope, audience, ...format })
    token.aud = audience
    this.#claims.set(token, { ...claims })
    return token.save()
  }

  /** What this provider posts when a session of somebody ends. */
  async logoutToken(subject: string, sessionId: string): Promise<string> {
    const client = await this.#clientOf('ledger-client')
    const token = new this.#provider.IdToken({ sub: subject }, { client })
    Object.assign(token, { mask: { sub: null } })
    token.set('events', { 'http://schemas.openid.net/event/backchannel-logout': {} })
    token.set('jti', randomUUID())
    token.set('sid', sessionId)
    return token.issue({ use: 'logout' })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #clientOf(id: string) {
    const client = await this.#provider.Client.find(id)
    if (client === undefined) throw new TypeError('the provider has no such client')
    return client
  }
}

/** What access tokens say besides, until they are made. */
type TokenClaims = WeakMap<object, Record<string, unknown>>

const seconds = 600

async function createProvider(issuer: string, claims: TokenClaims): Promise<OidcProvider> {
  const { Provider, errors } = await loadOidcProvider({ write: () => undefined })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...privateKey.export({ format: 'jwk' }), kty: 'EC' } as const
  const common = { redirect_uris: ['https://client.example/callback'], id_token_signed_response_alg: 'ES256' as const }
  const logout = { backchannel_logout_uri: 'https://client.example/logout', backchannel_logout_session_required: true }
  return new Provider(issuer, {
    clients: [
      { ...common, client_id: 'agent', client_secret: randomUUID() },
      { ...common, ...logout, client_id: 'ledger-client', client_secret: randomUUID() },
    ],
    jwks: { keys: [{ ...jwk, kid: randomUUID(), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['a-key-that-nobody-needs-here'] },
    interactions: { url: () => '/nobody' },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    adapter: createAdapterFactory(new SealedRecords(new MemoryIssuerStorage(), MasterKey.generate()), errors),
    ttl: { AccessToken: seconds, IdToken: seconds },
    extraTokenClaims: (_context, token) => claims.get(token),
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      resourceIndicators: { enabled: true },
    },
  })
}

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type OidcProvider from 'oidc-provider'
import { loadOidcProvider } from '../../src/adapter/issuer/provider/load-oidc-provider.js'
import { createAdapterFactory } from '../../src/adapter/issuer/provider/oidc-adapter.js'
import { SealedRecords } from '../../src/adapter/issuer/record/sealed-records.js'
import { MasterKey } from '../../src/core/credential/master-key.js'
import { relyingPartySecret } from './issuer-harness.js'
import { MemoryIssuerStorage } from './memory-ports.js'
import { MemorySigningKeys } from './memory-signing-keys.js'
import { newSecrets } from './relying-party.js'
import { createSigningKey } from './token-forge.js'

/** A real OpenID provider elsewhere, which hands out refresh tokens, each of them good for one use. */
export class RotatingProvider {
  readonly key = createSigningKey()
  readonly keys = new MemorySigningKeys(this.key)
  readonly loginCallback = 'https://mcp.example/authsec/login/callback'
  readonly origin: string
  /** How often a token was refreshed, and how often that was refused. */
  refreshed = 0
  refused = 0
  /** Cuts every connection. */
  down = false
  /** Holds back what comes to it, until it resolves. */
  held: Promise<unknown> = Promise.resolve()
  readonly #server: Server
  #provider: OidcProvider | undefined

  private constructor(server: Server, port: number) {
    this.#server = server
    this.origin = `http://127.0.0.1:${port}`
  }

  static async start(): Promise<RotatingProvider> {
    let provider: RotatingProvider | undefined
    const server = createServer((request, response) => void provider?.answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    provider = new RotatingProvider(server, address.port)
    await provider.#open()
    return provider
  }

  get issuer(): string {
    return this.origin
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.down) return void request.socket.destroy()
    await this.held
    await this.#running.callback()(request, response)
  }

  /** Somebody has signed in: what the browser brings back, and what the sign-in is recognized by. */
  async signIn(accountId: string) {
    const provider = this.#running
    const secrets = newSecrets()
    const client = await provider.Client.find('app')
    if (client === undefined) throw new TypeError('the provider has no such client')
    const grant = new provider.Grant({ accountId, clientId: 'app' })
    grant.addOIDCScope('openid')
    grant.addResourceScope(`${this.origin}/mcp`, 'mcp read')
    const code = new provider.AuthorizationCode({
      ...{ accountId, client, grantId: await grant.save(), gty: 'authorization_code', scope: 'openid mcp read' },
      ...{ redirectUri: this.loginCallback, resource: `${this.origin}/mcp`, nonce: secrets.nonce },
      ...{ codeChallenge: challengeOf(secrets.codeVerifier), codeChallengeMethod: 'S256' },
    })
    const callback = { code: await code.save(), state: secrets.state, iss: this.issuer }
    return { secrets, callback: new URLSearchParams(callback) }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get #running(): OidcProvider {
    if (this.#provider === undefined) throw new Error('not started')
    return this.#provider
  }

  async #open(): Promise<void> {
    const { Provider, errors } = await loadOidcProvider({ write: () => undefined })
    const resource = {
      ...{ scope: 'mcp read', audience: `${this.origin}/mcp`, accessTokenTTL: 600, accessTokenFormat: 'jwt' as const },
      jwt: { sign: { alg: 'ES256' as const, kid: this.key.kid } },
    }
    const provider = new Provider(this.issuer, {
      adapter: createAdapterFactory(new SealedRecords(new MemoryIssuerStorage(), MasterKey.generate()), errors),
      clients: [
        {
          ...{ client_id: 'app', client_secret: relyingPartySecret, redirect_uris: [this.loginCallback] },
          ...{ grant_types: ['authorization_code', 'refresh_token'], id_token_signed_response_alg: 'ES256' },
        },
      ],
      jwks: { keys: [{ ...this.key.privateJwk, kty: 'EC', kid: this.key.kid, alg: 'ES256', use: 'sig' }] },
      findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub, tenant_id: 'acme' }) }),
      claims: { openid: ['sub', 'tenant_id'] },
      conformIdTokenClaims: false,
      cookies: { keys: ['a-key-that-nobody-needs-here'] },
      interactions: { url: () => '/nobody' },
      issueRefreshToken: () => true,
      rotateRefreshToken: true,
      expiresWithSession: () => false,
      extraTokenClaims: () => ({ tenant_id: 'acme', gid: 'grant-there' }),
      ttl: { RefreshToken: 86_400, AccessToken: 600, IdToken: 600, AuthorizationCode: 60, Grant: 86_400 },
      features: {
        devInteractions: { enabled: false },
        resourceIndicators: {
          ...{ enabled: true, defaultResource: () => resource.audience, useGrantedResource: () => true },
          getResourceServerInfo: () => resource,
        },
      },
    })
    const isRefresh = (params: unknown) => Object(params).grant_type === 'refresh_token'
    provider.on('grant.success', ({ oidc }) => (this.refreshed += isRefresh(oidc.params) ? 1 : 0))
    provider.on('grant.error', ({ oidc }) => (this.refused += isRefresh(oidc.params) ? 1 : 0))
    provider.on('server_error', (_context, error) => process.stderr.write(`${error.stack}\n`))
    this.#provider = provider
  }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

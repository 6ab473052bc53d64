import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { auth, type OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { BrowserJar } from '../../support/browser-jar.js'
import { IssuerHarness } from '../../support/issuer-harness.js'

/** An MCP client whose user is a scripted browser. */
class HeadlessClient implements OAuthClientProvider {
  readonly redirectUrl = 'http://127.0.0.1:8976/callback'
  readonly jar = new BrowserJar()
  saved: OAuthTokens | undefined
  code: string | undefined
  state_ = 'st4te'
  #information: OAuthClientInformationMixed | undefined
  #verifier = ''
  readonly #harness: IssuerHarness
  readonly #email: string

  constructor(harness: IssuerHarness, email: string) {
    this.#harness = harness
    this.#email = email
  }

  get clientMetadata() {
    return {
      client_name: 'Headless',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'read write',
    }
  }

  clientInformation() {
    return this.#information
  }

  saveClientInformation(information: OAuthClientInformationMixed) {
    this.#information = information
  }

  tokens() {
    return this.saved
  }

  saveTokens(tokens: OAuthTokens) {
    this.saved = tokens
  }

  async redirectToAuthorization(url: URL) {
    const consent = await this.#harness.signIn(this.jar, url, this.#email)
    const done = await this.jar.press(consent, 'allow')
    this.code = done.left?.searchParams.get('code') ?? undefined
    expect(done.left?.searchParams.get('iss')).toBe(this.#harness.issuer)
  }

  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier
  }

  codeVerifier() {
    return this.#verifier
  }
}

let harness: IssuerHarness

beforeEach(async () => {
  harness = await IssuerHarness.start()
  await harness.addAccount(harness.acme, 'ana@acme.test', ['read'])
})

afterEach(() => harness.close())

/** What the SDK reads first; served by the protected server, not by the issuer. */
function fetchWithResource(): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (!url.pathname.startsWith('/.well-known/oauth-protected-resource')) return fetch(input, init)
    return Response.json({
      resource: harness.resource,
      authorization_servers: [harness.issuer],
      scopes_supported: ['mcp', 'read'],
    })
  }
}

async function signIn(client: HeadlessClient): Promise<void> {
  const options = { serverUrl: harness.resource, fetchFn: fetchWithResource() }
  expect(await auth(client, options)).toBe('REDIRECT')
  expect(await auth(client, { ...options, authorizationCode: client.code ?? '' })).toBe('AUTHORIZED')
}

async function claimsOf(token: string | undefined) {
  const jwks = (await (await fetch(`${harness.issuer}/jwks`)).json()) as Parameters<typeof createLocalJWKSet>[0]
  return jwtVerify(token ?? '', createLocalJWKSet(jwks), {
    issuer: harness.issuer,
    audience: harness.resource,
    typ: 'at+jwt',
  })
}

describe('the SDK client', () => {
  it('registers, signs in, is allowed, and gets a token for the resource', async () => {
    const client = new HeadlessClient(harness, 'ana@acme.test')
    await signIn(client)
    const { payload, protectedHeader } = await claimsOf(client.saved?.access_token)
    expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    expect(payload).toMatchObject({ tenant_id: 'acme', email: 'ana@acme.test', scope: 'mcp read' })
    expect(client.saved).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'mcp read' })
  })

  it('refreshes, and the token family stays one grant', async () => {
    const client = new HeadlessClient(harness, 'ana@acme.test')
    await signIn(client)
    const first = await claimsOf(client.saved?.access_token)
    const firstRefresh = client.saved?.refresh_token
    expect(await auth(client, { serverUrl: harness.resource, fetchFn: fetchWithResource() })).toBe('AUTHORIZED')
    const second = await claimsOf(client.saved?.access_token)
    expect(client.saved?.refresh_token).not.toBe(firstRefresh)
    expect(second.payload['gid']).toBe(first.payload['gid'])
    expect(second.payload.jti).not.toBe(first.payload.jti)
    expect(second.payload['amr']).toEqual(['pwd'])
  })
})

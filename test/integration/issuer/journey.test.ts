import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { auth } from '@modelcontextprotocol/sdk/client/auth.js'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { HeadlessClient } from '../../support/headless-client.js'
import { IssuerHarness } from '../../support/issuer-harness.js'

let harness: IssuerHarness

const headless = (email: string) => new HeadlessClient((jar, url) => harness.signIn(jar, url, email))

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
    const client = headless('ana@acme.test')
    await signIn(client)
    expect(client.answer?.searchParams.get('iss')).toBe(harness.issuer)
    const { payload, protectedHeader } = await claimsOf(client.saved?.access_token)
    expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    expect(payload).toMatchObject({ tenant_id: 'acme', email: 'ana@acme.test', scope: 'mcp read' })
    expect(client.saved).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'mcp read' })
  })

  it('refreshes, and the token family stays one grant', async () => {
    const client = headless('ana@acme.test')
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

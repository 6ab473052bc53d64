import { BrowserJar, type Shown } from '../support/browser-jar.js'
import { pkcePair } from '../support/issuer-harness.js'
import { addressedFetch, type Way } from './addressed-fetch.js'
import { McpSession } from './mcp-session.js'

export interface Person {
  readonly email: string
  readonly password: string
}

/** What a client gets from the browser of its user. */
export interface ObtainedCode {
  readonly client_id: string
  readonly code: string
  readonly code_verifier: string
}

const redirectUri = 'http://127.0.0.1:8976/callback'

/** Signs in by OAuth, from registering a client to its first list, and answers with the session. */
export async function signInByOAuth(way: Way, person: Person): Promise<McpSession> {
  const token = await exchangeCode(way, await obtainCode(way, person))
  if (token === undefined) throw new TypeError('the code was refused')
  const session = await McpSession.open(way, { path: '/mcp/oauth', token })
  await assertSignedIn(session)
  return session
}

/** Registers a client, signs its user in, and allows it. */
export async function obtainCode(way: Way, person: Person): Promise<ObtainedCode> {
  const ask = addressedFetch(way)
  const client_id = await register(ask, way.origin)
  const { verifier: code_verifier, challenge } = pkcePair()
  const query = new URLSearchParams({
    ...{ client_id, response_type: 'code', redirect_uri: redirectUri, resource: `${way.origin}/mcp/oauth` },
    ...{ code_challenge: challenge, code_challenge_method: 'S256', state: 'st4te' },
  })
  const jar = new BrowserJar(ask)
  const form = await jar.open(`${way.origin}/oauth/authorize?${query}`)
  const consent = await jar.press(form, 'sign-in', { fields: { tenant: 'acme', ...person } })
  const { left, ...shown } = await jar.press(consent, 'allow')
  const code = left?.searchParams.get('code')
  if (code === null || code === undefined) throw new TypeError(`no code but ${say({ ...shown, left })}`)
  return { client_id, code, code_verifier }
}

/** The access token for a code; `undefined` where it was used before. */
export async function exchangeCode(way: Way, obtained: ObtainedCode): Promise<string | undefined> {
  const fields = { grant_type: 'authorization_code', redirect_uri: redirectUri, ...obtained }
  const body = new URLSearchParams(fields)
  const response = await addressedFetch(way)(`${way.origin}/oauth/token`, { method: 'POST', body })
  const answer = (await response.json()) as { readonly access_token?: string; readonly error?: string }
  if (answer.access_token === undefined && answer.error !== 'invalid_grant') {
    throw new TypeError(`a code was answered with ${response.status} ${answer.error}`)
  }
  return answer.access_token
}

/** Signs a session in with the five tools, and answers with it. */
export async function signInByTools(way: Way, person: Person): Promise<McpSession> {
  const session = await McpSession.open(way, { path: '/mcp', token: undefined })
  const { facts, text } = await session.call('oauth_authenticate', {
    code: await obtainOneTimeCode(session, way, person),
  })
  if (facts['status'] !== 'authenticated') throw new TypeError(`a one-time code was refused: ${text}`)
  await assertSignedIn(session)
  return session
}

/** From `oauth_start` to the code on the page. */
export async function obtainOneTimeCode(session: McpSession, way: Way, person: Person): Promise<string> {
  const { facts, text } = await session.call('oauth_start')
  const url = facts['authorization_url']
  if (typeof url !== 'string') throw new TypeError(`oauth_start was answered with: ${text}`)
  const jar = new BrowserJar(addressedFetch(way))
  const form = await jar.press(await jar.open(url), 'confirm')
  const shown = await jar.press(form, 'sign-in', { fields: { tenant: 'acme', ...person } })
  const [, code] = /class="one-time-code">([^<]+)</.exec(shown.html) ?? []
  if (code === undefined) throw new TypeError(`no one-time code but ${say(shown)}`)
  return code
}

async function register(ask: typeof fetch, origin: string): Promise<string> {
  const metadata = { client_name: 'Replicas', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }
  const headers = { 'content-type': 'application/json' }
  const response = await ask(`${origin}/oauth/register`, { method: 'POST', headers, body: JSON.stringify(metadata) })
  const text = await response.text()
  if (response.status !== 201) throw new TypeError(`a registration was answered with ${response.status}: ${text}`)
  return String((JSON.parse(text) as { readonly client_id?: unknown }).client_id)
}

async function assertSignedIn(session: McpSession): Promise<void> {
  const names = await session.list()
  if (!names.includes('post_entry')) throw new TypeError(`signed in, but listed ${names.join(', ')}`)
}

/** A page in a few words. */
function say({ status, html, left }: Shown): string {
  const heading = /<h1>([^<]*)</.exec(html)?.[1] ?? html.slice(0, 200)
  return `${status} "${heading}"${left === undefined ? '' : ` and the way to ${left.href}`}`
}

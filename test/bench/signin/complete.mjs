import { createHash, randomBytes } from 'node:crypto'
import { ask, fieldsOf, travel } from './browser.mjs'

export const redirectUri = 'http://127.0.0.1:1/callback'

/** A public client that registers from this address. */
export async function register(origin, address) {
  const json = { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', client_name: 'bench' }
  const { text } = await ask(`${origin}/oauth/register`, { address, jar: new Map(), json })
  return JSON.parse(text).client_id
}

/** The sign-in page that a new browser is shown. */
export async function begin(origin, { address, clientId }) {
  const jar = new Map()
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    ...{ client_id: clientId, response_type: 'code', redirect_uri: redirectUri, code_challenge_method: 'S256' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  })
  const page = await travel(`${origin}/oauth/authorize?${query}`, { address, jar })
  return { address, jar, page, verifier }
}

/** A whole sign-in, from the authorization request to the tokens. Throws `TypeError` where there are none in the end. */
export async function signIn(origin, { account, address, clientId }) {
  const { jar, page, verifier } = await begin(origin, { address, clientId })
  const { email, password, tenant } = account
  const form = { ...fieldsOf(page), tenant, email, password, action: 'sign-in' }
  const consent = await travel(page.url, { address, jar, form })
  const done = await travel(consent.url, { address, jar, form: { ...fieldsOf(consent), action: 'allow' } })
  const code = done.left?.searchParams.get('code') ?? ''
  const grant = { grant_type: 'authorization_code', redirect_uri: redirectUri, client_id: clientId }
  const answer = await ask(`${origin}/oauth/token`, {
    ...{ address, jar: new Map(), form: { ...grant, code, code_verifier: verifier } },
  })
  if (answer.status !== 200) throw new TypeError(`no token: ${answer.status} ${answer.text}`)
}

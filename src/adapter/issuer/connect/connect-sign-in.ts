import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Keyring } from '../../../core/credential/keyring.js'
import { BrowserCookie } from '../http/browser-cookie.js'
import { hostNaming, type PublicUrl } from '../http/public-url.js'
import { sendSeeOther, setSecurityHeaders } from '../http/send-response.js'
import type { IssuerResource } from '../provider/issuer-resource.js'
import { loginCookie, type RelyingParty } from '../provider/relying-party.js'
import { formatConnectLink } from './connect-path.js'

const pattern = /^connect\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/

/** Signing in at this server on the way to a link: from its page to the sign-in page, and back. */
export interface ConnectSignInParts {
  readonly url: PublicUrl
  readonly keyring: Keyring
  readonly relyingParty: RelyingParty
  readonly resource: IssuerResource
}

/** The path of a request to sign in first. It is good in this browser alone: nobody else's page can send it there. */
export function connectSignInPath(
  { keyring, relyingParty, resource, url }: ConnectSignInParts,
  link: string,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): string {
  const browser = new BrowserCookie(url, loginCookie.name, loginCookie.seconds).renew(request, response)
  const parameters = new URLSearchParams({
    ...{ response_type: 'code', client_id: relyingParty.clientId, redirect_uri: relyingParty.redirectUri },
    ...{ scope: 'openid', resource: resource.resource, state: stateOf(keyring, link, browser) },
    // Of the code that comes back nothing is wanted: nobody can redeem it.
    ...{ code_challenge: randomBytes(32).toString('base64url'), code_challenge_method: 'S256' },
  })
  return `${url.prefix}/authorize?${parameters.toString()}`
}

/** Whether a request to sign in was made so, for the browser with this cookie. */
export function isConnectSignIn(keyring: Keyring, state: string | undefined, browser: string | undefined): boolean {
  const [, link] = pattern.exec(state ?? '') ?? []
  return link !== undefined && browser !== undefined && state === stateOf(keyring, link, browser)
}

/**
 * Takes browsers that have signed in so back to the page of their link; `false` for every other request. The page asks who they are,
 * so that nothing in this one has to be believed.
 */
export function createConnectReturn(
  url: PublicUrl,
  redirectPath: string,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    const target = new URL(request.url ?? '/', url.origin)
    if (request.method !== 'GET' || target.pathname !== redirectPath) return false
    const [, link] = pattern.exec(target.searchParams.get('state') ?? '') ?? []
    if (link === undefined || hostNaming(url, request.headers.host) === 'foreign') return false
    setSecurityHeaders(response)
    sendSeeOther(response, url.origin + formatConnectLink(link))
    return true
  }
}

function stateOf(keyring: Keyring, link: string, browser: string): string {
  return `connect.${link}.${keyring.digest('connect-sign-in', `${link} ${browser}`)}`
}

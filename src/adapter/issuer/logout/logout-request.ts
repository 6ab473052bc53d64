import { decodeJwt, decodeProtectedHeader } from 'jose'
import type Provider from 'oidc-provider'
import type { Client } from 'oidc-provider'
import type { SigningKey } from '../../../core/identity/signing-key-store.js'

/** What a client asks for when it sends a user to be signed out (OpenID Connect RP-Initiated Logout §2). */
export type LogoutRequest =
  | {
      readonly valid: true
      readonly client: Client | undefined
      /** Where the user goes afterwards, with the client's `state`. */
      readonly returnTo: string | undefined
      /** What says that it is this client that asks: an ID token of its own, or nothing but its name. */
      readonly shownBy: 'id token' | 'name'
    }
  | { readonly valid: false; readonly problem: string }

/** The parameters of the specification; no other is handed on. */
export const logoutParameters = [
  'client_id',
  'id_token_hint',
  'logout_hint',
  'post_logout_redirect_uri',
  'state',
  'ui_locales',
] as const

const mostCharacters = 4096

export interface LogoutRequestParts {
  readonly provider: Provider
  /** All that are published. */
  readonly keys: readonly SigningKey[]
}

/** Reads the query of a logout request; a user is sent on only to what the client has registered, byte for byte. */
export async function readLogoutRequest(parts: LogoutRequestParts, query: string): Promise<LogoutRequest> {
  if (query.length > mostCharacters) return invalid('The request is too long.')
  const parameters = new URLSearchParams(query)
  const names = [...parameters.keys()]
  if (new Set(names).size !== names.length) return invalid('A parameter comes twice.')
  const hint = await readHint(parts, parameters.get('id_token_hint'))
  if (hint === 'invalid') return invalid('The id_token_hint was not issued here.')
  const asked = parameters.get('client_id') ?? undefined
  if (asked !== undefined && hint !== undefined && hint.clientId !== asked) {
    return invalid('The id_token_hint was issued to another client.')
  }
  const client = hint ?? (asked === undefined ? undefined : await parts.provider.Client.find(asked))
  if (asked !== undefined && client === undefined) return invalid('This client is not known here.')
  const wanted = parameters.get('post_logout_redirect_uri')
  const shownBy = hint === undefined ? 'name' : 'id token'
  if (wanted === null || client === undefined) return { valid: true, client, returnTo: undefined, shownBy }
  if (client.postLogoutRedirectUris?.includes(wanted) !== true) {
    return invalid('The post_logout_redirect_uri is not registered for this client.')
  }
  return { valid: true, client, returnTo: withState(wanted, parameters.get('state')), shownBy }
}

/**
 * The client that an ID token was issued to, however long ago (§2). One whose key is not published any more says nothing:
 * it is as if it had not been sent.
 */
async function readHint(
  { provider, keys }: LogoutRequestParts,
  hint: string | null,
): Promise<Client | 'invalid' | undefined> {
  if (hint === null) return undefined
  try {
    const { kid, typ } = decodeProtectedHeader(hint)
    const { aud } = decodeJwt(hint)
    // Of all that is signed here only an ID token is of no type, or of none but `JWT`.
    if (typeof kid !== 'string' || typeof aud !== 'string' || (typ ?? 'JWT') !== 'JWT') return 'invalid'
    if (!keys.some((key) => key.kid === kid)) return undefined
    const client = await provider.Client.find(aud)
    if (client === undefined) return undefined
    return (await isGenuine(provider, hint, client)) ? client : 'invalid'
  } catch (error) {
    if (error instanceof TypeError || isJoseError(error)) return 'invalid'
    throw error
  }
}

async function isGenuine(provider: Provider, hint: string, client: Client): Promise<boolean> {
  try {
    await provider.IdToken.validate(hint, client)
    return true
  } catch {
    return false
  }
}

function isJoseError(error: unknown): boolean {
  return error instanceof Error && typeof Reflect.get(error, 'code') === 'string'
}

function withState(uri: string, state: string | null): string {
  if (state === null) return uri
  const url = new URL(uri)
  url.searchParams.set('state', state)
  return url.href
}

function invalid(problem: string): LogoutRequest {
  return { valid: false, problem }
}

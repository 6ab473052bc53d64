import type { IncomingMessage, ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { PasswordRules } from '../../../core/federation/provider/password-rules.js'
import { isByPosingProvider, type UpstreamAttention } from '../federation/upstream-attention.js'
import type { IssuerCookies } from '../http/issuer-cookies.js'
import { isRefusedPassword } from './refused-password.js'
import type { AccountDirectory, Principal } from './account-directory.js'

const notSignedIn =
  'You are not signed in here in this browser. Start the sign-in in one of your apps, and come back to this page then.'
const passwordRefused =
  'Your organisation does not let anybody in with a password any more, and you have signed in with one. Start the sign-in in one of ' +
  'your apps, sign in there with the identity provider of your organisation, and come back to this page then.'
const providerPosing =
  'The identity provider that you have signed in with cannot be used right now. Come back later, or tell your administrator.'
/** What is said of a form that another page has sent. */
export const notFromHere = 'This form was not sent from its own page, or cookies are off. Open the page again.'

export interface SignedInParts {
  readonly provider: Provider
  readonly cookies: IssuerCookies
  readonly keyring: Keyring
  readonly directory: AccountDirectory
  /** UUIDs of the tenants where no password lets anybody in. */
  readonly refusing: PasswordRules['refusing']
  /** Whether sign-ins with identity providers stand there. */
  readonly upstream: UpstreamAttention | undefined
}

/** Who is signed in in a browser. */
export interface SignedIn {
  readonly principal: Principal
  /** As in `formatSubject`. */
  readonly subject: string
  /** Of the sign-in of this browser. */
  readonly session: string
  /** The secret in the cookie of that sign-in. */
  readonly id: string
  /** The random value in its cookie. */
  readonly browser: string
  /** Of this browser's sign-in and this page, so that nobody else's form is taken for one of this page. */
  readonly csrf: string
}

/** Why nobody is, in words for whoever has the browser. */
export interface NotSignedIn {
  readonly refused: string
}

/** Finds who is signed in in this browser, for one page of theirs. Throws `UpstreamError`. */
export async function findSignedIn(
  { cookies, directory, keyring, provider, refusing, upstream }: SignedInParts,
  page: 'consents' | 'factors',
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
): Promise<SignedIn | NotSignedIn> {
  const id = provider.createContext(request, response).cookies.get(cookies.names.session, { signed: true })
  const session = id === undefined ? undefined : await provider.Session.find(id)
  const subject = session?.accountId
  const principal = subject === undefined ? undefined : await directory.find(subject)
  if (id === undefined || session === undefined || subject === undefined || principal === undefined)
    return { refused: notSignedIn }
  if (await isRefusedPassword(refusing, session.amr, principal.tenant)) return { refused: passwordRefused }
  if (await isByPosingProvider(upstream, session.acr)) return { refused: providerPosing }
  const browser = cookies.ensureBrowser(request, response)
  const csrf = keyring.digest('issuer-csrf', `${page} ${session.uid} ${browser}`)
  return { principal, subject, session: session.uid, id, browser, csrf }
}

import { randomBytes } from 'node:crypto'
import type { NewIdentity } from './sign-in-store.js'

/** What one authorization request is recognized by (OAuth 2.1 §4.1.1, OpenID Connect Core §3.1.2.1). Single use. */
export interface AuthorizationSecrets {
  readonly state: string
  readonly nonce: string
  /** PKCE (RFC 7636), 43 characters. */
  readonly codeVerifier: string
}

/** Who asked for the sign-in: shown to whoever opens its page. The names are the client's own words. */
export interface LoginRequester {
  readonly clientName: string | undefined
  readonly clientVersion: string | undefined
  /** The network address, or `undefined` for a program on the same machine that speaks over stdio. */
  readonly address: string | undefined
  readonly transport: 'http' | 'stdio'
}

/** By which address the page was opened: the one in the tool's result, or the one that the server itself opened in the browser. */
export type Entrance = 'link' | 'ticket'

/** From the beginning. */
interface Begun {
  /** The last part of its page's address. Nobody else's to read: the store seals it with the rest. */
  readonly id: string
  /** The MCP session that started, the only one that can finish. */
  readonly starter: string
  readonly requester: LoginRequester
  readonly secrets: AuthorizationSecrets
  /** Seconds since the epoch, by the database's clock. */
  readonly startedAt: number
}

/** From the moment that a browser is bound to it. */
interface Confirmed extends Begun {
  /** Digest of the cookie of the browser that confirmed. */
  readonly browser: string
  readonly entrance: Entrance
}

/**
 * One sign-in with the five tools, from `oauth_start` to the moment its code is used:
 *
 * started -> confirmed -> exchanging -> authenticated -> ended, and from each of them to ended.
 */
export type LoginTransaction =
  | (Begun & { readonly phase: 'started' })
  | (Confirmed & { readonly phase: 'confirmed' })
  /** The callback came, once; the provider is being asked. */
  | (Confirmed & { readonly phase: 'exchanging' })
  | (Confirmed & {
      readonly phase: 'authenticated'
      readonly identity: NewIdentity
      /** Whom the page says is signed in. */
      readonly email: string
      readonly code: string
      /** How many codes were tried. */
      readonly attempts: number
    })
  | (Begun & { readonly phase: 'ended'; readonly browser: string | undefined; readonly how: LoginEnd })

export type LoginEnd = 'completed' | 'denied' | 'failed' | 'exhausted' | 'logged-out'

export type Phase<Name extends LoginTransaction['phase']> = Extract<LoginTransaction, { readonly phase: Name }>

/** How long a sign-in may take until the provider has answered, and how long its code is good from then on, in seconds. */
export const loginSeconds = 10 * 60
export const codeSeconds = 5 * 60
const mostAttempts = 5

/** A new transaction with an address and secrets of its own. */
export function startLogin(starter: string, requester: LoginRequester, startedAt: number): Phase<'started'> {
  const secrets = { state: randomText(), nonce: randomText(), codeVerifier: randomText() }
  return { phase: 'started', id: randomText(), starter, requester, secrets, startedAt }
}

/** The user recognized the request, in this browser. */
export function confirmLogin(login: Phase<'started'>, browser: string, entrance: Entrance): Phase<'confirmed'> {
  return { ...login, phase: 'confirmed', browser, entrance }
}

/** The callback has come; no second one is heard. */
export function beginExchange(login: Phase<'confirmed'>): Phase<'exchanging'> {
  return { ...login, phase: 'exchanging' }
}

/** The provider vouched for `identity`; whoever types `code` in the starting session gets it. */
export function authenticateLogin(
  login: Phase<'exchanging'>,
  { identity, email, code }: Pick<Phase<'authenticated'>, 'identity' | 'email' | 'code'>,
): Phase<'authenticated'> {
  return { ...login, phase: 'authenticated', identity, email, code, attempts: 0 }
}

/** Counts an attempt, which has to stand before the code is looked at: else parallel ones would be free. */
export function countAttempt(login: Phase<'authenticated'>): Phase<'authenticated'> {
  return { ...login, attempts: login.attempts + 1 }
}

/** Whether no further code may be tried. */
export function isExhausted({ attempts }: Phase<'authenticated'>): boolean {
  return attempts >= mostAttempts
}

/** Nothing more can come of it; only that it was there is kept, to tell a replay from a guess. */
export function endLogin(login: LoginTransaction, how: LoginEnd): Phase<'ended'> {
  const { id, starter, requester, secrets, startedAt } = login
  const browser = login.phase === 'started' ? undefined : login.browser
  return { phase: 'ended', id, starter, requester, secrets, startedAt, browser, how }
}

/** 256 random bits, 43 characters. */
export function randomText(): string {
  return randomBytes(32).toString('base64url')
}

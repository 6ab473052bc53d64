import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { sendJson } from './hostile-provider.js'
import type { IssuerRequest } from './issuer-request.js'

type Members = Readonly<Record<string, unknown>>

export interface OpaqueTokenOptions {
  /** The client that may ask about them. */
  readonly clientId: string
  readonly clientSecret: string
  /** What a token says where nothing else is said. */
  readonly claims: () => Members
  /** Seconds since the epoch. */
  readonly now: () => number
}

/** Tokens that are no JWTs: only their issuer can say what they are. */
export class OpaqueTokens {
  /** Laid over the answers of each endpoint; `undefined` leaves a member out. */
  introspection: Members = {}
  tokeninfo: Members = {}
  userinfo: Members = {}
  readonly #options: OpaqueTokenOptions
  readonly #known = new Map<string, Members>()

  constructor(options: OpaqueTokenOptions) {
    this.#options = options
  }

  /** `claims` are laid over the ordinary ones. */
  issue(claims: Members = {}, prefix = ''): string {
    const token = prefix + randomBytes(24).toString('base64url')
    this.#known.set(token, { ...this.#options.claims(), ...claims })
    return token
  }

  revoke(token: string): void {
    this.#known.delete(token)
  }

  /** RFC 7662 §2. */
  introspect({ method, headers, body }: IssuerRequest, response: ServerResponse): void {
    if (method !== 'POST') return sendJson(response, { error: 'invalid_request' }, 405)
    const form = new URLSearchParams(body)
    if (!this.#isOurClient(headers.authorization, form)) return sendJson(response, { error: 'invalid_client' }, 401)
    const claims = this.#known.get(form.get('token') ?? '')
    if (claims === undefined) return sendJson(response, { active: false, ...this.introspection })
    sendJson(response, { active: true, token_type: 'Bearer', ...claims, ...this.introspection })
  }

  /** As Google's `tokeninfo`: numbers and booleans are texts. */
  tellToken({ query, body }: IssuerRequest, response: ServerResponse): void {
    const token = query.get('access_token') ?? new URLSearchParams(body).get('access_token') ?? ''
    const claims = this.#known.get(token)
    if (claims === undefined) return sendJson(response, { error: 'invalid_token' }, 400)
    const { sub, scope, email, exp, client_id: client } = claims
    sendJson(response, {
      ...{ azp: client, aud: client, sub, scope, exp: String(exp) },
      ...{ expires_in: String(Number(exp) - this.#options.now()), access_type: 'online' },
      ...{ email, email_verified: 'true', ...this.tokeninfo },
    })
  }

  /** As Google's `userinfo`. */
  tellUser({ headers }: IssuerRequest, response: ServerResponse): void {
    const [, token = ''] = /^Bearer (.+)$/i.exec(headers.authorization ?? '') ?? []
    const claims = this.#known.get(token)
    if (claims === undefined) return sendJson(response, { error: 'invalid_request' }, 401)
    const { sub, name, email, hd } = claims
    sendJson(response, { sub, name, email, email_verified: true, hd, ...this.userinfo })
  }

  /** RFC 6749 §2.3.1: in the header, each part as in a form, or in the body. */
  #isOurClient(authorization: string | undefined, form: URLSearchParams): boolean {
    const { clientId, clientSecret } = this.#options
    const [, basic] = /^Basic (.+)$/i.exec(authorization ?? '') ?? []
    if (basic === undefined) return form.get('client_id') === clientId && form.get('client_secret') === clientSecret
    const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':')
    const parts = new URLSearchParams(`id=${id}&secret=${secret}`)
    return parts.get('id') === clientId && parts.get('secret') === clientSecret
  }
}

import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { Passkey } from '../../../../core/identity/account-factor-store.js'
import type { PublicUrl } from '../../http/public-url.js'
import type { SealedRecords } from '../../record/sealed-records.js'
import type { ProofVisit } from '../interaction-step.js'
import { bringsNoCertificate } from './attestation.js'

export interface PasskeysParts {
  readonly url: PublicUrl
  readonly serverName: string
  readonly records: SealedRecords
}

/** Whose passkey, on which page. */
export interface PasskeyOwner {
  readonly visit: ProofVisit
  /** As in `formatSubject`. */
  readonly subject: string
  readonly passkeys: readonly Passkey[]
}

type Use = 'webauthn.create' | 'webauthn.get'

const model = 'PasskeyChallenge'
const seconds = 5 * 60

/** Passkeys (Web Authentication, Level 2) as a second factor: with user verification, for the name of the public URL. */
export class Passkeys {
  readonly #parts: PasskeysParts
  readonly #rpId: string

  constructor(parts: PasskeysParts) {
    this.#parts = parts
    this.#rpId = new URL(parts.url.origin).hostname
  }

  /** Whether browsers let this server have any: they belong to a name, never to an address (§5.1.3). */
  get usable(): boolean {
    return isIP(this.#rpId.replace(/^\[|\]$/g, '')) === 0
  }

  /** What the browser is asked with to sign, as JSON. */
  async requestOptions(owner: PasskeyOwner): Promise<string> {
    const { generateAuthenticationOptions } = await import('@simplewebauthn/server')
    const options = await generateAuthenticationOptions({
      rpID: this.#rpId,
      challenge: await this.#newChallenge(owner, 'webauthn.get'),
      allowCredentials: owner.passkeys.map(({ credentialId }) => ({ id: credentialId })),
      userVerification: 'required',
      timeout: seconds * 1000,
    })
    return JSON.stringify(options)
  }

  /** What the browser is asked with to make one, as JSON. */
  async creationOptions(owner: PasskeyOwner, user: { readonly id: string; readonly email: string }): Promise<string> {
    const { generateRegistrationOptions } = await import('@simplewebauthn/server')
    const options = await generateRegistrationOptions({
      rpName: this.#parts.serverName,
      rpID: this.#rpId,
      userName: user.email,
      userID: new Uint8Array(Buffer.from(user.id)),
      challenge: await this.#newChallenge(owner, 'webauthn.create'),
      attestationType: 'none',
      excludeCredentials: owner.passkeys.map(({ credentialId }) => ({ id: credentialId })),
      authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
      timeout: seconds * 1000,
    })
    return JSON.stringify(options)
  }

  /** The passkey that signed, with its new count; `undefined` for whatever is not right about it. */
  async verify(owner: PasskeyOwner, text: string): Promise<Pick<Passkey, 'credentialId' | 'signCount'> | undefined> {
    const response = parseCredential<AuthenticationResponseJSON>(text)
    const passkey = owner.passkeys.find(({ credentialId }) => credentialId === response?.id)
    const expected = response && (await this.#expected(owner, response, 'webauthn.get'))
    if (response === undefined || passkey === undefined || expected === undefined) return undefined
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
    const credential = {
      id: passkey.credentialId,
      publicKey: new Uint8Array(passkey.publicKey),
      counter: passkey.signCount,
    }
    const answer = await orNothing(verifyAuthenticationResponse({ ...expected, response, credential }))
    if (answer?.verified !== true) return undefined
    return { credentialId: passkey.credentialId, signCount: answer.authenticationInfo.newCounter }
  }

  /** The passkey that was made; `undefined` for whatever is not right about it. */
  async register(owner: PasskeyOwner, text: string): Promise<Passkey | undefined> {
    const response = parseCredential<RegistrationResponseJSON>(text)
    const expected = response && (await this.#expected(owner, response, 'webauthn.create'))
    if (response === undefined || expected === undefined) return undefined
    if (!(await bringsNoCertificate(response.response.attestationObject))) return undefined
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
    const answer = await orNothing(verifyRegistrationResponse({ ...expected, response }))
    if (answer?.verified !== true) return undefined
    const { counter, id, publicKey } = answer.registrationInfo.credential
    return { credentialId: id, publicKey, signCount: counter }
  }

  async #newChallenge({ subject, visit }: PasskeyOwner, use: Use): Promise<Uint8Array<ArrayBuffer>> {
    const challenge = randomBytes(32)
    const { browser, interaction } = visit
    const payload = { accountId: subject, browser, interaction: interaction.uid, use }
    await this.#parts.records.put({ model, id: challenge.toString('base64url'), payload, expiresIn: seconds })
    return new Uint8Array(challenge)
  }

  /** Uses up the challenge that was signed, if it is one of this sign-in: it is good for one answer, right or wrong. */
  async #expected({ subject, visit }: PasskeyOwner, response: ClientResponse, use: Use) {
    const client = parseClientData(response.response.clientDataJSON)
    if (client === undefined || client.crossOrigin || client.type !== use) return undefined
    const { records, url } = this.#parts
    const payload = (await records.find(model, client.challenge))?.payload
    const isOurs =
      payload?.['accountId'] === subject &&
      payload['browser'] === visit.browser &&
      payload['interaction'] === visit.interaction.uid &&
      payload['use'] === use
    if (!isOurs || !(await records.consume(model, client.challenge))) return undefined
    return {
      expectedChallenge: client.challenge,
      expectedOrigin: url.origin,
      expectedRPID: this.#rpId,
      expectedType: use,
      requireUserVerification: true,
    }
  }
}

interface ClientResponse {
  readonly id: string
  readonly response: { readonly clientDataJSON: string }
}

interface ClientData {
  readonly type: string
  readonly challenge: string
  readonly crossOrigin: boolean
}

function parseCredential<Response extends ClientResponse>(text: string): Response | undefined {
  const value: unknown = parseObject(text)
  return isCredential<Response>(value) ? value : undefined
}

/** The library looks at every member; here, only at what is asked for before. */
function isCredential<Response extends ClientResponse>(value: unknown): value is Response {
  const response = memberOf(value, 'response')
  return typeof memberOf(value, 'id') === 'string' && typeof memberOf(response, 'clientDataJSON') === 'string'
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function parseClientData(base64url: string): ClientData | undefined {
  const value = parseObject(Buffer.from(base64url, 'base64url').toString())
  const { challenge, crossOrigin, type } = value ?? {}
  if (typeof challenge !== 'string' || typeof type !== 'string') return undefined
  return { challenge, type, crossOrigin: crossOrigin !== undefined && crossOrigin !== false }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** The library throws for what is not right. */
async function orNothing<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  return answer.catch(() => undefined)
}

import type { Consent } from '../../adapter/issuer/record/issuer-consents.js'
import { formatHandle } from '../../core/identity/session-handle.js'

/** One consent as the CLI shows it. */
export interface ShownConsent {
  /** Names it to `authsec session end`, too; nobody gets in with it. */
  readonly id: string
  /** `unreadable`: what is on record about it was altered, or sealed with another key; it can be ended. */
  readonly state: Consent['kind']
  readonly clientId: string | undefined
  /** What the client calls itself. */
  readonly client: string | undefined
  /** The redirect URI that the access is handed to. */
  readonly destination: string | undefined
  readonly scopes: readonly string[]
  readonly application: string | undefined
  /** ISO 8601, like the two below. */
  readonly since: string | undefined
  readonly used: string | undefined
  readonly expires: string | undefined
}

/** What administrators are shown of a consent. */
export function showConsent(consent: Consent): ShownConsent {
  const { application, key, kind: state } = consent
  const known = consent.kind === 'known' ? consent : undefined
  return {
    ...{ id: formatHandle({ kind: 'grant', key }), state, clientId: known?.clientId, client: known?.clientName },
    ...{ destination: known?.destination, scopes: known?.scopes ?? [], application },
    ...{ since: timeOf(known?.since), used: timeOf(known?.usedAt), expires: timeOf(consent.expiresAt) },
  }
}

function timeOf(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()
}

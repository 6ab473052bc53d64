import type { KnownConsent } from '../../adapter/issuer/record/issuer-consents.js'
import { formatHandle } from '../../core/identity/session-handle.js'

/** One consent as the CLI shows it. */
export interface ShownConsent {
  /** Names it to `authsec session end`, too; nobody gets in with it. */
  readonly id: string
  readonly clientId: string
  /** What the client calls itself. */
  readonly client: string | undefined
  /** The redirect URI that the access is handed to. */
  readonly destination: string
  readonly scopes: readonly string[]
  readonly application: string | undefined
  /** ISO 8601, like the two below. */
  readonly since: string | undefined
  readonly used: string | undefined
  readonly expires: string | undefined
}

/** What administrators are shown of a consent. */
export function showConsent(consent: KnownConsent): ShownConsent {
  const { application, clientId, clientName: client, destination, key, scopes } = consent
  return {
    ...{ id: formatHandle({ kind: 'grant', key }), clientId, client, destination, scopes, application },
    ...{ since: timeOf(consent.since), used: timeOf(consent.usedAt), expires: timeOf(consent.expiresAt) },
  }
}

function timeOf(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()
}

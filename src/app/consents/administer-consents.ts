import { IssuerConsents, type Consent } from '../../adapter/issuer/record/issuer-consents.js'
import type { SessionDirectory } from '../../core/identity/session-directory.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { RefusedError } from '../refused-error.js'
import { withDirectory } from '../sessions/with-directory.js'
import { showConsent, type ShownConsent } from './shown-consent.js'

/** Whose consents are meant. */
export interface ConsentChoice {
  /** The address of the account. */
  readonly user: string
  /** Slug; needed where several tenants have the address. */
  readonly tenant?: string | undefined
  /** The id of one client. */
  readonly client?: string | undefined
}

/** What an account has allowed which clients. Throws `RefusedError` for an account that is not there, `UpstreamError`. */
export function listConsents(env: NodeJS.ProcessEnv, choice: ConsentChoice): Promise<readonly ShownConsent[]> {
  return withConsents(env, choice, async ({ consents }) => consents.map(showConsent))
}

/**
 * Takes back what an account has allowed, all of it or what one client has, at every server at once; answers with what ended.
 * Throws `RefusedError` for an account that is not there, and where that client was allowed nothing.
 */
export function revokeConsents(env: NodeJS.ProcessEnv, choice: ConsentChoice): Promise<readonly ShownConsent[]> {
  return withConsents(env, choice, async ({ consents, directory, tenant }) => {
    if (consents.length === 0 && choice.client !== undefined) {
      throw new RefusedError(
        `${choice.user} has allowed ${choice.client} nothing; authsec account consent list shows what`,
      )
    }
    const ended: ShownConsent[] = []
    for (const consent of consents) {
      const sessions = await directory.endOne({ kind: 'grant', key: consent.key }, tenant)
      if (sessions.length > 0) ended.push(showConsent(consent))
    }
    return ended
  })
}

interface OpenConsents {
  readonly consents: readonly Consent[]
  readonly directory: SessionDirectory
  readonly tenant: Tenant | undefined
}

function withConsents<Value>(
  env: NodeJS.ProcessEnv,
  { client, tenant: slug, user }: ConsentChoice,
  act: (open: OpenConsents) => Promise<Value>,
): Promise<Value> {
  return withDirectory(env, async ({ data, directory, scopeOf }) => {
    const scope = await scopeOf({ user, tenant: slug })
    const { issuerStorage, directory: sources } = data.postgres
    const all = new IssuerConsents({ storage: issuerStorage, owned: sources.records, keyring: data.keyring })
    const isMeant = (one: Consent): boolean => client === undefined || (one.kind === 'known' && one.clientId === client)
    const consents = (await all.list(scope)).filter(isMeant)
    return act({ consents, directory, tenant: scope.tenant })
  })
}

import { IssuerSessions } from '../../adapter/issuer/record/issuer-sessions.js'
import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import { createLog } from '../../adapter/telemetry/create-log.js'
import type { Wish } from '../../core/administration/wish.js'
import type { KnownSession } from '../../core/identity/session-source.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { issuerIn } from '../own-url.js'
import { openClientNotifier } from '../sessions/open-session-directory.js'
import { readSettings } from '../settings/settings.js'

interface Farewell {
  readonly env: NodeJS.ProcessEnv
  readonly postgres: Postgres
  readonly tenant: Tenant
  readonly wishes: readonly Wish[]
}

/**
 * What tells the clients of accounts that are about to be disabled or removed: to be called once they are. Looks before, since of an
 * account that is gone nothing is left to look at. Throws `UpstreamError`.
 */
export async function prepareFarewell({ env, postgres, tenant, wishes }: Farewell): Promise<() => Promise<void>> {
  const leaving = new Set(wishes.flatMap((wish) => emailOfLeaving(wish) ?? []))
  if (leaving.size === 0) return async () => undefined
  const accounts = (await postgres.accounts.list(tenant)).filter(({ email }) => leaving.has(email))
  const sessions = new IssuerSessions({
    ...{ storage: postgres.issuerStorage, owned: postgres.directory.records, keyring: postgres.keys },
  })
  const ending: KnownSession[] = []
  for (const { id: subject } of accounts) {
    const owners = [{ tenantId: tenant.id, issuer: undefined, subject }]
    ending.push(...(await sessions.list({ tenant, owners, application: undefined })))
  }
  const { mode } = readSettings(env, {}, undefined)
  const issuer = await issuerIn(env)
  const reach = mode === 'development' ? 'private' : 'public'
  const clients = openClientNotifier({ keyring: postgres.keys, postgres }, { issuer, log: createLog('warn'), reach })
  return () => clients.tell(ending)
}

function emailOfLeaving(wish: Wish): string | undefined {
  if (wish.kind !== 'account') return undefined
  return wish.status === 'disabled' || wish.presence === 'absent' ? wish.email : undefined
}

import type { SessionDirectory } from './session-directory.js'
import type { SessionOwner } from './session-owner.js'
import type { SessionScope } from './session-source.js'
import type { Tenant } from './tenant.js'

/** Whose proofs are changed: the accounts of these ids, or everybody of the tenant. */
export interface SecurityScope<Value = unknown> {
  readonly tenant: Tenant
  readonly accounts: readonly string[] | 'everybody'
  /** Whether there was a change after all: where there was none, nothing more ends. There was, unless this says otherwise. */
  readonly wasMade?: ((value: Value) => boolean) | undefined
}

/** What a change came to. */
export interface SecurityChange<Value> {
  readonly value: Value
  /** How many sessions, grants and sign-ins it ended. */
  readonly ended: number
  /** Whether whatever rested on what was before has ended. The change itself stands in either case. */
  readonly sessions: 'ended' | 'not all ended'
}

/**
 * Changes what accounts prove themselves with, and ends whatever rests on what was before. It ends before the change, so that
 * where it cannot nothing is changed, and once more afterwards, for who signed in meanwhile; whose it is is read before, since an
 * identity that is taken off an account leads nowhere afterwards. Throws `UpstreamError` where nothing was changed, and whatever
 * `change` throws.
 */
export async function changeSecurity<Value>(
  sessions: Pick<SessionDirectory, 'end' | 'ownersOf'>,
  { accounts, tenant, wasMade = () => true }: SecurityScope<NoInfer<Value>>,
  change: () => Promise<Value>,
): Promise<SecurityChange<Value>> {
  if (accounts !== 'everybody' && accounts.length === 0) return { value: await change(), ended: 0, sessions: 'ended' }
  const scopes = scopesOf(tenant, await ownersOf(sessions, { accounts, tenant }))
  const before = await endAll(sessions, scopes)
  const value = await change()
  if (!wasMade(value)) return { value, ended: before, sessions: 'ended' }
  try {
    return { value, ended: before + (await endAll(sessions, scopes)), sessions: 'ended' }
  } catch {
    return { value, ended: before, sessions: 'not all ended' }
  }
}

/** As many owners as one query is asked about. */
const mostOwners = 200

function scopesOf(tenant: Tenant, owners: SessionScope['owners']): readonly SessionScope[] {
  if (owners === undefined) return [{ tenant, owners, application: undefined }]
  const count = Math.ceil(owners.length / mostOwners)
  return Array.from({ length: count }, (_, index) => {
    const part = owners.slice(index * mostOwners, (index + 1) * mostOwners)
    return { tenant, owners: part, application: undefined }
  })
}

async function endAll(sessions: Pick<SessionDirectory, 'end'>, scopes: readonly SessionScope[]): Promise<number> {
  let ended = 0
  for (const scope of scopes) ended += (await sessions.end(scope)).length
  return ended
}

async function ownersOf(
  sessions: Pick<SessionDirectory, 'ownersOf'>,
  { accounts, tenant }: Pick<SecurityScope, 'accounts' | 'tenant'>,
): Promise<SessionScope['owners']> {
  if (accounts === 'everybody') return undefined
  const owners: SessionOwner[] = []
  // One after the other: there may be thousands.
  for (const id of accounts) owners.push(...(await sessions.ownersOf(tenant, id)))
  return owners
}

import type Provider from 'oidc-provider'
import type { Session } from 'oidc-provider'
import type { SealedRecords } from '../record/sealed-records.js'
import { orUnavailable, type ErrorsOfProvider } from './oidc-adapter.js'

/** So many replaced grants of one client stand with a session; of more, the oldest end. */
const mostEarlier = 200

/**
 * Lets a session remember each grant that it has had: the provider keeps the latest of each client alone, and whoever signs out
 * would leave those before it to clients.
 */
export function rememberEarlierGrants(provider: Provider, records: SealedRecords, errors: ErrorsOfProvider): void {
  const { prototype } = provider.Session
  const { grantIdFor, save } = prototype
  const remembering = function (this: Session, clientId: string, value?: string): string | undefined {
    const before = this.authorizations?.[clientId]?.grantId
    if (value === undefined) return before
    grantIdFor.call(this, clientId, value)
    const authorization = this.authorizations?.[clientId]
    if (authorization !== undefined && before !== undefined && before !== value) {
      const earlier = [...earlierIn(authorization), before].filter((id) => id !== value)
      Object.assign(authorization, { earlier: [...new Set(earlier)] })
    }
    return undefined
  }
  Object.assign(prototype, { grantIdFor: remembering })
  prototype.save = async function (this: Session, ttl) {
    for (const authorization of Object.values(this.authorizations ?? {})) {
      const earlier = earlierIn(authorization)
      if (earlier.length <= mostEarlier) continue
      for (const grantId of earlier.slice(0, -mostEarlier)) await orUnavailable(records.revokeGrant(grantId), errors)
      Object.assign(authorization, { earlier: earlier.slice(-mostEarlier) })
    }
    return save.call(this, ttl)
  }
}

/** Adds what another request of the browser has written since `session` was read: nothing that was granted is forgotten. */
export function takeOver(
  session: { authorizations?: Session['authorizations'] },
  written: unknown,
  given: readonly string[],
): void {
  const merged: Record<string, object> = { ...session.authorizations }
  for (const [clientId, standing] of Object.entries<unknown>({ ...Object(written) })) {
    if (typeof standing === 'object' && standing !== null) {
      merged[clientId] = merge(merged[clientId] ?? {}, standing, given)
    }
  }
  if (Object.keys(merged).length > 0) session.authorizations = merged
}

/** What this request has granted is the latest. */
function merge(own: object, standing: object, given: readonly string[]): object {
  const [mine, theirs] = [idIn(own), idIn(standing)]
  const latest = mine !== undefined && given.includes(mine) ? mine : (theirs ?? mine)
  const others = [...earlierIn(own), ...earlierIn(standing), mine, theirs]
  const earlier = [...new Set(others)].filter((id) => id !== undefined && id !== latest)
  return {
    ...{ ...own, ...standing },
    ...(latest === undefined ? {} : { grantId: latest }),
    ...(earlier.length === 0 ? {} : { earlier }),
  }
}

function idIn(authorization: object): string | undefined {
  const id: unknown = Reflect.get(authorization, 'grantId')
  return typeof id === 'string' ? id : undefined
}

/** The ids of all grants that were given in a session, replaced ones included. */
export function grantsOf({ authorizations }: { readonly authorizations?: unknown }): readonly string[] {
  const ids = Object.values({ ...Object(authorizations) }).flatMap((one) => {
    const authorization = Object(one)
    return [authorization.grantId, ...earlierIn(authorization)]
  })
  return [...new Set(ids.filter((id) => typeof id === 'string'))]
}

function earlierIn(authorization: object): readonly string[] {
  const earlier: unknown = Reflect.get(authorization, 'earlier')
  return Array.isArray(earlier) ? earlier.filter((id) => typeof id === 'string') : []
}

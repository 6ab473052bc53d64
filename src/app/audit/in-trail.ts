import type { Tenant } from '../../core/identity/tenant.js'
import { UpstreamError } from '../../core/error/upstream-error.js'

/** A trail that could not be reached, and why. */
export interface UnreachedTrail {
  /** Slug; `undefined` for master. */
  readonly tenant: string | undefined
  readonly failure: string
}

/** Works on one trail: where its database does not answer, the error says whose it is. */
export async function inTrail<Value>(
  tenant: Pick<Tenant, 'slug'> | undefined,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    throw namedIn(tenant, error)
  }
}

/** What a database that does not answer is to whoever asked several: it says whose. Any other error as it is. */
export function namedIn(tenant: Pick<Tenant, 'slug'> | undefined, error: unknown): unknown {
  if (!(error instanceof UpstreamError)) return error
  const { mend, message, outage } = error
  return new UpstreamError(outage, `${tenant?.slug ?? 'master'}: ${message}`, { mend, cause: error })
}

/** Works on one trail after the other; one whose database does not answer keeps none of the others from it. */
export async function inEachTrail<Place extends { readonly tenant: Pick<Tenant, 'slug'> | undefined }>(
  places: readonly Place[],
  work: (place: Place) => Promise<void>,
): Promise<readonly UnreachedTrail[]> {
  const unreached: UnreachedTrail[] = []
  for (const place of places) {
    try {
      await work(place)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      unreached.push({ tenant: place.tenant?.slug, failure: error.message })
    }
  }
  return unreached
}

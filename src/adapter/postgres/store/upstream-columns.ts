import { sql } from 'kysely'
import type { Keyring } from '../../../core/credential/keyring.js'
import type { UpstreamGrant } from '../../../core/sign-in/upstream-grant.js'

const purpose = 'upstream-token'

/** Whether the provider is to be asked again; never where it gave nothing to ask with. */
export const isDue = sql<boolean>`coalesce(refresh_at <= clock_timestamp(), false)`

/** The row that some tokens are stored in, and which of its tokens they are. */
export interface UpstreamPlace {
  readonly key: string
  readonly version: number
}

/** What a row holds of upstream tokens: sealed, and due half a minute before they end, though never at once. */
export function upstreamColumns(keys: Keyring, place: UpstreamPlace, { refreshToken, expiresAt }: UpstreamGrant) {
  const left = sql`${expiresAt}::float8 - extract(epoch from clock_timestamp())::float8 - 30`
  return {
    upstream_sealed: keys.seal(purpose, Buffer.from(refreshToken), contextOf(place)),
    upstream_version: place.version,
    refresh_at: sql<Date>`clock_timestamp() + make_interval(secs => least(12 * 60 * 60, greatest(30, ${left})))`,
    refresh_failures: 0,
  }
}

/** The refresh token in a row. Throws where it was sealed for another row, or another version of it. */
export function openUpstream(keys: Keyring, place: UpstreamPlace, sealed: Uint8Array): string {
  return keys.open(purpose, sealed, contextOf(place)).toString()
}

/** With the version an earlier token cannot be put back in its place. */
function contextOf({ key, version }: UpstreamPlace): string {
  return `${key} ${version}`
}

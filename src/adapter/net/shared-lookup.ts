import { lookup as askSystem } from 'node:dns/promises'
import { Turnstile } from '../../core/runtime/turnstile.js'

/** All addresses of a name. Rejects where there are none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

/** What this computer says, `/etc/hosts` and search domains included. */
export const systemLookup: Lookup = async (hostname) =>
  (await askSystem(hostname, { all: true })).map(({ address }) => address)

/** Half of the threads of this process, and as long as anybody waits for an answer. */
const underWayAtOnce = { atOnce: 2, waiting: 100, milliseconds: 3_000 }

/**
 * A lookup that is not started again while one of the same name is under way, nor while two others are: each takes one of the few
 * threads of this process, which check signatures as well, and names whose servers are silent would soon have them all.
 */
export function sharedLookup(lookup: Lookup): Lookup {
  const turnstile = new Turnstile(underWayAtOnce)
  const underWay = new Map<string, Promise<readonly string[]>>()
  return (hostname) => {
    const known = underWay.get(hostname)
    if (known !== undefined) return known
    const started = turnstile.pass('all', () => lookup(hostname)).finally(() => underWay.delete(hostname))
    underWay.set(hostname, started)
    return started
  }
}

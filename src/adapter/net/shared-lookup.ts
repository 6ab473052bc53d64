import { lookup as askSystem } from 'node:dns/promises'

/** All addresses of a name. Rejects where there are none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

/** What this computer says, `/etc/hosts` and search domains included. */
export const systemLookup: Lookup = async (hostname) =>
  (await askSystem(hostname, { all: true })).map(({ address }) => address)

/**
 * A lookup that is not started again while one of the same name is under way: each takes one of the few threads of this process, and
 * a name whose server is silent would soon have them all.
 */
export function sharedLookup(lookup: Lookup): Lookup {
  const underWay = new Map<string, Promise<readonly string[]>>()
  return (hostname) => {
    const known = underWay.get(hostname)
    if (known !== undefined) return known
    const started = lookup(hostname).finally(() => underWay.delete(hostname))
    underWay.set(hostname, started)
    return started
  }
}

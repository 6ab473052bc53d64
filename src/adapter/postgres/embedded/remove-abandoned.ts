import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** No start takes this long, so nothing this old is anybody's work. By age, as a process id may be another container's. */
const abandonedAfterMs = 10 * 60_000

/** Removes what processes that were killed while starting have left in this folder under such a name. */
export function removeAbandoned(folder: string, pattern: RegExp): void {
  for (const name of readdirSync(folder)) {
    if (!pattern.test(name)) continue
    const path = join(folder, name)
    const changedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (Date.now() - changedAt > abandonedAfterMs) rmSync(path, { recursive: true, force: true })
  }
}

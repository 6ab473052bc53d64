import { readFileSync } from 'node:fs'

/** The version of this package. */
export function packageVersion(): string {
  const description: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const isNamed = typeof description === 'object' && description !== null && 'version' in description
  return isNamed && typeof description.version === 'string' ? description.version : 'unknown'
}

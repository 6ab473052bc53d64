import { readFileSync } from 'node:fs'

/** The version of this product. */
export function productVersion(): string {
  const description: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const version: unknown =
    typeof description === 'object' && description !== null ? Reflect.get(description, 'version') : ''
  return String(version)
}

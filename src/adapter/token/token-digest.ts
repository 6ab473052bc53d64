import { createHash } from 'node:crypto'

/** What a token is known by in memory: nobody can make a token of it. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

import { createHash } from 'node:crypto'

/** Tells one set of recovery codes from every other, by the digests that they are kept under. */
export function recoverySetOf(digests: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(digests.toSorted())).digest('base64url')
}

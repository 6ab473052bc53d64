import { createHash } from 'node:crypto'
import type { LoginSession } from '../../../core/sign-in/login-session.js'
import { plainText } from './plain-text.js'

const length = 16
const longestEcho = 64

/** What the tools call a session: people and models may see it, and nobody gets anywhere with it. */
export function sessionReference({ key }: LoginSession): string {
  return createHash('sha256').update(`authsec-session ${key}`).digest('hex').slice(0, length)
}

/**
 * A `session_id` that is not this session's, as an answer may repeat it; `undefined` for its own and for none. Nothing is
 * looked up: another session's id and one that never was are the same.
 */
export function foreignReference(session: LoginSession, given: unknown): string | undefined {
  if (given === undefined || given === sessionReference(session)) return undefined
  return typeof given === 'string' ? plainText(given, longestEcho) : ''
}

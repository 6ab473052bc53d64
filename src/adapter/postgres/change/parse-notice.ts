import type { SessionNotice } from '../../../core/runtime/session-feed.js'

/** Reads a notice; `undefined` for one of a version that knows more kinds, and for anything else. */
export function parseNotice(value: unknown): SessionNotice | undefined {
  if (typeof value !== 'object' || value === null || !('about' in value)) return undefined
  const { about } = value
  if (about === 'everything' || about === 'keys') return { about }
  if (about === 'sign-in' || about === 'grant') {
    return 'key' in value && isText(value.key) ? { about, key: value.key } : undefined
  }
  if (about === 'logout') return parseLogout(value)
  if (!('digest' in value) || !isText(value.digest)) return undefined
  const { digest } = value
  if (about === 'session') return { about, digest }
  if (about === 'cancelled' && 'request' in value) {
    const { request } = value
    return isText(request) || typeof request === 'number' ? { about, digest, request } : undefined
  }
  if (about === 'answer' && 'question' in value && isText(value.question) && 'answer' in value) {
    return { about, digest, question: value.question, answer: value.answer }
  }
  return undefined
}

function parseLogout(value: object): SessionNotice | undefined {
  const { issuer, sessionId, subject } = { issuer: undefined, sessionId: undefined, subject: undefined, ...value }
  if (!isText(issuer) || !isTextOrNothing(subject) || !isTextOrNothing(sessionId)) return undefined
  return { about: 'logout', issuer, subject, sessionId }
}

function isTextOrNothing(value: unknown): value is string | undefined {
  return value === undefined || isText(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

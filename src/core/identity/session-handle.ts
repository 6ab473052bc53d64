import type { KnownSession, SessionKind } from './session-source.js'

/** One session, as administrators name it. */
export type SessionHandle = Pick<KnownSession, 'kind' | 'key'>

const letters: Readonly<Record<SessionKind, string>> = { 'sign-in': 's', transport: 't', grant: 'g', browser: 'b' }
const pattern = /^([stgb])_([\w-]{43})$/

/** The text of a handle. It is made from digests alone, so that nobody gets in with it. */
export function formatHandle({ kind, key }: SessionHandle): string {
  return `${letters[kind]}_${key}`
}

/** Reads what `formatHandle` wrote; `undefined` for anything else. */
export function parseHandle(text: string): SessionHandle | undefined {
  const [, letter, key] = pattern.exec(text) ?? []
  const kind = kinds.find((one) => letters[one] === letter)
  return kind === undefined || key === undefined ? undefined : { kind, key }
}

const kinds: readonly SessionKind[] = ['sign-in', 'transport', 'grant', 'browser']

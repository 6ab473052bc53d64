import { parseSubject, type IssuerSubject } from '../sign-in/issuer-subject.js'

/** Whose a record is: by its own account, by that of the browser's sign-in that it goes on from, or by that which has just signed in. */
export function subjectIn(payload: Readonly<Record<string, unknown>>): IssuerSubject | undefined {
  const result = memberOf(payload, 'result')
  for (const holder of [payload, memberOf(result, 'login'), memberOf(payload, 'session')]) {
    const accountId = memberOf(holder, 'accountId')
    const subject = typeof accountId === 'string' ? parseSubject(accountId) : undefined
    if (subject !== undefined) return subject
  }
  return undefined
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

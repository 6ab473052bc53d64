import type { LeakTestCaller } from './leak-test-options.js'
import { isObject, parseJson } from './rpc-message.js'

/** A text by which an answer is known to be somebody's. */
export interface Mark {
  readonly text: string
  readonly what: string
  /** Given by the user, so that nobody else may ever see it, of whatever tenant. */
  readonly given: boolean
}

/** A caller, and what their token says of them. */
export interface KnownCaller {
  readonly name: string
  readonly token: string
  readonly tenant: string | undefined
  readonly marks: readonly Mark[]
}

/** Somebody's mark that an answer to somebody else has in it. */
export interface ForeignMark extends Mark {
  readonly owner: KnownCaller
}

const tenantClaims = ['tenant_id', 'tenant', 'tid', 'org_id']
/** Shorter ones are found everywhere. */
const shortestMark = 4

/** Callers with their marks. Throws `TypeError` where two are the same user. */
export function knowCallers(callers: readonly LeakTestCaller[]): readonly KnownCaller[] {
  const known = callers.map((caller, index) => know(caller, index))
  const subjects = callers.map(({ token }) => subjectOf(token))
  for (const [index, subject] of subjects.entries()) {
    const first = subjects.indexOf(subject)
    if (subject === undefined || first === index) continue
    throw new TypeError(`callers ${first + 1} and ${index + 1} are the same user: give tokens of different users`)
  }
  return known
}

/** Everybody's marks that are not also the caller's own. */
export function foreignMarks(caller: KnownCaller, callers: readonly KnownCaller[]): readonly ForeignMark[] {
  const others = callers.filter((other) => other !== caller)
  const foreign = others.flatMap((owner) => owner.marks.map((mark) => ({ ...mark, owner })))
  return foreign.filter(({ text }) => !caller.marks.some((own) => own.text.includes(text)))
}

/** Whether the two may hear of each other: nobody of another tenant may. */
export function sharesTenant(caller: KnownCaller, { tenant }: KnownCaller): boolean {
  return caller.tenant === tenant
}

function know({ marks = [], name, token }: LeakTestCaller, index: number): KnownCaller {
  const claims = claimsOf(token)
  const email = textOf(claims['email'])
  const tenant = tenantClaims.map((claim) => textOf(claims[claim])).find((value) => value !== undefined)
  const all = [
    { text: textOf(claims['sub']), what: 'the subject', given: false },
    { text: email, what: 'the e-mail address', given: false },
    { text: tenant, what: 'the tenant', given: false },
    ...marks.map((text) => ({ text, what: 'a mark', given: true })),
  ]
  return {
    name: name ?? nameOf(email ?? `caller ${index + 1}`, tenant),
    token,
    tenant,
    marks: all.flatMap(({ text, ...mark }) =>
      text !== undefined && text.length >= shortestMark ? [{ ...mark, text }] : [],
    ),
  }
}

function nameOf(who: string, tenant: string | undefined): string {
  return tenant === undefined ? who : `${who} of ${tenant}`
}

function subjectOf(token: string): string | undefined {
  const { iss, sub } = claimsOf(token)
  return typeof sub === 'string' ? JSON.stringify([iss, sub]) : undefined
}

/** What a token says, unverified; nothing for one that is no JWT. */
function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
  const claims = parseJson(payload)
  return isObject(claims) ? claims : {}
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

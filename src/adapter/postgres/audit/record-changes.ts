import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { AuditEvent } from '../../../core/audit/audit-event.js'
import { originFacts, type RequestOrigin } from '../../../core/audit/request-origin.js'
import type { Change } from '../../../core/administration/change.js'
import type { Administrator } from '../../../core/administration/tenant-administration.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { AuditTables } from '../schema/audit/audit-schema.js'
import { longestList, type AuditRow } from './audit-row.js'
import type { AuditTrail, WithoutTrail } from './audit-trail.js'

/** Where what is changed is put on record. */
export interface RecordedIn {
  readonly trail: AuditTrail
}

/** What somebody has done to how one account proves itself. */
export interface AccountChange extends RecordedIn {
  readonly tenant: Tenant
  readonly accountId: string
  readonly before?: readonly string[]
  readonly after?: readonly string[]
  /** Its own user, where that is not an administrator. */
  readonly by: Administrator | `link:${string}` | 'own sign-in'
  /** Where whoever did it asked from. */
  readonly origin?: RequestOrigin | undefined
}

export interface AdminChanges extends RecordedIn {
  /** `undefined` for what belongs to the installation. */
  readonly tenant: Tenant | undefined
  readonly changes: readonly Change[]
  readonly by: Administrator
}

/** Puts changes on record, by the transaction that makes them: a row each, or several where one names more than a row may list. */
export async function recordChanges<Schema extends AuditTables>(
  db: Kysely<Schema>,
  { by, changes, tenant, trail }: AdminChanges,
): Promise<void> {
  const requestId = randomUUID()
  const rows = changes
    .filter(({ action }) => action !== 'kept')
    .flatMap((change) => partsOf(change))
    .map((change): AuditRow => {
      const reason = `${change.noun.replaceAll(' ', '_')}_${change.action}`
      const event = { type: 'admin.changed', tenant, subject: by, requestId, reason, ...factsOf(change) } as const
      return { event, count: 1 }
    })
  await trail.add(db, rows, withoutTrail(changes))
}

/** Puts on record what was done to one account, by the transaction that does it. */
export async function recordAccountChange<Schema extends AuditTables>(
  db: Kysely<Schema>,
  { accountId, after = [], before = [], by, origin, tenant, trail }: AccountChange,
): Promise<void> {
  const { detail, personal } = factsOf({ action: 'changed', noun: 'account', name: accountId, before, after })
  const { personal: from, ...trace } = originFacts(origin)
  const event = {
    ...({ type: 'admin.changed', tenant, subject: by, requestId: randomUUID() } as const),
    ...{ ...trace, detail, personal: { ...from, ...personal } },
  }
  const without = after.length === 0 ? 'goes on' : 'is undone'
  await trail.add(db, [{ event: { ...event, reason: 'account_security_changed' }, count: 1 }], without)
}

/** Changes that take rights away do not wait for a trail that is out of order. */
function withoutTrail(changes: readonly Change[]): WithoutTrail {
  const takesAway = ({ action, after }: Change): boolean =>
    action === 'changed' ? after.every((word) => word === 'disabled' || word === 'suspended') : action !== 'added'
  return changes.every(takesAway) ? 'goes on' : 'is undone'
}

/** What is called by somebody's address, or by what an issuer calls them. */
const personalNouns = new Set(['account', 'identity'])
/** Words of a change that tell who somebody is; what is called by a name of its own is nobody. */
const personalWord = /^(?:identity|of account|user):/
const personalWordOfPeople = /^(?:identity|name|of account|user):/

/** Facts about people apart from the others, so that they can be erased. */
function factsOf({ after, before, name, noun }: Change): Pick<AuditEvent, 'detail' | 'personal'> {
  const isPersonal = personalNouns.has(noun)
  const word = isPersonal ? personalWordOfPeople : personalWord
  const [ofPeople, others] = [true, false].map((wanted) => {
    const among = (words: readonly string[]): readonly string[] => words.filter((each) => word.test(each) === wanted)
    return { before: among(before), after: among(after) }
  })
  const detail = { ...(isPersonal ? {} : { name }), ...others }
  const hasWords = ofPeople !== undefined && ofPeople.before.length + ofPeople.after.length > 0
  if (!isPersonal && !hasWords) return { detail }
  return { detail, personal: { ...(isPersonal ? { account: name } : {}), ...(hasWords ? ofPeople : {}) } }
}

function partsOf({ after, before, ...change }: Change): readonly Change[] {
  const parts = Math.max(1, Math.ceil(Math.max(before.length, after.length) / longestList))
  return Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part * longestList, (part + 1) * longestList]
    return { ...change, before: before.slice(from, to), after: after.slice(from, to) }
  })
}

import type { Person } from '../../adapter/postgres/audit/keep/erase-person.js'
import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import { identityWords } from '../../core/administration/account-identity.js'
import type { AuditPlace } from '../../core/audit/audit-reader.js'
import type { AuditFilter, AuditRecord } from '../../core/audit/audit-record.js'
import type { Tenant } from '../../core/identity/tenant.js'
import { inEachTrail, type UnreachedTrail } from './in-trail.js'

/** What changes by administrators, and who acts for another, have before whom they speak of. */
const before = /^(?:of account:|user:|identity:|subject:)/

/** Whether any row of these trails speaks of the person: everything that an erasure would take, and at most other spellings of it. */
export async function isOnRecord(
  { auditReader }: Pick<Postgres, 'auditReader'>,
  person: Person,
  places: readonly AuditPlace[],
): Promise<boolean> {
  const called = namesOf(person)
  for (const place of places) {
    for await (const { detail, personal, subject } of auditReader.read(place, {}, 'newest first')) {
      if (speakOf([subject, detail, personal], called)) return true
    }
  }
  return false
}

export interface Searched {
  /** Slugs of tenants whose trail says that an administrator looked for the person. */
  readonly searchedIn: readonly string[]
  /** Those that could not be asked. */
  readonly unreached: readonly UnreachedTrail[]
}

/** Where else the trail says that an administrator has looked for the person. */
export async function searchedElsewhere(
  { auditReader }: Pick<Postgres, 'auditReader'>,
  person: Person,
  tenants: readonly Tenant[],
): Promise<Searched> {
  const called = namesOf(person)
  const filter: AuditFilter = { types: ['audit.read'] }
  const found: string[] = []
  const places = tenants.map((tenant) => ({ tenant }))
  const unreached = await inEachTrail(places, async ({ tenant }) => {
    if (await isAny(auditReader.read(tenant, filter, 'newest first'), ({ personal }) => speakOf(personal, called))) {
      found.push(tenant.slug)
    }
  })
  return { searchedIn: found, unreached }
}

async function isAny(records: AsyncIterable<AuditRecord>, holds: (record: AuditRecord) => boolean): Promise<boolean> {
  for await (const record of records) if (holds(record)) return true
  return false
}

function namesOf({ identities, names }: Person): ReadonlySet<string> {
  const known = identities.flatMap(({ issuer, subject }) =>
    issuer === undefined ? [subject] : [subject, identityWords({ issuer, subject })],
  )
  return new Set([...names, ...known].map((name) => name.toLowerCase()))
}

/** Whether any of the texts in a value is one of these names. */
function speakOf(value: unknown, names: ReadonlySet<string>): boolean {
  if (typeof value === 'string') {
    const text = value.toLowerCase()
    return names.has(text) || names.has(text.replace(before, ''))
  }
  return typeof value === 'object' && value !== null && Object.values(value).some((part) => speakOf(part, names))
}

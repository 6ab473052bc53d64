import { randomUUID } from 'node:crypto'
import type { Person } from '../../adapter/postgres/audit/keep/erase-person.js'
import type { Postgres } from '../../adapter/postgres/open-postgres.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Agree } from '../administration/change-tenant.js'
import { withInstallation } from '../administration/with-tenant.js'
import { RefusedError } from '../refused-error.js'
import { inEachTrail } from './in-trail.js'
import { findTrails } from './maintained-places.js'
import { isOnRecord, searchedElsewhere, type Searched } from './spoken-of.js'

/** Whom an erasure is about: an account by its address, or whom an issuer calls so. */
export type ErasedPerson =
  { readonly account: string } | { readonly subject: string; readonly issuer: string | undefined }

export interface AuditErasure {
  /** Slug. */
  readonly tenant: string
  readonly person: ErasedPerson
  readonly agree: Agree
}

/** With what other tenants' trails still say. */
export interface Erased extends Searched {
  /** What rows and records of the erasure name it by. */
  readonly reference: string
  /** Rows of the tenant. */
  readonly rows: number
  /** Rows from before the tenant was known. */
  readonly rowsInMaster: number
  /** Rows of other tenants that said that somebody looked for the person, by account id or e-mail address. */
  readonly rowsElsewhere: number
  /** Rows of both that stay, as they are not what was written. */
  readonly left: number
}

/** Takes what the trail says of a person out of it, in the tenant's database and in master. Throws `RefusedError` where `agree` does. */
export async function eraseFromAudit(
  env: NodeJS.ProcessEnv,
  { agree, person: asked, tenant: slug }: AuditErasure,
): Promise<Erased> {
  return withInstallation(env, async ({ by, postgres }) => {
    const { audit, auditMaintenance } = postgres
    const [place] = await findTrails(auditMaintenance, { tenant: slug })
    const [master] = await findTrails(auditMaintenance, 'master')
    if (place?.tenant === undefined || master === undefined) throw new TypeError('every tenant has a trail')
    const { tenant } = place
    const { person, words, isKnown } = await personOf(postgres, tenant, asked)
    // What waits beside the trail is about people, too.
    await audit.settle(tenant)
    await audit.settle(undefined)
    // Master has people of every tenant: there a subject alone is nobody.
    const isNamed = 'account' in asked || asked.issuer !== undefined
    if (!isKnown && !(await isOnRecord(postgres, person, isNamed ? [tenant, undefined] : [tenant]))) {
      const where = isNamed ? `${slug} or master` : slug
      throw new RefusedError(`nothing is on record of ${calledIn(asked)} in ${where}; nothing was erased`)
    }
    await agree([
      `the audit trail of ${slug}, and of sign-ins from before the tenant was known, will not say any more ${words}`,
      ...(person.names.length === 0
        ? []
        : ['nor will those of other tenants, that an administrator looked for that address or account']),
    ])
    const reference = `erasure-${randomUUID()}`
    const erasure = { person, reference, by }
    const inTenant = await auditMaintenance.erase(place, erasure)
    const inMaster = await auditMaintenance.erase(master, erasure)
    const left = inTenant.left + inMaster.left
    const others = (await postgres.directory.signIns.tenants()).filter(({ id }) => id !== tenant.id)
    const rowsElsewhere = await eraseSearches(postgres, others, erasure)
    const searched = await searchedElsewhere(postgres, person, others)
    return { reference, rows: inTenant.rows, rowsInMaster: inMaster.rows, rowsElsewhere, left, ...searched }
  })
}

/** In other tenants, what was looked for is the person only where nobody else goes by that name: the subjects of issuers are not theirs alone. */
async function eraseSearches(
  postgres: Postgres,
  others: readonly Tenant[],
  erasure: Parameters<Postgres['auditMaintenance']['erase']>[1],
): Promise<number> {
  const person = { names: erasure.person.names, identities: [] }
  if (person.names.length === 0) return 0
  const { searchedIn } = await searchedElsewhere(postgres, person, others)
  const trails = await findTrails(postgres.auditMaintenance, 'everywhere')
  const searched = trails.filter(({ tenant }) => tenant !== undefined && searchedIn.includes(tenant.slug))
  let erased = 0
  // Who is not reached here is not either when it is looked whether anything stays.
  await inEachTrail(searched, async (trail) => {
    const { rows } = await postgres.auditMaintenance.erase(trail, { ...erasure, person, type: 'audit.read' })
    erased += rows
  })
  return erased
}

/** An account that is gone is known by its address alone. */
async function personOf(
  { accounts, tenantAdministration }: Postgres,
  tenant: Tenant,
  asked: ErasedPerson,
): Promise<{ readonly person: Person; readonly words: string; readonly isKnown: boolean }> {
  if ('subject' in asked) {
    const { issuer, subject } = asked
    const ofWhom =
      issuer === undefined
        ? '; without --issuer what is on record from before the tenant was known stays'
        : ` of ${issuer}`
    const words = `what it says of the subject ${subject}${ofWhom}`
    return { person: { names: [], identities: [{ issuer, subject }] }, words, isKnown: false }
  }
  const email = asked.account
  const account =
    (await accounts.findByEmail(tenant, email)) ?? (await accounts.findByEmail(tenant, email.toLowerCase()))
  if (account === undefined) {
    const words = `what it says of ${email}; there is no such account, so that rows that name its id stay: erase those with --subject`
    return { person: { names: [email], identities: [] }, words, isKnown: false }
  }
  const identities = await tenantAdministration.identities(tenant, account.email)
  const person = { names: [account.id, account.email], identities }
  return { person, words: `what it says of ${account.email}`, isKnown: true }
}

function calledIn(asked: ErasedPerson): string {
  if ('account' in asked) return `${asked.account}, of whom there is no account,`
  return `the subject ${asked.subject}${asked.issuer === undefined ? '' : ` of ${asked.issuer}`}`
}

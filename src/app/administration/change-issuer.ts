import type { Change } from '../../core/administration/change.js'
import { quoted } from '../../core/administration/known-names.js'
import type { IssuerAsWritten } from '../../core/administration/issuer-administration.js'
import { posingFault, type IsTrusted } from '../../core/federation/provider/posing-provider.js'
import { isIssuer, readEntraIssuer } from '../../core/trust/entra-issuer.js'
import { conflictsOf } from '../../core/trust/issuer-set.js'
import { readIssuer } from '../../core/trust/read-issuer-options.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'
import { reaches } from '../federation/issuer-reach.js'
import { issuerOf } from '../issuer-of.js'
import { ownConflict } from '../issuers/joined-issuer-book.js'
import { RefusedError } from '../refused-error.js'
import { readSettings } from '../settings/settings.js'
import { refuseFaults, type Agree } from './change-tenant.js'
import { storedIssuers, type FoundIssuer } from './stored-issuers.js'
import { withInstallation, type Installation } from './with-tenant.js'

/** The issuers of `AUTHSEC_ISSUERS`, and those of the database. Those that code names are known to its server only. */
export async function listIssuers(env: NodeJS.ProcessEnv): Promise<readonly FoundIssuer[]> {
  return [...namedIssuers(env), ...(await issuersOnRecord(env))]
}

/**
 * The issuer of that name. The database is asked only where the environment does not name it. Throws `RefusedError` for one that is
 * in neither.
 */
export async function showIssuer(env: NodeJS.ProcessEnv, issuer: string): Promise<FoundIssuer> {
  const among = (listed: readonly FoundIssuer[]): FoundIssuer | undefined =>
    listed.find(({ name }) => name === nameOf(issuer)) ?? listed.find(({ name }) => name === issuer)
  const found = among(namedIssuers(env)) ?? among(await issuersOnRecord(env))
  if (found === undefined) throw new RefusedError(`there is no issuer ${issuer} in the environment or the database`)
  return found
}

/**
 * Puts an issuer into the database, in place of one of its name only where that is wanted. Throws `ConfigurationError` with what is
 * wrong with it, `RefusedError` for what is in the way.
 */
export async function putIssuer(
  env: NodeJS.ProcessEnv,
  options: IssuerAsWritten,
  presence: 'new' | 'any',
): Promise<readonly Change[]> {
  const trusted = readIssuer(options, 'database')
  const settings = readSettings(env, {}, undefined)
  const [own] = ownConflict(trusted, issuerOf(settings.publicUrl ?? `http://${settings.host}:${settings.port}`))
  if (own !== undefined) throw new RefusedError(own)
  const [conflict] = conflictsOf(trusted, settings.issuers)
  if (conflict !== undefined) throw new RefusedError(`beside AUTHSEC_ISSUERS, no server would start: ${conflict}`)
  return withInstallation(env, async (installation) => {
    await refuseUnknown(installation, trusted)
    await refusePosing(installation, trusted)
    const outcome = await installation.postgres.trustedIssuers.apply({ presence, options }, installation.by)
    refuseFaults(outcome)
    return outcome.changes
  })
}

/** Takes an issuer out of the database. Throws `RefusedError` where it is not there. */
export async function removeIssuer(env: NodeJS.ProcessEnv, issuer: string, agree: Agree): Promise<readonly Change[]> {
  return withInstallation(env, async ({ by, postgres }) => {
    const known = new Set((await postgres.trustedIssuers.list()).map((stored) => stored.issuer))
    const name = known.has(issuer) ? issuer : nameOf(issuer)
    const consequence = `tokens of ${name} would not be accepted any more, and whatever goes on by one would end in seconds`
    if (known.has(name)) await agree([consequence])
    const outcome = await postgres.trustedIssuers.apply({ presence: 'absent', issuer: name }, by)
    refuseFaults(outcome)
    return outcome.changes
  })
}

function namedIssuers(env: NodeJS.ProcessEnv): readonly FoundIssuer[] {
  return readSettings(env, {}, undefined).issuers.map((trusted) => ({ name: trusted.issuer, trusted }))
}

function issuersOnRecord(env: NodeJS.ProcessEnv): Promise<readonly FoundIssuer[]> {
  return withInstallation(env, ({ postgres }) => storedIssuers(postgres.trustedIssuers))
}

/** Nobody could enter: a slip of the pen, most likely. */
async function refuseUnknown({ postgres }: Installation, { application, tenant }: TrustedIssuer): Promise<void> {
  if (tenant.kind === 'fixed' && (await postgres.tenants.findBySlug(tenant.tenant)) === undefined) {
    throw new RefusedError(`there is no tenant ${tenant.tenant}`)
  }
  if (application === undefined) return
  const known = await postgres.applicationAdministration.list()
  if (!known.some(({ clientId }) => clientId === application)) {
    throw new RefusedError(`there is no application ${application}`)
  }
}

/** Of a provider without ID tokens, only the issuer's name is known: whoever it vouches for would pass for one of its users. */
async function refusePosing({ postgres }: Installation, trusted: TrustedIssuer): Promise<void> {
  const tenants = await postgres.tenantDirectory.list()
  const isTrusted: IsTrusted = async (issuer, tenant) =>
    isIssuer(trusted.issuer, issuer) && reaches(postgres, trusted, tenant)
  for (const { kind, name, options, tenant } of await postgres.federation.providers.list()) {
    const { issuer } = options
    if ((await posingFault({ kind, issuer, tenant }, isTrusted)) === undefined) continue
    const slug = tenants.find(({ id }) => id === tenant)?.slug ?? tenant
    throw new RefusedError(
      `the provider ${quoted(name)} of ${slug} goes by ${String(issuer)}, and its users could pass for those of the issuer: remove it first`,
    )
  }
}

/** What an issuer is trusted as: a shared one of Entra ID goes by another name than its configuration. */
function nameOf(text: string): string {
  const entra = readEntraIssuer(text)
  return entra !== undefined && 'issuer' in entra ? entra.issuer : text
}

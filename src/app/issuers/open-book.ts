import { ConfigurationError } from '../../core/error/configuration-error.js'
import type { Application } from '../../core/identity/application.js'
import type { TenantRegistry } from '../../core/identity/tenant.js'
import type { Log } from '../../core/runtime/log.js'
import type { IssuerStore } from '../../core/trust/issuer-store.js'
import type { Settings } from '../settings/settings.js'
import { JoinedIssuerBook, ownConflict } from './joined-issuer-book.js'

export interface BookNeeds {
  readonly settings: Pick<Settings, 'issuers' | 'ownIssuer'>
  readonly application: Application
  /** The name of the authorization server of this process, whether there is one or not. */
  readonly ownIssuer: string
  readonly store: IssuerStore
  readonly tenants: Pick<TenantRegistry, 'findBySlug'>
  readonly log: Log
}

/**
 * Opens the book of issuers. Throws `ConfigurationError` with what is wrong with any of them, and where there is nobody whose tokens
 * could be accepted; `UpstreamError` where the database does not answer.
 */
export async function openBook(needs: BookNeeds): Promise<JoinedIssuerBook> {
  const { application, log, ownIssuer, settings, store } = needs
  const conflicts = settings.issuers.flatMap((issuer) => ownConflict(issuer, ownIssuer))
  const failure = ConfigurationError.join(
    conflicts.map((message) => new ConfigurationError('ERR_CONFIG_ISSUER', message)),
  )
  if (failure !== undefined) throw failure
  const fixed = settings.issuers
  const book = await JoinedIssuerBook.open({ fixed, store, application: application.clientId, ownIssuer, log })
  if (settings.ownIssuer === 'absent' && book.latest.issuers.length === 0) throw nobody()
  await warnOfAbsentTenants(needs, book)
  return book
}

function nobody(): ConfigurationError {
  return new ConfigurationError(
    'ERR_CONFIG_AUTHENTICATOR',
    'outside development (embedded database, loopback addresses, NODE_ENV not production) nothing could verify tokens: name the ' +
      'issuers that are trusted with the option issuers, AUTHSEC_ISSUERS or authsec issuer add, or let this process be its own ' +
      'authorization server with { [allowInProcessManager]: true }, a symbol that authsec exports',
  )
}

/** It lets nobody in who should not be; the tenant may be made, or go on, later. */
async function warnOfAbsentTenants({ log, tenants }: BookNeeds, { latest }: JoinedIssuerBook): Promise<void> {
  for (const { issuer, tenant: rule } of latest.issuers) {
    if (rule.kind === 'claim' || (await tenants.findBySlug(rule.tenant)) !== undefined) continue
    log.write('warn', 'tokens of an issuer are refused until its tenant is there', { issuer, tenant: rule.tenant })
  }
}

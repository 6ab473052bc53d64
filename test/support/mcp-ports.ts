import type { AuditEvent } from '../../src/core/audit/audit-event.js'
import type { AuditLog } from '../../src/core/audit/audit-log.js'
import { AuthenticationError } from '../../src/core/error/authentication-error.js'
import { UpstreamError } from '../../src/core/error/upstream-error.js'
import type { Actor } from '../../src/core/identity/actor.js'
import type { AdmittedTenants } from '../../src/core/identity/application.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import type { VerifiedToken } from '../../src/core/identity/verified-token.js'
import { Authenticator } from '../../src/core/operation/authenticator.js'
import { grantsOf, type Grants } from '../../src/core/permission/grants.js'
import type { SignInStore } from '../../src/core/sign-in/sign-in-store.js'
import { standingOf } from './standings.js'

export const acme: Tenant = { id: '6f1f8c1e-0000-4000-8000-000000000001', slug: 'acme', name: 'Acme' }

const claims: ReadonlyMap<string, string> = new Map([
  ['stranger', 'nobody'],
  ['longwinded', 'x'.repeat(1_000)],
])

/** Users by name; a user's token is the name, `name+anything` is another token of the same user. */
export class PeopleOfAcme {
  readonly #grants = new Map<string, Grants>()
  readonly #narrowed = new Map<string, readonly string[]>()
  readonly #actors = new Map<string, Actor>()
  readonly #expiry = new Map<string, number>()
  readonly #revoked = new Set<string>()
  readonly #disabled = new Set<string>()
  /** How many tokens were looked at. */
  verified = 0
  /** How often the state of an account was asked for. */
  lookups = 0
  /** Lets the next verifications fail as if a dependency were down. */
  down = false
  /** Lets the next look-ups of accounts fail in the same way. */
  databaseDown = false
  /** Whether Acme is a tenant in good standing. */
  suspended = false
  /** Whom the application admits; `undefined` where it was deleted. */
  admits: AdmittedTenants | undefined = 'own'

  set(name: string, grants: Partial<Grants>): void {
    this.#grants.set(name, grantsOf(grants))
  }

  /** Lets this token say only these scopes, whatever its user has. */
  narrow(token: string, scopes: readonly string[]): void {
    this.#narrowed.set(token, scopes)
  }

  /** Lets this token say who acts for its user. */
  delegate(token: string, actor: Actor): void {
    this.#actors.set(token, actor)
  }

  /** Seconds since the epoch at which this token expires. */
  expire(token: string, at: number): void {
    this.#expiry.set(token, at)
  }

  revoke(name: string): void {
    this.#revoked.add(name)
  }

  disable(name: string): void {
    this.#disabled.add(name)
  }

  /** Recognizes the sign-ins of `signIns`, besides tokens. */
  authenticator(signIns: Pick<SignInStore, 'find' | 'end'>): Authenticator {
    return new Authenticator({
      clientId: 'app',
      applications: {
        find: async (clientId) =>
          this.admits === undefined ? undefined : { clientId, name: 'App', tenant: acme, admits: this.admits },
      },
      developmentTokens: 'refuse',
      tokens: { verify: async (token, resource) => this.#verify(token, resource) },
      tenants: {
        find: async (_issuer, claim) => (claim === 'acme' && !this.suspended ? acme : undefined),
        findBySlug: async (slug) => (slug === 'acme' ? acme : undefined),
        list: async () => [acme],
      },
      grants: {
        findStanding: async (_tenant, _issuer, subject) => {
          this.lookups += 1
          if (this.databaseDown) throw new UpstreamError('TENANT_UNAVAILABLE', 'the database is out of reach')
          const grants = this.#grants.get(subject)
          const disabled = this.#disabled.has(subject)
          return standingOf(grants && { id: subject, email: `${subject}@acme.test`, name: subject, disabled, grants })
        },
      },
      logouts: { isOver: async () => false },
      registry: { isActive: async (digest) => !this.#revoked.has(digest) },
      signIns,
    })
  }

  #verify(token: string, resource: string): VerifiedToken {
    this.verified += 1
    if (this.down) throw new UpstreamError('IDP_UNAVAILABLE', 'the keys are out of reach')
    const [name = '', kind = ''] = token.split('+')
    if (kind === 'expired') throw new AuthenticationError('ERR_TOKEN_EXPIRED', 'expired')
    if (kind === 'elsewhere') throw new AuthenticationError('ERR_TOKEN_AUDIENCE', 'for another resource')
    const narrowed = this.#narrowed.get(token)
    if (!this.#grants.has(name)) throw new AuthenticationError('ERR_TOKEN_SIGNATURE', 'not ours')
    return {
      issuer: 'https://issuer.test',
      subject: name,
      clientId: kind === 'client2' ? 'client2' : 'client',
      resource,
      tenantClaim: claims.get(kind) ?? 'acme',
      email: undefined,
      name: undefined,
      asserted: { ...this.#grants.get(name), ...(narrowed === undefined ? {} : { scopes: narrowed }) },
      actor: this.#actors.get(token),
      grantDigest: name,
      expiresAt: this.#expiry.get(token) ?? 4_000_000_000,
      issuedAt: 0,
      methods: ['pwd'],
    }
  }
}

/** Audit in memory; can be down. */
export class RecordedAudit implements AuditLog {
  readonly recorded: AuditEvent[] = []
  readonly retained: AuditEvent[] = []
  readonly counted: AuditEvent[] = []
  /** All that happened, in this order. */
  readonly events: AuditEvent[] = []
  down = false
  keep = true

  async record(event: AuditEvent): Promise<void> {
    if (this.down) throw new UpstreamError('TENANT_UNAVAILABLE', 'the audit trail cannot be written')
    this.#keep(this.recorded, event)
  }

  retain(event: AuditEvent): void {
    this.#keep(this.retained, event)
  }

  count(event: AuditEvent): void {
    this.#keep(this.counted, event)
  }

  async flush(): Promise<void> {
    await Promise.resolve()
  }

  #keep(list: AuditEvent[], event: AuditEvent): void {
    if (!this.keep) return
    list.push(event)
    this.events.push(event)
  }
}

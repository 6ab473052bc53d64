import type { OidcProviderOptions } from '../../src/adapter/oauth/create-oidc-provider.js'
import type { Postgres } from '../../src/adapter/postgres/open-postgres.js'
import type { Tenant } from '../../src/core/identity/tenant.js'
import { Authenticator } from '../../src/core/operation/authenticator.js'
import { grantsOf } from '../../src/core/permission/grants.js'
import { signInIdentityOf, type RefreshingProvider } from '../../src/core/sign-in/identity-provider.js'
import type { AuthorizationSecrets } from '../../src/core/sign-in/login-transaction.js'
import type { SignIn, SignInReference } from '../../src/core/sign-in/sign-in-store.js'
import { UpstreamRefresh } from '../../src/core/sign-in/upstream-refresh.js'
import { newSignIn } from './login-samples.js'
import { MemoryLog } from './memory-ports.js'
import { openTestPostgres, type Row, type TestPostgres } from './postgres.js'
import { relyingPartyOf, type TestProvider } from './relying-party.js'

/** A process that knows sign-ins, and refreshes them. */
export interface Replica {
  readonly postgres: Postgres
  readonly provider: RefreshingProvider
  readonly refresh: UpstreamRefresh
  /** Whether a request of this sign-in is let in. */
  readonly use: (reference: SignInReference) => Promise<boolean>
  /** The same for a look that is no use. */
  readonly look: (reference: SignInReference) => Promise<boolean>
}

/** A browser that is back from the provider. */
export interface Returned {
  readonly secrets: AuthorizationSecrets
  readonly callback: URLSearchParams
}

/** Sign-ins at a provider elsewhere, in a real database, over any number of replicas. */
export class RefreshBench {
  readonly log = new MemoryLog()
  /** Every token that the provider has handed out. */
  readonly tokens = new Set<string>()
  readonly #replicas: Replica[] = []

  private constructor(
    readonly upstream: TestProvider,
    readonly test: TestPostgres,
    readonly acme: Tenant,
    /** Of the account that everybody signs in with. */
    readonly subject: string,
  ) {}

  static async open(upstream: TestProvider): Promise<RefreshBench> {
    const test = await openTestPostgres({ ownIssuer: upstream.issuer })
    const acme = await test.postgres.provisioner.createTenant({ slug: 'acme', name: 'Acme' })
    const grants = grantsOf({ scopes: ['read'] })
    const { id } = await test.postgres.accounts.create(acme, { email: 'ann@acme.example', grants })
    return new RefreshBench(upstream, test, acme, id)
  }

  async replica(): Promise<Replica> {
    const { acme, log } = this
    const postgres = await this.test.reopen({ log })
    const provider = relyingPartyOf(this.upstream, { log, fetch: this.#fetch })
    const { grants, signIns, tenants, upstreamTokens } = postgres
    const refresh = new UpstreamRefresh({ provider, tokens: upstreamTokens, signIns, log })
    const authenticator = new Authenticator({
      ...{ clientId: 'app', grants, signIns, tenants, upstream: refresh, developmentTokens: 'refuse' },
      applications: { find: async (clientId) => ({ clientId, name: 'App', tenant: acme, admits: 'own' }) },
      tokens: { verify: () => Promise.reject(new TypeError('no tokens here')) },
      logouts: { isOver: async () => false },
      registry: { isActive: async () => true },
    })
    const replica: Replica = {
      ...{ postgres, provider, refresh },
      use: async (reference) => (await authenticator.recognize(reference, 'used')) !== undefined,
      look: async (reference) => (await authenticator.recognize(reference, 'unused')) !== undefined,
    }
    this.#replicas.push(replica)
    return replica
  }

  /** A sign-in of ours that stands. */
  async signIn({ postgres, provider }: Replica, { callback, secrets }: Returned): Promise<SignInReference> {
    const identity = await provider.exchange(callback, secrets)
    const signIn = newSignIn(signInIdentityOf(identity, this.acme))
    await postgres.signIns.open(signIn)
    return { tenant: this.acme, key: signIn.key }
  }

  async find(reference: SignInReference): Promise<SignIn | undefined> {
    return this.test.postgres.signIns.find(reference, 'unused')
  }

  /** What is known of its tokens; `seconds` until the provider is to be asked. */
  async row({ key }: SignInReference): Promise<Row> {
    const columns = `upstream_version as version, refresh_failures as failures, upstream_sealed as sealed,
      extract(epoch from refresh_at - clock_timestamp())::float8 as seconds`
    const [found] = await this.test.tenantSql(this.acme, `select ${columns} from session where key = $1`, [key])
    return found ?? {}
  }

  async versionOf(reference: SignInReference): Promise<unknown> {
    return (await this.row(reference))['version']
  }

  /** Time passes until the provider is to be asked again. */
  async becomesDue({ key }: SignInReference): Promise<void> {
    const change = `refresh_at = clock_timestamp() - interval '1 second'`
    await this.test.tenantSql(this.acme, `update session set ${change} where key = $1`, [key])
  }

  /** Why sign-ins have ended, the last one last. */
  async ends(): Promise<readonly unknown[]> {
    const ended = `select reason from audit_event where type = 'session.ended' order by id`
    return (await this.test.tenantSql(this.acme, ended)).map(({ reason }) => reason)
  }

  async close(): Promise<void> {
    await Promise.all(this.#replicas.map(({ refresh }) => refresh.close()))
    await this.test.close()
  }

  readonly #fetch: OidcProviderOptions['fetch'] = async (input, init) => {
    const response = await fetch(input, init)
    const text = await response.clone().text()
    for (const [, token] of text.matchAll(/"(?:access|refresh|id)_token":"([^"]+)"/g)) this.tokens.add(String(token))
    return response
  }
}

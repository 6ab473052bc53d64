import type { RequestOrigin } from '../audit/request-origin.js'
import { UpstreamError } from '../error/upstream-error.js'
import type { Tenant } from '../identity/tenant.js'
import type { FederatedAccounts } from './entry/federated-accounts.js'
import { FederationRefusal } from './federation-refusal.js'
import type { Federation, FederationKeys, FederationPhase, FederationStore, Invitation } from './federation-store.js'
import type { KeptTokenStore } from './token/kept-tokens.js'
import type { OpenedProvider, UpstreamDirectory } from './provider/upstream-directory.js'
import type { UpstreamIdentity } from './upstream-provider.js'

export interface FederationExchangePorts {
  readonly providers: Pick<UpstreamDirectory, 'find'>
  /** The active tenants that the application admits. */
  readonly tenants: { admittedTenants(): Promise<readonly Tenant[]> }
  readonly store: FederationStore
  readonly accounts: FederatedAccounts
  readonly tokens: Pick<KeptTokenStore, 'keep'>
}

/** Two clocks that are set go apart by less. */
const skewSeconds = 10

/** A sign-in whose callback has been taken, once. */
export interface TakenFederation {
  readonly keys: FederationKeys
  readonly exchanging: FederationPhase<'exchanging'>
  readonly secrets: FederationPhase<'begun'>['secrets']
}

/** And what is needed to find out who it is. */
export interface Coming extends TakenFederation {
  readonly parameters: URLSearchParams
  readonly opened: OpenedProvider
  readonly tenant: Tenant
  readonly origin: RequestOrigin
}

/** What happens once the provider has sent the browser back: who it is there, who that is here, and whether they may enter. Throws `FederationRefusal`. */
export class FederationExchange {
  readonly #ports: FederationExchangePorts

  constructor(ports: FederationExchangePorts) {
    this.#ports = ports
  }

  /** Asks the provider, and keeps whose sign-in it is; an invitation is accepted with it. */
  async identify(coming: Coming): Promise<void> {
    const { exchanging, keys, opened, parameters, secrets } = coming
    const identity = await opened.provider.exchange(parameters, secrets)
    requireFresh(identity, exchanging.freshFrom)
    const { invitation } = exchanging
    if (invitation !== undefined) return this.#accept(coming, identity, invitation)
    const accountId = await this.#enter(coming, identity)
    await this.#keep(coming, identity, accountId)
    const { authenticatedAt, issuer, subject } = identity
    const identified: Federation = { ...exchanging, phase: 'identified', accountId, authenticatedAt, issuer, subject }
    const stored = { keys, federation: exchanging }
    if (!(await this.#ports.store.advance(stored, identified))) throw new FederationRefusal('ERR_LOGIN_UNKNOWN')
  }

  async #enter({ exchanging, opened, origin, tenant }: Coming, identity: UpstreamIdentity): Promise<string> {
    const { email, emailIs, issuer, name, subject } = identity
    const { clientId, requestId } = exchanging
    const entrant = { issuer, subject, email, emailIs, name, requestId, clientId, origin, provider: opened.id }
    const entry = await this.#ports.accounts.enter(tenant, entrant)
    if (entry.outcome === 'refused') throw new FederationRefusal(entry.reason, identity)
    if (entry.state === 'disabled') throw new FederationRefusal('ERR_ACCOUNT_DISABLED', identity)
    return entry.accountId
  }

  /** Nobody is signed in by it: the account is theirs from now on. */
  async #accept(coming: Coming, identity: UpstreamIdentity, invitation: Invitation): Promise<void> {
    const { exchanging, keys, origin, tenant } = coming
    const { issuer, subject } = identity
    const accepted = { identity: { issuer, subject }, invitation, origin }
    const acceptance = await this.#ports.accounts.accept(tenant, accepted)
    if (acceptance.outcome === 'refused') throw new FederationRefusal(acceptance.reason, identity)
    // It is accepted, and nothing rests on these: whoever was told otherwise would try again, in vain.
    await despiteOutage(this.#keep(coming, identity, invitation.accountId))
    await despiteOutage(this.#ports.store.advance({ keys, federation: exchanging }, { ...exchanging, phase: 'used' }))
  }

  #keep({ opened, tenant }: Coming, { subject, tokens }: UpstreamIdentity, account: string): Promise<void> {
    const { clientId, issuer } = opened.settings
    return this.#ports.tokens.keep({ tenant, account, provider: opened.id, subject }, { issuer, clientId }, tokens)
  }

  /** The provider of that id. */
  async provider(id: string): Promise<OpenedProvider> {
    const opened = await this.#ports.providers.find(id)
    if (opened === undefined) throw new FederationRefusal('ERR_FEDERATION_REMOVED')
    return opened
  }

  /** A provider vouches for users of its own tenant; that it was another one's before is of no use to anybody. */
  async tenantOf({ tenant }: OpenedProvider, expected = tenant): Promise<Tenant> {
    const admitted = tenant === expected ? await this.admitted(tenant) : undefined
    if (admitted === undefined) throw new FederationRefusal('ERR_TENANT_NOT_ADMITTED')
    return admitted
  }

  async admitted(id: string): Promise<Tenant | undefined> {
    return (await this.#ports.tenants.admittedTenants()).find((tenant) => tenant.id === id)
  }
}

function requireFresh(identity: UpstreamIdentity, freshFrom: number | undefined): void {
  if (freshFrom === undefined) return
  const { authenticatedAt } = identity
  if (authenticatedAt === undefined || authenticatedAt + skewSeconds < freshFrom) {
    throw new FederationRefusal('ERR_FEDERATION_STALE', identity)
  }
}

async function despiteOutage(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
  }
}

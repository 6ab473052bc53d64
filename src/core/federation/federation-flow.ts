import type { Keyring } from '../credential/keyring.js'
import { AuthenticationError } from '../error/authentication-error.js'
import { UpstreamError } from '../error/upstream-error.js'
import type { Tenant } from '../identity/tenant.js'
import type { RateLimiter } from '../runtime/rate-limiter.js'
import type { BrowserVisit } from '../sign-in/login-flow.js'
import { randomText } from '../sign-in/login-transaction.js'
import type { FederatedAccounts } from './federated-accounts.js'
import type { FederationFailure } from './federation-failure.js'
import {
  noReference,
  type FederationFacts,
  type FederationRecords,
  type FederationReference,
} from './federation-records.js'
import type {
  Federation,
  FederationKeys,
  FederationPhase,
  FederationStore,
  StoredFederation,
} from './federation-store.js'
import type { KeptTokenStore } from './kept-tokens.js'
import type { OpenedProvider, UpstreamDirectory } from './upstream-directory.js'
import type { UpstreamIdentity } from './upstream-provider.js'

export interface FederationFlowPorts {
  readonly application: string
  readonly providers: Pick<UpstreamDirectory, 'find'>
  /** The active tenants that the application admits. */
  readonly tenants: { admittedTenants(): Promise<readonly Tenant[]> }
  readonly store: FederationStore
  readonly accounts: FederatedAccounts
  readonly tokens: Pick<KeptTokenStore, 'keep'>
  readonly limiter: RateLimiter
  readonly records: FederationRecords
  readonly keyring: Keyring
}

/** What the user asks for on the sign-in page. */
export interface FederationStart {
  /** The id of the sign-in page. */
  readonly interaction: string
  readonly reference: FederationReference
  /** As the form says: not looked at yet. */
  readonly provider: string
  readonly loginHint: string | undefined
  /** Whether the user has to say there again who they are. */
  readonly otherAccount: boolean
}

/** Where the browser goes next, or why it does not; then with the sign-in page to go back to, where the browser may know it. */
export type FederationAnswer<Next> =
  | ({ readonly outcome: 'next' } & Next)
  | {
      readonly outcome: 'refused'
      readonly reason: FederationFailure
      readonly interaction: string | undefined
      /** Leads an administrator to the row of the audit trail. */
      readonly requestId: string | undefined
    }

/** Who has signed in. */
export interface FederatedSignIn {
  readonly tenant: Tenant
  readonly accountId: string
  /** UUID of the provider that vouched. */
  readonly provider: string
}

/** Longer than most take, and short enough that nobody comes back to it. */
const federationSeconds = 10 * 60
const startsPerSignIn = { name: 'federation-sign-in', limit: 20, seconds: 600 }
const startsPerCaller = { name: 'federation-caller', limit: 120, seconds: 600 }

type Refused = Extract<FederationAnswer<unknown>, { readonly outcome: 'refused' }>

/** A step that was not taken. */
class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: FederationFailure
  readonly identity: FederationFacts['identity']

  constructor(reason: FederationFailure, identity?: FederationFacts['identity']) {
    super(reason)
    this.reason = reason
    this.identity = identity
  }
}

/**
 * Signing in with an identity provider of a tenant, from the sign-in page and back to it. The provider says who somebody is there;
 * who that is here, and whether they may enter, is said by the tenant's database alone. Every step is taken once, by the browser that began.
 */
export class FederationFlow {
  readonly #ports: FederationFlowPorts

  constructor(ports: FederationFlowPorts) {
    this.#ports = ports
  }

  /** Answers with where the provider is. Throws `UpstreamError` where a database of ours does not answer. */
  async begin(start: FederationStart, visit: BrowserVisit): Promise<FederationAnswer<{ readonly url: URL }>> {
    const { interaction, reference } = start
    const facts: FederationFacts = { address: visit.address }
    const origin = { interaction, reference }
    if (visit.browser === undefined) return this.#refused(origin, new Refusal('ERR_LOGIN_BROWSER'), facts)
    const { admitted } = await this.#ports.limiter.take([
      { limit: startsPerSignIn, key: reference.requestId },
      { limit: startsPerCaller, key: visit.address },
    ])
    if (!admitted) return this.#refused(origin, new Refusal('ERR_LOGIN_LIMITED'), facts)
    let tenant: Tenant | undefined
    try {
      const opened = await this.#provider(start.provider)
      tenant = await this.#tenantOf(opened)
      const url = await this.#begin(start, { opened, browser: visit.browser })
      this.#ports.records.started(reference, { ...facts, tenant, provider: opened.id })
      return { outcome: 'next', url }
    } catch (error) {
      return this.#refused(origin, error, { ...facts, tenant })
    }
  }

  /** The browser is back. Answers with the sign-in page to go on at. Throws `UpstreamError` where a database of ours does not answer. */
  async finish(
    parameters: URLSearchParams,
    visit: BrowserVisit,
  ): Promise<FederationAnswer<{ readonly interaction: string }>> {
    const facts: FederationFacts = { address: visit.address }
    const unknown = { interaction: undefined, reference: noReference }
    const names = [...parameters.keys()]
    const state = parameters.get('state')
    if (state === null || state === '' || new Set(names).size !== names.length) {
      return this.#refused(unknown, new Refusal('ERR_LOGIN_MALFORMED'), facts)
    }
    const stored = await this.#ports.store.findByState(this.#digest('state', state))
    if (stored === undefined) return this.#refused(unknown, new Refusal('ERR_LOGIN_UNKNOWN'), facts)
    const { federation, keys } = stored
    const known = { ...facts, provider: federation.provider }
    // Whoever has another browser is not told where this one came from.
    if (visit.browser === undefined || this.#digest('browser', visit.browser) !== keys.browser) {
      return this.#refused({ ...unknown, reference: federation }, new Refusal('ERR_LOGIN_BROWSER'), known)
    }
    const { interaction } = federation
    const origin = { interaction, reference: federation }
    let tenant: Tenant | undefined
    try {
      const taken = await this.#take(stored)
      const opened = await this.#provider(federation.provider)
      tenant = await this.#tenantOf(opened, federation.tenant)
      await this.#identify({ ...taken, parameters, opened, tenant })
      return { outcome: 'next', interaction }
    } catch (error) {
      return this.#refused(origin, error, { ...known, tenant })
    }
  }

  /** Who has come back to this sign-in page in this browser: once. Throws `UpstreamError`. */
  async claim(
    { interaction, reference }: Pick<FederationStart, 'interaction' | 'reference'>,
    browser: string,
  ): Promise<FederatedSignIn | undefined> {
    const { store } = this.#ports
    const keys = { signIn: this.#digest('signIn', reference.requestId), browser: this.#digest('browser', browser) }
    const stored = await store.findIdentified(keys)
    if (stored === undefined || stored.federation.phase !== 'identified') return undefined
    // A later page of the same sign-in asks anew.
    if (stored.federation.interaction !== interaction) return undefined
    const { accountId, ...rest } = stored.federation
    if (!(await store.advance(stored, { ...rest, phase: 'used' }))) return undefined
    const tenant = await this.#admitted(rest.tenant)
    return tenant && { tenant, accountId, provider: rest.provider }
  }

  async #begin(
    { interaction, loginHint, otherAccount, reference: { clientId, requestId } }: FederationStart,
    { browser, opened }: { readonly browser: string; readonly opened: OpenedProvider },
  ): Promise<URL> {
    const secrets = { state: randomText(), nonce: randomText(), codeVerifier: randomText() }
    const federation: FederationPhase<'begun'> = {
      ...{ phase: 'begun', interaction, provider: opened.id, tenant: opened.tenant, requestId, clientId, secrets },
    }
    const keys = {
      state: this.#digest('state', secrets.state),
      signIn: this.#digest('signIn', requestId),
      browser: this.#digest('browser', browser),
    }
    const earlier = await this.#ports.store.create({ keys, federation }, federationSeconds)
    // Whoever comes again was not let in as whom the provider has in mind, and would be sent back at once as the same.
    return opened.provider.authorizationUrl({ secrets, loginHint, otherAccount: otherAccount || earlier > 0 })
  }

  async #take({ federation, keys }: StoredFederation): Promise<Taken> {
    if (federation.phase !== 'begun') throw new Refusal('ERR_LOGIN_REPLAYED')
    const { secrets, ...common } = federation
    const exchanging: FederationPhase<'exchanging'> = { ...common, phase: 'exchanging' }
    if (!(await this.#ports.store.advance({ federation, keys }, exchanging))) throw new Refusal('ERR_LOGIN_REPLAYED')
    return { keys, exchanging, secrets }
  }

  async #identify(coming: Coming): Promise<void> {
    const { exchanging, keys, opened, parameters, secrets, tenant } = coming
    const identity = await opened.provider.exchange(parameters, secrets)
    const accountId = await this.#enter(coming, identity)
    const { clientId, issuer } = opened.settings
    const place = { tenant, account: accountId, provider: opened.id }
    await this.#ports.tokens.keep(place, { issuer, clientId, subject: identity.subject }, identity.tokens)
    const identified: Federation = { ...exchanging, phase: 'identified', accountId }
    const stored = { keys, federation: exchanging }
    if (!(await this.#ports.store.advance(stored, identified))) throw new Refusal('ERR_LOGIN_UNKNOWN')
  }

  async #enter({ exchanging, opened, tenant }: Coming, identity: UpstreamIdentity): Promise<string> {
    const { email, issuer, name, subject } = identity
    const { clientId, requestId } = exchanging
    const entrant = { issuer, subject, email, name, requestId, clientId, provider: opened.id }
    const entry = await this.#ports.accounts.enter(tenant, entrant)
    if (entry.outcome === 'refused') throw new Refusal(entry.reason, identity)
    if (entry.state === 'disabled') throw new Refusal('ERR_ACCOUNT_DISABLED', identity)
    return entry.accountId
  }

  async #provider(id: string): Promise<OpenedProvider> {
    const opened = await this.#ports.providers.find(id)
    if (opened === undefined) throw new Refusal('ERR_FEDERATION_REMOVED')
    return opened
  }

  /** A provider vouches for users of its own tenant; that it was another one's before is of no use to anybody. */
  async #tenantOf({ tenant }: OpenedProvider, expected = tenant): Promise<Tenant> {
    const admitted = tenant === expected ? await this.#admitted(tenant) : undefined
    if (admitted === undefined) throw new Refusal('ERR_TENANT_NOT_ADMITTED')
    return admitted
  }

  async #admitted(id: string): Promise<Tenant | undefined> {
    return (await this.#ports.tenants.admittedTenants()).find((tenant) => tenant.id === id)
  }

  #refused({ interaction, reference }: Origin, error: unknown, facts: FederationFacts): Refused {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    const { clientId, requestId } = reference
    const identity = error instanceof Refusal ? error.identity : undefined
    this.#ports.records.failed({ clientId, requestId }, reason, { ...facts, identity })
    return { outcome: 'refused', reason, interaction, requestId: reference === noReference ? undefined : requestId }
  }

  #digest(what: keyof FederationKeys, value: string): string {
    return this.#ports.keyring.digest(`federation-${what}`, JSON.stringify([this.#ports.application, value]))
  }
}

interface Origin {
  readonly interaction: string | undefined
  readonly reference: FederationReference
}

interface Taken {
  readonly keys: FederationKeys
  readonly exchanging: FederationPhase<'exchanging'>
  readonly secrets: FederationPhase<'begun'>['secrets']
}

interface Coming extends Taken {
  readonly parameters: URLSearchParams
  readonly opened: OpenedProvider
  readonly tenant: Tenant
}

/** `undefined` for what is nobody's refusal: a database of ours that does not answer, or a fault. */
function reasonOf(error: unknown): FederationFailure | undefined {
  if (error instanceof Refusal) return error.reason
  if (error instanceof AuthenticationError) {
    return error.code === 'ERR_LOGIN_DENIED' ? 'ERR_LOGIN_DENIED' : 'ERR_LOGIN_PROVIDER'
  }
  return error instanceof UpstreamError && error.outage === 'IDP_UNAVAILABLE' ? 'ERR_IDP_UNAVAILABLE' : undefined
}

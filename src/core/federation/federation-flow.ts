import type { Keyring } from '../credential/keyring.js'
import type { Account } from '../identity/account-store.js'
import type { Tenant } from '../identity/tenant.js'
import type { Clock } from '../runtime/clock.js'
import type { RateLimiter } from '../runtime/rate-limiter.js'
import type { BrowserVisit } from '../sign-in/login-flow.js'
import { randomText } from '../sign-in/login-transaction.js'
import { FederationExchange, type FederationExchangePorts, type TakenFederation } from './federation-exchange.js'
import type { FederationFailure } from './federation-failure.js'
import {
  noReference,
  type FederationFacts,
  type FederationRecords,
  type FederationReference,
} from './federation-records.js'
import { FederationRefusal, reasonOf } from './federation-refusal.js'
import type { FederationKeys, FederationPhase, Invitation, StoredFederation } from './federation-store.js'
import { upstreamPresets } from './preset/presets.js'
import type { OpenedProvider } from './provider/upstream-directory.js'

export interface FederationFlowPorts extends FederationExchangePorts {
  readonly application: string
  readonly limiter: RateLimiter
  readonly records: FederationRecords
  readonly keyring: Keyring
  readonly clock: Clock
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
  /** How many seconds ago they may have proved there who they are; 0: they do it now. Any time unless told. */
  readonly mostSeconds: number | undefined
  /** What is accepted by it; `undefined`: nothing, it is a sign-in. */
  readonly invitation?: Invitation | undefined
}

/** With what the browser has come back. */
export interface FederationReturn {
  /** UUID of the provider whose address it has come back to. */
  readonly provider: string
  readonly parameters: URLSearchParams
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
  readonly account: Pick<Account, 'id' | 'securityStamp'>
  /** UUID of the provider that vouched. */
  readonly provider: string
  /** As whom, as the provider says it. */
  readonly subject: string
  /** When they proved there who they are, in seconds since the epoch, where the provider has said so. */
  readonly authenticatedAt: number | undefined
}

/** Longer than most take, and short enough that nobody comes back to it. */
const federationSeconds = 10 * 60
const startsPerSignIn = { name: 'federation-sign-in', limit: 20, seconds: 600 }
const startsPerCaller = { name: 'federation-caller', limit: 120, seconds: 600 }

type Refused = Extract<FederationAnswer<unknown>, { readonly outcome: 'refused' }>

/**
 * Signing in with an identity provider of a tenant, from the sign-in page and back to it. The provider says who somebody is there;
 * who that is here, and whether they may enter, is said by the tenant's database alone. Every step is taken once, by the browser that began.
 */
export class FederationFlow {
  readonly #ports: FederationFlowPorts
  readonly #exchange: FederationExchange

  constructor(ports: FederationFlowPorts) {
    this.#ports = ports
    this.#exchange = new FederationExchange(ports)
  }

  /** Answers with where the provider is. Throws `UpstreamError` where a database of ours does not answer. */
  async begin(start: FederationStart, visit: BrowserVisit): Promise<FederationAnswer<{ readonly url: URL }>> {
    const { interaction, reference } = start
    const facts: FederationFacts = { origin: visit }
    const origin = { interaction, reference }
    if (visit.browser === undefined) return this.#refused(origin, new FederationRefusal('ERR_LOGIN_BROWSER'), facts)
    const { admitted } = await this.#ports.limiter.take([
      { limit: startsPerSignIn, key: reference.requestId },
      { limit: startsPerCaller, key: visit.address },
    ])
    if (!admitted) return this.#refused(origin, new FederationRefusal('ERR_LOGIN_LIMITED'), facts)
    let tenant: Tenant | undefined
    try {
      const opened = await this.#exchange.provider(start.provider)
      tenant = await this.#exchange.tenantOf(opened, start.invitation?.tenant)
      const url = await this.#begin(start, { opened, browser: visit.browser })
      this.#ports.records.started(reference, { ...facts, tenant, provider: opened.id })
      return { outcome: 'next', url }
    } catch (error) {
      return this.#refused(origin, error, { ...facts, tenant })
    }
  }

  /** The browser is back. Answers with the sign-in page to go on at, or with whom an invitation was accepted. Throws `UpstreamError` where a database of ours does not answer. */
  async finish(
    { parameters, provider }: FederationReturn,
    visit: BrowserVisit,
  ): Promise<FederationAnswer<{ readonly interaction: string } | { readonly accepted: string }>> {
    const facts: FederationFacts = { origin: visit }
    const unknown = { interaction: undefined, reference: noReference }
    const names = [...parameters.keys()]
    const state = parameters.get('state')
    if (state === null || state === '' || new Set(names).size !== names.length) {
      return this.#refused(unknown, new FederationRefusal('ERR_LOGIN_MALFORMED'), facts)
    }
    const stored = await this.#ports.store.findByState(this.#digest('state', state))
    if (stored === undefined) return this.#refused(unknown, new FederationRefusal('ERR_LOGIN_UNKNOWN'), facts)
    const { federation, keys } = stored
    const known = { ...facts, provider: federation.provider }
    // Whoever has another browser is not told where this one came from.
    if (visit.browser === undefined || this.#digest('browser', visit.browser) !== keys.browser) {
      return this.#refused({ ...unknown, reference: federation }, new FederationRefusal('ERR_LOGIN_BROWSER'), known)
    }
    const { interaction } = federation
    const origin = { interaction, reference: federation }
    let tenant: Tenant | undefined
    try {
      const opened = await this.#exchange.provider(federation.provider)
      tenant = await this.#exchange.tenantOf(opened, federation.tenant)
      // Another provider's answer, though a state of this one came along with it: a code is not to get into the wrong hands.
      if (provider !== opened.id) throw new FederationRefusal('ERR_LOGIN_PROVIDER')
      const taken = await this.#take(stored)
      await this.#exchange.identify({ ...taken, parameters, opened, tenant, origin: visit })
      return { outcome: 'next', ...(federation.invitation ? { accepted: opened.settings.name } : { interaction }) }
    } catch (error) {
      return this.#refused(origin, error, { ...known, tenant })
    }
  }

  /**
   * Who has come back to this sign-in page in this browser: once, and only whose account that still is. Throws `UpstreamError`.
   */
  async claim(
    { interaction, reference }: Pick<FederationStart, 'interaction' | 'reference'>,
    { browser, ...origin }: BrowserVisit & { readonly browser: string },
  ): Promise<FederationAnswer<FederatedSignIn> | undefined> {
    const { accounts, store } = this.#ports
    const keys = { signIn: this.#digest('signIn', reference.requestId), browser: this.#digest('browser', browser) }
    const stored = await store.findIdentified(keys)
    if (stored === undefined || stored.federation.phase !== 'identified') return undefined
    // A later page of the same sign-in asks anew.
    if (stored.federation.interaction !== interaction) return undefined
    const { accountId, authenticatedAt, issuer, subject, ...rest } = stored.federation
    if (!(await store.advance(stored, { ...rest, phase: 'used' }))) return undefined
    const tenant = await this.#exchange.admitted(rest.tenant)
    if (tenant === undefined) return undefined
    const { provider } = rest
    try {
      // It may be gone by now, or go by somebody else's name.
      await this.#exchange.provider(provider)
      const entry = await accounts.find(tenant, { issuer, subject })
      if (entry?.outcome !== 'entered' || entry.accountId !== accountId) {
        throw new FederationRefusal('ERR_FEDERATION_SHUT_OUT')
      }
      if (entry.state === 'disabled') throw new FederationRefusal('ERR_ACCOUNT_DISABLED')
      const account = { id: accountId, securityStamp: entry.securityStamp }
      return { outcome: 'next', tenant, provider, subject, account, authenticatedAt }
    } catch (error) {
      return this.#refused({ interaction, reference }, error, { origin, tenant, provider })
    }
  }

  async #begin(
    {
      interaction,
      invitation,
      loginHint,
      mostSeconds,
      otherAccount,
      reference: { clientId, requestId },
    }: FederationStart,
    { browser, opened }: { readonly browser: string; readonly opened: OpenedProvider },
  ): Promise<URL> {
    if (mostSeconds !== undefined && upstreamPresets[opened.settings.kind].freshSignIn === 'not possible') {
      throw new FederationRefusal('ERR_FEDERATION_NEVER_FRESH')
    }
    const freshFrom = mostSeconds === undefined ? undefined : Math.floor(this.#ports.clock.now() / 1000) - mostSeconds
    const secrets = { state: randomText(), nonce: randomText(), codeVerifier: randomText() }
    const federation: FederationPhase<'begun'> = {
      ...{ phase: 'begun', interaction, provider: opened.id, tenant: opened.tenant, requestId, clientId, secrets },
      ...{ freshFrom, invitation },
    }
    const keys = {
      state: this.#digest('state', secrets.state),
      signIn: this.#digest('signIn', requestId),
      browser: this.#digest('browser', browser),
    }
    const earlier = await this.#ports.store.create({ keys, federation }, federationSeconds)
    // Whoever comes again was not let in as whom the provider has in mind, and would be sent back at once as the same.
    const choice = { otherAccount: otherAccount || earlier > 0 }
    return opened.provider.authorizationUrl({ secrets, loginHint, mostSeconds, ...choice })
  }

  async #take({ federation, keys }: StoredFederation): Promise<TakenFederation> {
    if (federation.phase !== 'begun') throw new FederationRefusal('ERR_LOGIN_REPLAYED')
    const { secrets, ...common } = federation
    const exchanging: FederationPhase<'exchanging'> = { ...common, phase: 'exchanging' }
    if (!(await this.#ports.store.advance({ federation, keys }, exchanging)))
      throw new FederationRefusal('ERR_LOGIN_REPLAYED')
    return { keys, exchanging, secrets }
  }

  #refused({ interaction, reference }: Origin, error: unknown, facts: FederationFacts): Refused {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    const { clientId, requestId } = reference
    const identity = error instanceof FederationRefusal ? error.identity : undefined
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

import { randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../audit/audit-event.js'
import type { AuditLog } from '../../audit/audit-log.js'
import { originFacts, type RequestOrigin } from '../../audit/request-origin.js'
import { CredentialConflict, type CredentialStore } from '../../credential/credential-store.js'
import type { Keyring } from '../../credential/keyring.js'
import { ServiceError } from '../../error/service-error.js'
import type { Tenant } from '../../identity/tenant.js'
import type { Log } from '../../runtime/log.js'
import { randomText } from '../../sign-in/login-transaction.js'
import type { CredentialReader } from '../reader/credential-reader.js'
import { recordedRead } from '../recorded-read.js'
import type { ServiceConnection, ServiceStore } from '../service-store.js'
import { ServiceTokenError } from '../service-tokens.js'
import { ConnectKeys } from './connect-keys.js'
import type { ConnectWaiting } from './connect-waiting.js'
import type { ConnectionStore, FoundLink, LinkStore } from './connection-store.js'
import { revocable, revocableTokens, type TokenRevoker } from './given-up-tokens.js'
import type { ServiceAuthorization, UserServiceClient, UserTokens } from './service-authorization.js'
import { userServiceClient } from './service-clients.js'
import { membersOf } from './user-credential.js'
import { isUserService, type UserService } from './user-service.js'

export interface ConnectFlowPorts {
  readonly services: Pick<ServiceStore, 'find'>
  readonly links: LinkStore
  readonly connections: ConnectionStore
  readonly credentials: Pick<CredentialStore, 'destroy' | 'newest' | 'read' | 'write'>
  /** Reads this installation's own credential at a service. */
  readonly secrets: Pick<CredentialReader, 'read'>
  readonly authorization: ServiceAuthorization
  readonly revoker: Pick<TokenRevoker, 'revoke'>
  readonly keyring: Keyring
  readonly waiting: Pick<ConnectWaiting, 'done'>
  readonly audit: AuditLog
  readonly log: Log
  /** Where a service (UUID) sends browsers back to. */
  readonly redirectUriOf: (service: string) => string
}

/** Whoever is signed in in a browser. */
export interface ConnectVisitor {
  readonly tenant: Tenant
  /** UUID. */
  readonly account: string
  /** The random value in its cookie. */
  readonly browser: string
  readonly origin: RequestOrigin
}

/**
 * `link`: used, expired, or none. `account`: it is somebody else's. `sign-in`: what came back was not begun by this account in this
 * browser, or is over. `unusable`: an administrator has to act. `no answer`: the service gave no tokens.
 */
export type ConnectRefusal = 'account' | 'changed' | 'denied' | 'link' | 'no answer' | 'sign-in' | 'unusable'

export type ConnectStep<Value> = (Value & { readonly outcome: 'next' }) | Refused

interface Refused {
  readonly outcome: 'refused'
  readonly reason: ConnectRefusal
  /** Where it is known. */
  readonly service: string | undefined
}

/**
 * A user lets this installation into a service: from the link that a tool was answered with to tokens of their own. Each step asks for
 * the account that the link was made for, so that nobody is connected by following somebody else's link. Each method throws
 * `UpstreamError` where a database or the credential store does not answer.
 */
export class ConnectFlow {
  readonly #ports: ConnectFlowPorts
  readonly #keys: ConnectKeys

  constructor(ports: ConnectFlowPorts) {
    this.#ports = ports
    this.#keys = new ConnectKeys(ports.keyring)
  }

  /** What the page behind a link asks. */
  async view(secret: string, visitor: ConnectVisitor): Promise<ConnectStep<{ readonly service: UserService }>> {
    const { account, tenant } = visitor
    const link = await this.#ports.links.find(tenant, this.#keys.link(tenant, secret))
    if (link === undefined) return refused('link')
    if (link.account !== account) {
      // Somebody may have been sent the link of somebody else.
      this.#ports.audit.count({
        ...eventOf(visitor, link.name),
        type: 'signin.failed',
        reason: 'service_other_account',
      })
      return refused('account')
    }
    const service = await this.#service(tenant, link)
    return service === undefined ? refused('unusable', link.name) : { outcome: 'next', service }
  }

  /** The user has agreed: where the browser goes. The link is used up. */
  async begin(secret: string, visitor: ConnectVisitor): Promise<ConnectStep<{ readonly url: URL }>> {
    const { account, browser, tenant } = visitor
    const seen = await this.view(secret, visitor)
    if (seen.outcome === 'refused') return seen
    const { service } = seen
    const state = randomText()
    return this.#atService(service, async () => {
      const client = await this.#client(visitor, service)
      const request = this.#keys.request(tenant, this.#ports.redirectUriOf(service.id), state)
      const url = await this.#ports.authorization.authorizationUrl(client, request)
      const departure = {
        account,
        browser: this.#keys.browser(tenant, browser),
        state: this.#keys.state(tenant, state),
      }
      const left = await this.#ports.links.leave(tenant, this.#keys.link(tenant, secret), departure)
      return left ? { outcome: 'next', url } : refused('link')
    })
  }

  /** The browser has come back to the address of a service (UUID). */
  async finish(
    callback: { readonly service: string; readonly parameters: URLSearchParams },
    visitor: ConnectVisitor,
  ): Promise<ConnectStep<{ readonly service: UserService }>> {
    const { account, browser, tenant } = visitor
    const state = callback.parameters.get('state') ?? ''
    const departure = { account, browser: this.#keys.browser(tenant, browser), state: this.#keys.state(tenant, state) }
    const link = await this.#ports.links.comeBack(tenant, departure)
    if (link?.service !== callback.service) return refused('sign-in')
    const service = await this.#service(tenant, link)
    if (service === undefined) return refused('unusable', link.name)
    return this.#atService(service, async () => {
      const client = await this.#client(visitor, service)
      const request = this.#keys.request(tenant, this.#ports.redirectUriOf(service.id), state)
      const tokens = await this.#ports.authorization.redeem(client, request, callback.parameters)
      if (tokens === 'denied') return refused('denied', service.name)
      return this.#connect({ client, service, visitor }, tokens)
    })
  }

  async #connect(
    { client, service, visitor }: Connecting,
    tokens: UserTokens,
  ): Promise<ConnectStep<{ service: UserService }>> {
    const { audit, connections, credentials, revoker, waiting } = this.#ports
    const { account, tenant } = visitor
    const place = { tenant, service: service.id, account: randomUUID() }
    const { seconds } = tokens
    const forget = async (): Promise<void> => {
      revoker.revoke(client, [revocable(tokens)])
      await this.#destroy(place)
    }
    const version = await credentials.write(place, membersOf(tokens), 0).catch(async (error: unknown) => {
      await forget()
      throw error
    })
    const connected = await connections
      .connect(tenant, { id: place.account, service, account, version, seconds })
      .catch(async (error: unknown) => {
        if (!(await this.#isConnected(place))) await forget()
        throw error
      })
    if (connected === 'refused') {
      await forget()
      return refused('changed', service.name)
    }
    if (connected.before !== undefined) await this.#replace(client, place, connected.before)
    await audit.record({ ...eventOf(visitor, service.name), type: 'signin.completed', reason: 'service_connected' })
    waiting.done(tenant, { account, service: service.id })
    return { outcome: 'next', service }
  }

  /** What the user has allowed before is not used any more. A service that tells sign-ins apart ends that alone. */
  async #replace(
    client: UserServiceClient,
    place: UserPlace,
    { credentialVersion, id: account }: ServiceConnection,
  ): Promise<void> {
    const { credentials, log, revoker } = this.#ports
    const before = { ...place, account }
    const tokens = await revocableTokens(credentials, before, credentialVersion).catch((error: unknown) => {
      log.write('warn', 'tokens that a user has replaced could not be taken back at the service', { error })
      return []
    })
    revoker.revoke(client, tokens)
    await this.#destroy(before)
  }

  /** It may have come to that, and the answer was lost. `false` also where nobody says: the tenant may be no more. */
  async #isConnected({ account, tenant }: UserPlace): Promise<boolean> {
    const found = await this.#ports.connections.findConnection(tenant, account).catch(() => undefined)
    return found !== undefined
  }

  /** What nobody uses does no harm where it is: an administrator destroys it one day. */
  async #destroy(place: UserPlace): Promise<void> {
    const { credentials, log } = this.#ports
    await credentials.destroy(place).catch((error: unknown) => {
      log.write('warn', 'tokens of a user that are not used any more could not be destroyed', { error })
    })
  }

  async #service(tenant: Tenant, link: FoundLink): Promise<UserService | undefined> {
    const service = await this.#ports.services.find(tenant, link.name)
    return service?.id === link.service && isUserService(service) ? service : undefined
  }

  /** Reading this installation's own credential is on record like any other reading. */
  #client(visitor: ConnectVisitor, service: UserService): Promise<UserServiceClient> {
    const { audit, secrets } = this.#ports
    const detail = { service: service.name, version: service.credentialVersion }
    const event = { ...eventOf(visitor, service.name), operation: 'service.connect', detail }
    return recordedRead({ audit, event }, () => userServiceClient(secrets, visitor.tenant, service))
  }

  async #atService<Value>({ name }: UserService, work: () => Promise<ConnectStep<Value>>): Promise<ConnectStep<Value>> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof CredentialConflict) return refused('changed', name)
      if (error instanceof ServiceError && error.code === 'ERR_SERVICE_CREDENTIAL') return refused('unusable', name)
      if (!(error instanceof ServiceTokenError)) throw error
      this.#ports.log.write('warn', 'a sign-in at a service failed', { service: name, reason: error.message })
      return refused('no answer', name)
    }
  }
}

/** Where the tokens of a user are in the credential store. */
interface UserPlace {
  readonly tenant: Tenant
  /** UUID. */
  readonly service: string
  /** UUID. */
  readonly account: string
}

interface Connecting {
  readonly client: UserServiceClient
  readonly service: UserService
  readonly visitor: ConnectVisitor
}

function refused(reason: ConnectRefusal, service?: string): Refused {
  return { outcome: 'refused', reason, service }
}

function eventOf({ account, origin, tenant }: ConnectVisitor, service: string): Omit<AuditEvent, 'type'> {
  return { tenant, subject: account, requestId: randomUUID(), detail: { service }, ...originFacts(origin) }
}

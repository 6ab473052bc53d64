import { LeaseLost, type SecretsEngine } from '../../credential/secrets-engine.js'
import { ServiceError } from '../../error/service-error.js'
import { UpstreamError } from '../../error/upstream-error.js'
import type { Log } from '../../runtime/log.js'
import { engineRoleFault, type EngineRoles } from '../engine-roles.js'
import type { CredentialSource } from '../external-service.js'
import { heldCredential, type HeldCredential } from '../service-credential.js'
import { keyOf, type CredentialReader, type CredentialWish } from './credential-reader.js'
import { mayBeDropped } from './may-be-dropped.js'

export interface EngineReaderPorts {
  /** `undefined` where the store of credentials makes none by itself. */
  readonly engine: SecretsEngine | undefined
  /** Asked at each reading: what is made for one tenant is not had by another. */
  readonly roles: EngineRoles
  readonly log: Log
  /** How long one that is not given out any more is good, in milliseconds: calls with it are under way. Default: half a minute. */
  readonly grace?: number
}

interface Entry {
  readonly issuing: Promise<HeldCredential>
  /** Once it is there. */
  held: HeldCredential | undefined
  /** Since when, by `performance.now()`. */
  heldAt: number
  /** Of the service that it was made for. */
  readonly revision: string
  readonly source: CredentialSource
  /** By `performance.now()`. */
  until: number
  /** Whether anybody has asked since it was made or renewed. */
  used: boolean
  /** What it is revoked by, once it is there. */
  lease: string | undefined
  timer: NodeJS.Timeout | undefined
}

/** What could not be made, and what there was before. */
interface Failed {
  readonly entry: Entry
  readonly earlier: Entry | undefined
  readonly error: unknown
}

/** How long a lease is. */
interface Term {
  readonly seconds: number
  readonly lease: string | undefined
  readonly renewable: boolean
}

/** How long the password of a static role is kept, at most: it may be changed out of turn. */
const mostStaticSeconds = 60
const usualGrace = 30_000
/** Longer leases are looked after as if they were of a day. */
const mostSeconds = 86_400
/** Not used in its last moments: the call has a way to go. */
const spare = 0.1

/**
 * Credentials that the secrets engine makes: one for each service and process, renewed when two thirds of its time have gone as long
 * as somebody uses it, and revoked when nobody does, when the service changes, or when this process ends. Where a lease is lost the
 * next call has another one.
 */
export class EngineReader implements CredentialReader {
  readonly #ports: EngineReaderPorts
  readonly #entries = new Map<string, Entry>()

  constructor(ports: EngineReaderPorts) {
    this.#ports = ports
  }

  async read(wish: CredentialWish): Promise<HeldCredential> {
    this.#requireRole(wish)
    const key = nameOf(wish)
    const { revision, source } = wish.service
    const known = this.#entries.get(key)
    if (known?.revision === revision && this.#isGood(known)) {
      known.used = true
      return known.issuing
    }
    const earlier = known !== undefined && this.#lasts(known, source) ? known : undefined
    if (known !== undefined && earlier === undefined) this.#end(key, known)
    const issuing = this.#issue(wish, (term) => this.#keep(key, entry, term)).then(
      (made) => {
        if (earlier !== undefined) this.#end(key, earlier)
        return made
      },
      (error: unknown) => this.#goOn(key, { entry, earlier, error }),
    )
    const entry: Entry = {
      ...{
        issuing,
        revision,
        source,
        held: undefined,
        heldAt: Number.POSITIVE_INFINITY,
        until: Number.POSITIVE_INFINITY,
      },
      ...{ used: true, lease: undefined, timer: undefined },
    }
    this.#entries.set(key, entry)
    issuing.then(
      (held) => {
        entry.held = held
        entry.heldAt = performance.now()
      },
      () => undefined,
    )
    return issuing
  }

  /** Where no other can be made now, the one before is as good as it was: it is of the same role. */
  #goOn(key: string, { earlier, entry, error }: Failed): Promise<HeldCredential> {
    const isCurrent = this.#entries.get(key) === entry
    if (isCurrent) this.#entries.delete(key)
    if (earlier === undefined) throw error
    const isNeeded = error instanceof UpstreamError && this.#isGood(earlier)
    if (isNeeded && isCurrent) this.#entries.set(key, earlier)
    else this.#end(key, earlier)
    if (!isNeeded) throw error
    return earlier.issuing
  }

  /** Whether its lease is one of that role. */
  #lasts(known: Entry, source: CredentialSource): boolean {
    const isSame = source.from === 'dynamic' && known.source.from === 'dynamic' && known.source.path === source.path
    return isSame && known.lease !== undefined && this.#isGood(known)
  }

  drop(wish: CredentialWish, held: HeldCredential): void {
    const key = nameOf(wish)
    const entry = this.#entries.get(key)
    if (entry?.held === held && mayBeDropped(entry.heldAt)) this.#end(key, entry)
  }

  #requireRole({ service, tenant }: CredentialWish): void {
    const fault = engineRoleFault(this.#ports.roles, tenant, service.source)
    if (fault !== undefined) throw new ServiceError('ERR_SERVICE_SETUP', service.name, `${service.name}: ${fault}`)
  }

  /** A lease ends with what it was asked for with, which may be before its time. */
  #isGood({ lease, until }: Entry): boolean {
    if (performance.now() >= until) return false
    return lease === undefined || this.#ports.engine?.holds(lease) === true
  }

  /** Nothing is renewed any more. The engine revokes what is left. */
  close(): void {
    for (const { timer } of this.#entries.values()) clearTimeout(timer)
    this.#entries.clear()
  }

  async #issue({ service }: CredentialWish, keep: (term: Term) => void): Promise<HeldCredential> {
    const { engine } = this.#ports
    const { name, source } = service
    if (engine === undefined || source.from === 'store') {
      const message = `the credential of ${name} is made by a secrets engine, and there is none: it needs HashiCorp Vault`
      throw new ServiceError('ERR_SERVICE_CREDENTIAL', name, message)
    }
    if (source.from === 'static') {
      const { members, seconds } = await engine.readStatic(source.path)
      keep({ seconds: Math.min(seconds, mostStaticSeconds), lease: undefined, renewable: false })
      return heldCredential(1, members)
    }
    const { lease, members, renewable, seconds } = await engine.issue(source.path)
    keep({ seconds, lease, renewable })
    return heldCredential(1, members, lease)
  }

  #keep(key: string, entry: Entry, { lease, renewable, seconds: given }: Term): void {
    const seconds = Math.min(given, mostSeconds)
    entry.until = performance.now() + seconds * 1000 * (1 - spare)
    if (this.#entries.get(key) !== entry) {
      // The service changed while it was made.
      if (lease !== undefined) this.#revokeLater(lease)
      return
    }
    entry.lease = lease
    entry.used = false
    if (lease === undefined || !renewable) return
    entry.timer = setTimeout(
      () => void this.#renew(key, entry, { lease, renewable, seconds }),
      (seconds * 1000 * 2) / 3,
    ).unref()
  }

  async #renew(key: string, entry: Entry, term: Term & { readonly lease: string }): Promise<void> {
    if (this.#entries.get(key) !== entry) return
    if (!entry.used) return this.#end(key, entry)
    try {
      const left = await this.#ports.engine?.renew(term.lease, term.seconds)
      if (left !== undefined && this.#entries.get(key) === entry) this.#keep(key, entry, { ...term, seconds: left })
    } catch (error) {
      // Otherwise it is good until its end; the next call after that has another one.
      if (error instanceof LeaseLost && this.#entries.get(key) === entry) this.#end(key, entry)
      else this.#ports.log.write('warn', 'a credential that was made for a while could not be renewed', { error })
    }
  }

  #end(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
    clearTimeout(entry.timer)
    if (entry.lease !== undefined) this.#revokeLater(entry.lease)
  }

  /** Other calls are under way with it. */
  #revokeLater(lease: string): void {
    setTimeout(() => this.#revoke(lease), this.#ports.grace ?? usualGrace).unref()
  }

  #revoke(lease: string): void {
    this.#ports.engine?.revoke(lease).catch((error: unknown) => {
      this.#ports.log.write('warn', 'a credential that is not used any more could not be revoked', { error })
    })
  }
}

function nameOf(wish: CredentialWish): string {
  const { service, tenant } = keyOf(wish)
  return JSON.stringify([tenant, service])
}

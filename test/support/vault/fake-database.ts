import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../../src/core/runtime/clock.js'
import type { FakeEngine } from './fake-kv.js'
import { done, notFound, refuse, reply, secondsIn, textIn, type FakeCall, type FakeReply } from './fake-reply.js'
import type { FakeTokens } from './fake-tokens.js'

interface Lease {
  readonly username: string
  /** Ends with it. */
  readonly token: string
  readonly ttl: number
  /** Milliseconds since the epoch. */
  readonly endsAt: number
  expiresAt: number
}

/** The leases of a namespace. A lease ends with the token that asked for it. */
export class FakeLeases {
  readonly #clock: Clock
  readonly #tokens: FakeTokens
  readonly #leases = new Map<string, Lease>()

  constructor(clock: Clock, tokens: FakeTokens) {
    this.#clock = clock
    this.#tokens = tokens
  }

  /** How many go on. */
  get alive(): number {
    return [...this.#leases.values()].filter((lease) => this.#isAlive(lease)).length
  }

  /** Whether the user of a lease that goes on. */
  knows(username: string): boolean {
    return [...this.#leases.values()].some((lease) => lease.username === username && this.#isAlive(lease))
  }

  add(prefix: string, lease: Pick<Lease, 'username' | 'token' | 'ttl'> & { readonly maxTtl: number }): string {
    const id = `${prefix}/${randomBytes(12).toString('base64url')}`
    const now = this.#clock.now()
    const endsAt = lease.maxTtl === 0 ? Infinity : now + lease.maxTtl * 1000
    this.#leases.set(id, { ...lease, endsAt, expiresAt: now + lease.ttl * 1000 })
    return id
  }

  renew({ body }: FakeCall): FakeReply {
    const id = textIn(body, 'lease_id')
    const lease = this.#leases.get(id)
    if (lease === undefined || !this.#isAlive(lease)) return refuse(400, 'lease not found')
    const now = this.#clock.now()
    const increment = secondsIn(body, 'increment')
    lease.expiresAt = Math.min(now + (increment === 0 ? lease.ttl : increment) * 1000, lease.endsAt)
    const seconds = Math.ceil((lease.expiresAt - now) / 1000)
    return reply({ lease_id: id, lease_duration: seconds, renewable: true })
  }

  revoke({ body }: FakeCall): FakeReply {
    this.#leases.delete(textIn(body, 'lease_id'))
    return done
  }

  #isAlive({ expiresAt, token }: Lease): boolean {
    return expiresAt > this.#clock.now() && this.#tokens.find(token) !== undefined
  }
}

interface DynamicRole {
  readonly ttl: number
  readonly maxTtl: number
}

interface StaticRole {
  readonly username: string
  readonly period: number
  password: string
  rotatedAt: number
}

/** The database secrets engine, without a database. */
export class FakeDatabase implements FakeEngine {
  readonly type = 'database'
  readonly options = null
  readonly #mount: string
  readonly #clock: Clock
  readonly #leases: FakeLeases
  readonly #dynamic = new Map<string, DynamicRole>()
  readonly #static = new Map<string, StaticRole>()

  constructor(mount: string, clock: Clock, leases: FakeLeases) {
    this.#mount = mount
    this.#clock = clock
    this.#leases = leases
  }

  exists(): boolean {
    return true
  }

  answer(path: string, call: FakeCall): FakeReply {
    const [kind = '', role = ''] = path.split('/')
    const routes: Readonly<Record<string, () => FakeReply>> = {
      'GET creds': () => this.#issue(role, call),
      'GET static-creds': () => this.#readStatic(role),
      'POST rotate-role': () => this.#rotate(role),
      'POST roles': () => this.#writeRole(role, call.body),
      'POST static-roles': () => this.#writeStatic(role, call.body),
    }
    return routes[`${call.method} ${kind}`]?.() ?? notFound
  }

  #issue(role: string, { token = '' }: FakeCall): FakeReply {
    const found = this.#dynamic.get(role)
    if (found === undefined) return refuse(400, `unknown role: ${role}`)
    const data = { username: `v-${role}-${randomUUID()}`, password: newPassword() }
    const lease = { username: data.username, token, ...found }
    const id = this.#leases.add(`${this.#mount}/creds/${role}`, lease)
    return reply({ lease_id: id, lease_duration: found.ttl, renewable: true, data })
  }

  #readStatic(role: string): FakeReply {
    const found = this.#static.get(role)
    if (found === undefined) return refuse(400, `unknown role: ${role}`)
    const { username, password, period } = found
    const since = this.#clock.now() - found.rotatedAt
    if (since >= period * 1000) this.#rotate(role)
    const ttl = Math.ceil(period - (this.#clock.now() - found.rotatedAt) / 1000)
    const rotated = new Date(found.rotatedAt).toISOString()
    const now = since >= period * 1000 ? found.password : password
    return reply({ data: { username, password: now, ttl, rotation_period: period, last_vault_rotation: rotated } })
  }

  #rotate(role: string): FakeReply {
    const found = this.#static.get(role)
    if (found === undefined) return refuse(400, `unknown role: ${role}`)
    found.password = newPassword()
    found.rotatedAt = this.#clock.now()
    return done
  }

  #writeRole(role: string, body: FakeCall['body']): FakeReply {
    this.#dynamic.set(role, { ttl: secondsIn(body, 'default_ttl'), maxTtl: secondsIn(body, 'max_ttl') })
    return done
  }

  #writeStatic(role: string, body: FakeCall['body']): FakeReply {
    const [username, period] = [textIn(body, 'username'), secondsIn(body, 'rotation_period')]
    this.#static.set(role, { username, period, password: newPassword(), rotatedAt: this.#clock.now() })
    return done
  }
}

function newPassword(): string {
  return randomBytes(18).toString('base64url')
}

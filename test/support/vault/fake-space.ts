import type { Clock } from '../../../src/core/runtime/clock.js'
import { FakeDatabase, FakeLeases } from './fake-database.js'
import { FakeKv, FakeOldKv, type FakeEngine } from './fake-kv.js'
import { FakeAppRole, FakeKubernetes, type FakeLogin } from './fake-login.js'
import { FakePolicies, type Capability } from './fake-policies.js'
import {
  denied,
  done,
  notFound,
  refuse,
  reply,
  secondsIn,
  textIn,
  textsIn,
  type FakeCall,
  type FakeReply,
} from './fake-reply.js'
import { FakeTokens, type FakeToken } from './fake-tokens.js'
import { FakeWrapping } from './fake-wrapping.js'

/** One namespace of the fake Vault, with everything that is in it. */
export class FakeSpace {
  readonly tokens: FakeTokens
  readonly leases: FakeLeases
  readonly #clock: Clock
  readonly #policies = new FakePolicies()
  readonly #wrapping: FakeWrapping
  readonly #logins = new Map<string, FakeLogin>()
  readonly #engines = new Map<string, FakeEngine>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.tokens = new FakeTokens(clock)
    this.leases = new FakeLeases(clock, this.tokens)
    this.#wrapping = new FakeWrapping(clock)
  }

  /** What a part of it has mounted there. */
  engine(mount: string): FakeEngine | undefined {
    return this.#engines.get(mount)
  }

  answer(call: FakeCall): FakeReply {
    const open = this.#answerOpen(call)
    if (open !== undefined) return open
    if (call.token === undefined) return refuse(400, 'missing client token')
    const token = this.tokens.find(call.token)
    if (token === undefined) return refuse(403, 'permission denied', 'invalid token')
    const mounts = /^sys\/internal\/ui\/mounts\/(.+)$/.exec(call.path)
    if (mounts !== null) return this.#describeMount(mounts[1] ?? '', token)
    const needed = this.#capability(call)
    if (!this.#policies.allows(token.policies, call.path, needed)) return denied
    const answer = this.#answerAllowed(call, token)
    return call.wrapSeconds > 0 && answer.status < 300 ? this.#wrapping.wrap(call, answer.body) : answer
  }

  #answerOpen(call: FakeCall): FakeReply | undefined {
    if (call.method !== 'POST') return undefined
    if (call.path === 'sys/wrapping/lookup') return this.#wrapping.lookUp(call)
    if (call.path === 'sys/wrapping/unwrap') return this.#wrapping.unwrap(call)
    const [, mount] = /^auth\/(.+)\/login$/.exec(call.path) ?? []
    return mount === undefined ? undefined : (this.#logins.get(mount)?.login(call) ?? denied)
  }

  #capability({ method, path, query }: FakeCall): Capability {
    if (method === 'GET') return query.get('list') === 'true' ? 'list' : 'read'
    if (method === 'DELETE') return 'delete'
    const mounted = this.#mounted(path)
    return mounted === undefined || mounted.engine.exists(mounted.rest) ? 'update' : 'create'
  }

  #answerAllowed(call: FakeCall, token: FakeToken): FakeReply {
    const { method, path } = call
    const [kind = '', part = ''] = path.split('/')
    if (kind === 'auth' && part === 'token') return this.#answerToken(call, token)
    if (kind === 'auth') return this.#logins.get(part)?.answer(path.slice(`auth/${part}/`.length), call) ?? notFound
    if (kind === 'sys') return this.#answerSystem(call, token)
    const mounted = this.#mounted(path)
    if (mounted === undefined) return refuse(404, `no handler for route "${path}". route entry not found.`)
    return method === 'LIST' ? refuse(405) : mounted.engine.answer(mounted.rest, call)
  }

  #answerToken(call: FakeCall, token: FakeToken): FakeReply {
    const routes: Readonly<Record<string, () => FakeReply>> = {
      'GET auth/token/lookup-self': () => this.#lookUp(token),
      'POST auth/token/renew-self': () => this.#renew(call, token),
      'POST auth/token/revoke-self': () => this.#revoke(token.id),
      'POST auth/token/revoke': () => this.#revoke(textIn(call.body, 'token')),
      'POST auth/token/create': () => this.#createToken(call),
    }
    return routes[`${call.method} ${call.path}`]?.() ?? notFound
  }

  #lookUp(token: FakeToken): FakeReply {
    const { id, accessor, policies, renewable, ttl } = token
    const data = { id, accessor, policies, renewable, ttl: this.tokens.left(token), creation_ttl: ttl, num_uses: 0 }
    return reply({ data: { ...data, type: 'service', orphan: true } })
  }

  #renew({ body }: FakeCall, token: FakeToken): FakeReply {
    if (!token.renewable) return refuse(400, 'lease is not renewable')
    this.tokens.renew(token, secondsIn(body, 'increment'))
    return reply({ auth: this.tokens.describe(token) })
  }

  #revoke(id: string): FakeReply {
    this.tokens.revoke(id)
    return done
  }

  #createToken({ body }: FakeCall): FakeReply {
    const options = { ttl: secondsIn(body, 'ttl'), maxTtl: secondsIn(body, 'explicit_max_ttl') }
    const named = textsIn(body, 'policies')
    const policies = named.includes('root') ? named : ['default', ...named]
    const made = this.tokens.make({ ...options, policies, renewable: body['renewable'] !== false })
    return reply({ auth: this.tokens.describe(made) })
  }

  #answerSystem(call: FakeCall, token: FakeToken): FakeReply {
    const { body, method, path } = call
    if (path === 'sys/capabilities-self') return this.#capabilities(call, token)
    if (path === 'sys/leases/renew') return this.leases.renew(call)
    if (path === 'sys/leases/revoke') return this.leases.revoke(call)
    if (path === 'sys/wrapping/wrap') return reply({ data: body })
    const [, kind, name = ''] = /^sys\/(mounts|auth|policies\/acl)\/(.+)$/.exec(path) ?? []
    if (kind === 'policies/acl') this.#policies.write(name, textIn(body, 'policy'))
    else if (kind === 'auth') this.#enableLogin(name, textIn(body, 'type'))
    else if (kind === 'mounts' && method === 'DELETE') this.#engines.delete(name)
    else if (kind === 'mounts') return this.#mount(name, body)
    else return notFound
    return done
  }

  #capabilities({ body }: FakeCall, { policies }: FakeToken): FakeReply {
    const found = textsIn(body, 'paths').map((path) => [path, this.#policies.capabilities(policies, path)])
    const data = Object.fromEntries(found) as object
    return reply({ data: { ...data, capabilities: found[0]?.[1] ?? [] } })
  }

  #describeMount(path: string, { policies }: FakeToken): FakeReply {
    const engine = this.#engines.get(path)
    const known = engine !== undefined && this.#policies.know(policies, path)
    if (!known) return refuse(403, 'preflight capability check returned 403')
    return reply({ data: { type: engine.type, options: engine.options, path: `${path}/`, description: '' } })
  }

  #mount(name: string, body: FakeCall['body']): FakeReply {
    if (this.#engines.has(name)) return refuse(400, `path is already in use at ${name}/`)
    const { version } = Object(body['options']) as { readonly version?: unknown }
    const type = textIn(body, 'type')
    if (type === 'database') this.#engines.set(name, new FakeDatabase(name, this.#clock, this.leases))
    else if (type !== 'kv') return refuse(400, `plugin not found in the catalog: ${type}`)
    else this.#engines.set(name, version === '2' ? new FakeKv(this.#clock) : new FakeOldKv())
    return done
  }

  #enableLogin(name: string, type: string): void {
    const isAppRole = type === 'approle'
    this.#logins.set(name, isAppRole ? new FakeAppRole(this.#clock, this.tokens) : new FakeKubernetes(this.tokens))
  }

  #mounted(path: string): { readonly engine: FakeEngine; readonly rest: string } | undefined {
    const mount = [...this.#engines.keys()].find((name) => path.startsWith(`${name}/`))
    const engine = this.#engines.get(mount ?? '')
    return engine === undefined ? undefined : { engine, rest: path.slice(`${mount}/`.length) }
  }
}

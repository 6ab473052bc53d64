import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../src/core/runtime/clock.js'
import {
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
import type { FakeTokens } from './fake-tokens.js'

/** A way to log in, mounted somewhere. */
export interface FakeLogin {
  readonly type: string
  /** Needs no token. */
  login(call: FakeCall): FakeReply
  /** `path` is what comes after the mount. */
  answer(path: string, call: FakeCall): FakeReply
}

interface TokenRules {
  readonly policies: readonly string[]
  readonly ttl: number
  readonly maxTtl: number
  readonly renewable: boolean
}

interface SecretIdState {
  /** Infinity: without a bound. */
  usesLeft: number
  readonly expiresAt: number
}

interface AppRole extends TokenRules {
  readonly roleId: string
  readonly uses: number
  readonly secretIdTtl: number
  readonly secretIds: Map<string, SecretIdState>
}

/** AppRole: roles, and secret ids that are used up or expire. */
export class FakeAppRole implements FakeLogin {
  readonly type = 'approle'
  readonly #clock: Clock
  readonly #tokens: FakeTokens
  readonly #roles = new Map<string, AppRole>()

  constructor(clock: Clock, tokens: FakeTokens) {
    this.#clock = clock
    this.#tokens = tokens
  }

  login({ body }: FakeCall): FakeReply {
    const [roleId, secretId] = [textIn(body, 'role_id'), textIn(body, 'secret_id')]
    const role = [...this.#roles.values()].find((candidate) => candidate.roleId === roleId)
    const state = role?.secretIds.get(secretId)
    if (role === undefined || state === undefined || state.expiresAt <= this.#clock.now()) {
      return refuse(400, 'invalid role or secret ID')
    }
    state.usesLeft -= 1
    if (state.usesLeft === 0) role.secretIds.delete(secretId)
    return reply({ auth: this.#tokens.describe(this.#tokens.make(role)) })
  }

  answer(path: string, { method, body }: FakeCall): FakeReply {
    const [, name = '', part] = path.split('/')
    const role = this.#roles.get(name)
    if (method === 'POST' && part === undefined) return this.#write(name, body)
    if (role === undefined) return notFound
    if (method === 'GET' && part === 'role-id') return reply({ data: { role_id: role.roleId } })
    if (method === 'POST' && part === 'secret-id') return this.#newSecretId(role)
    return refuse(405, 'unsupported operation')
  }

  #write(name: string, body: FakeCall['body']): FakeReply {
    this.#roles.set(name, {
      ...tokenRules(body),
      roleId: randomUUID(),
      uses: Number(body['secret_id_num_uses'] ?? 0),
      secretIdTtl: secondsIn(body, 'secret_id_ttl'),
      secretIds: new Map(),
    })
    return done
  }

  #newSecretId({ secretIds, secretIdTtl, uses }: AppRole): FakeReply {
    const secretId = randomUUID()
    const expiresAt = secretIdTtl === 0 ? Infinity : this.#clock.now() + secretIdTtl * 1000
    secretIds.set(secretId, { usesLeft: uses === 0 ? Infinity : uses, expiresAt })
    const data = { secret_id: secretId, secret_id_accessor: randomUUID(), secret_id_ttl: secretIdTtl }
    return reply({ data: { ...data, secret_id_num_uses: uses } })
  }
}

/** Kubernetes: takes the service account tokens that a role is bound to, without a cluster. */
export class FakeKubernetes implements FakeLogin {
  readonly type = 'kubernetes'
  readonly #tokens: FakeTokens
  readonly #roles = new Map<string, TokenRules & { readonly accepted: ReadonlySet<string> }>()

  constructor(tokens: FakeTokens) {
    this.#tokens = tokens
  }

  login({ body }: FakeCall): FakeReply {
    const role = this.#roles.get(textIn(body, 'role'))
    if (role === undefined) return refuse(400, 'invalid role name')
    if (!role.accepted.has(textIn(body, 'jwt'))) return refuse(403, 'permission denied')
    return reply({ auth: this.#tokens.describe(this.#tokens.make(role)) })
  }

  /** Besides what Vault has, a role names the tokens that it takes. */
  answer(path: string, { method, body }: FakeCall): FakeReply {
    const [kind, name = ''] = path.split('/')
    if (method !== 'POST' || kind !== 'role') return refuse(405, 'unsupported operation')
    this.#roles.set(name, { ...tokenRules(body), accepted: new Set(textsIn(body, 'accepted_tokens')) })
    return done
  }
}

function tokenRules(body: FakeCall['body']): TokenRules {
  const policies = textsIn(body, 'token_policies')
  return {
    policies: body['token_no_default_policy'] === true ? policies : ['default', ...policies],
    ttl: secondsIn(body, 'token_ttl'),
    maxTtl: secondsIn(body, 'token_max_ttl'),
    renewable: body['token_type'] !== 'batch',
  }
}

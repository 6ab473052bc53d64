import { request as sendPlain } from 'node:http'
import { request as sendSecurely } from 'node:https'
import { Secret } from '../../../src/core/credential/secret.js'

export interface VaultAdministratorOptions {
  readonly address: string
  /** May do everything. */
  readonly token: string
  readonly namespace?: string | undefined
  readonly ca?: string | undefined
}

/** What Vault answers with, as far as tests look at it. */
export interface AdministratorAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly auth?: Readonly<Record<string, unknown>> | null
  readonly wrap_info?: Readonly<Record<string, unknown>> | null
}

export interface TestRole {
  /** Default: what the server needs and no more. */
  readonly policy?: string
  readonly token_ttl?: string
  readonly token_max_ttl?: string
  readonly token_type?: 'service' | 'batch'
  readonly token_policies?: readonly string[]
  readonly secret_id_num_uses?: number
  readonly secret_id_ttl?: string
}

/** Sets up a Vault for a test, real or not, and takes away again what it has set up. */
export class VaultAdministrator {
  readonly #options: VaultAdministratorOptions
  readonly #undo: (() => Promise<unknown>)[] = []

  constructor(options: VaultAdministratorOptions) {
    this.#options = options
  }

  /** Throws `TypeError` for an answer that is none of success. */
  async ask(method: string, path: string, body?: object, wrapSeconds = 0): Promise<AdministratorAnswer> {
    const { address, ca, namespace, token } = this.#options
    const url = new URL(`/v1/${path}`, address)
    const headers = {
      'X-Vault-Token': token,
      ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
      ...(wrapSeconds === 0 ? {} : { 'X-Vault-Wrap-TTL': `${wrapSeconds}s` }),
    }
    const text = await new Promise<string>((resolve, reject) => {
      const options = { method, headers, ...(ca === undefined ? {} : { ca }) }
      const sent = (url.protocol === 'https:' ? sendSecurely : sendPlain)(url, options, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.once('end', () => {
          const whole = Buffer.concat(chunks).toString('utf8')
          if ((answer.statusCode ?? 500) < 300) resolve(whole)
          else reject(new TypeError(`${method} ${path}: ${answer.statusCode} ${whole}`))
        })
      })
      sent.once('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
    return text === '' ? {} : (JSON.parse(text) as AdministratorAnswer)
  }

  async mountKv(mount: string, version: 1 | 2 = 2): Promise<void> {
    await this.ask('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: String(version) } })
    this.#undo.push(() => this.ask('DELETE', `sys/mounts/${mount}`))
  }

  async writePolicy(name: string, policy: string): Promise<void> {
    await this.ask('PUT', `sys/policies/acl/${name}`, { policy })
    this.#undo.push(() => this.ask('DELETE', `sys/policies/acl/${name}`))
  }

  async enableLogin(mount: string, type: 'approle' | 'kubernetes'): Promise<void> {
    await this.ask('POST', `sys/auth/${mount}`, { type })
    this.#undo.push(() => this.ask('DELETE', `sys/auth/${mount}`))
  }

  /** Answers with the role id. */
  async writeRole(mount: string, name: string, role: TestRole): Promise<string> {
    await this.ask('POST', `auth/${mount}/role/${name}`, role)
    const { data } = await this.ask('GET', `auth/${mount}/role/${name}/role-id`)
    return String(data?.['role_id'])
  }

  async newSecretId(mount: string, name: string): Promise<Secret> {
    const { data } = await this.ask('POST', `auth/${mount}/role/${name}/secret-id`, {})
    return new Secret(String(data?.['secret_id']))
  }

  /** The token that a new secret id is wrapped in. */
  async newWrappedSecretId(mount: string, name: string, seconds = 60): Promise<Secret> {
    const { wrap_info: wrapped } = await this.ask('POST', `auth/${mount}/role/${name}/secret-id`, {}, seconds)
    return new Secret(String(wrapped?.['token']))
  }

  async newToken(token: object): Promise<Secret> {
    const { auth } = await this.ask('POST', 'auth/token/create', token)
    return new Secret(String(auth?.['client_token']))
  }

  /** Everything that it has set up goes, last to first. */
  async cleanUp(): Promise<void> {
    for (const undo of this.#undo.splice(0).toReversed()) await undo()
  }
}

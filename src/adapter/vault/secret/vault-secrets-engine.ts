import {
  LeaseLost,
  type LeasedCredential,
  type SecretsEngine,
  type StaticCredential,
} from '../../../core/credential/secrets-engine.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import { VaultAnswer } from '../connection/vault-answer.js'
import type { VaultConnection, VaultRequest } from '../connection/vault-connection.js'
import { isVaultError } from '../connection/vault-error.js'
import type { TokenKeeper } from '../token/token-keeper.js'
import { engineRole } from './engine-path.js'

export interface VaultSecretsEngineOptions {
  readonly connection: VaultConnection
  readonly keeper: TokenKeeper
  /** Where the credentials are kept, which is no engine. */
  readonly credentialMount: string
  readonly clock: Clock
  readonly log: Log
}

/** What Vault makes by itself, with its leases: the library would drop those, so everything here reads whole answers. */
export class VaultSecretsEngine implements SecretsEngine {
  readonly #options: VaultSecretsEngineOptions
  /** When each lease that is ours ends, in milliseconds since the epoch. */
  readonly #leases = new Map<string, number>()

  constructor(options: VaultSecretsEngineOptions) {
    this.#options = options
  }

  async issue(path: string): Promise<LeasedCredential> {
    const { mount, role } = engineRole(path, ['creds'], this.#options.credentialMount)
    const answer = await this.#ask({ method: 'GET', path: `${mount}/creds/${role}` })
    const [lease, seconds] = [answer.text('lease_id'), answer.count('lease_duration')]
    this.#keep(lease, seconds)
    return { lease, seconds, renewable: answer.flag('renewable'), members: answer.part('data').members('skip') }
  }

  async renew(lease: string, seconds: number): Promise<number> {
    try {
      const body = { lease_id: lease, increment: Math.max(1, Math.ceil(seconds)) }
      const answer = await this.#ask({ method: 'POST', path: 'sys/leases/renew', body })
      const left = answer.count('lease_duration')
      if (left < 1) throw new LeaseLost('the lease has come to its end')
      this.#keep(lease, left)
      return left
    } catch (error) {
      if (!isVaultError(error, 'invalid', 'missing')) throw error
      this.#leases.delete(lease)
      throw new LeaseLost('Vault does not go on with the lease: it has ended, or cannot be renewed')
    }
  }

  async revoke(lease: string): Promise<void> {
    try {
      await this.#ask({ method: 'POST', path: 'sys/leases/revoke', body: { lease_id: lease } })
    } catch (error) {
      if (!isVaultError(error, 'invalid', 'missing')) throw error
    }
    this.#leases.delete(lease)
  }

  async readStatic(path: string): Promise<StaticCredential> {
    const { mount, role } = engineRole(path, ['static-creds'], this.#options.credentialMount)
    const data = (await this.#ask({ method: 'GET', path: `${mount}/static-creds/${role}` })).part('data')
    const { last_vault_rotation: _rotation, ...members } = data.members('skip')
    return { members, seconds: data.count('ttl') }
  }

  async rotateStatic(path: string): Promise<void> {
    const { mount, role } = engineRole(path, ['static-creds', 'rotate-role'], this.#options.credentialMount)
    await this.#ask({ method: 'POST', path: `${mount}/rotate-role/${role}` })
  }

  /** Revokes every lease that is left. Never rejects: what Vault does not revoke now ends by itself. */
  async close(): Promise<void> {
    this.#forgetEnded()
    const leases = [...this.#leases.keys()]
    const outcomes = await Promise.allSettled(leases.map((lease) => this.revoke(lease)))
    const left = outcomes.filter(({ status }) => status === 'rejected').length
    if (left > 0)
      this.#options.log.write('warn', 'leases of Vault could not be revoked, and end by themselves', { left })
  }

  #keep(lease: string, seconds: number): void {
    this.#forgetEnded()
    this.#leases.set(lease, this.#options.clock.now() + seconds * 1000)
  }

  #forgetEnded(): void {
    const now = this.#options.clock.now()
    for (const [lease, endsAt] of this.#leases) if (endsAt <= now) this.#leases.delete(lease)
  }

  async #ask(request: VaultRequest): Promise<VaultAnswer> {
    const { connection, keeper } = this.#options
    return VaultAnswer.of(await keeper.use((token) => connection.request({ ...request, token })))
  }
}

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
import type { TokenKeeper, TokenLife } from '../token/token-keeper.js'
import { engineRole } from './engine-path.js'

export interface VaultSecretsEngineOptions {
  readonly connection: VaultConnection
  readonly keeper: TokenKeeper
  /** Where the credentials are kept, which is no engine. */
  readonly credentialMount: string
  readonly clock: Clock
  readonly log: Log
}

interface KeptLease {
  /** Milliseconds since the epoch. */
  readonly endsAt: number
  /** How long it was at first, in seconds. */
  readonly whole: number
  /** Of the token that it was asked for with: when that ends, Vault revokes it, whoever renews it. */
  readonly life: TokenLife
}

/** What Vault makes by itself, with its leases: the library would drop those, so everything here reads whole answers. */
export class VaultSecretsEngine implements SecretsEngine {
  readonly #options: VaultSecretsEngineOptions
  /** Those that are ours. */
  readonly #leases = new Map<string, KeptLease>()

  constructor(options: VaultSecretsEngineOptions) {
    this.#options = options
  }

  async issue(source: string): Promise<LeasedCredential> {
    const { mount, role } = engineRole(source, ['creds'], this.#options.credentialMount)
    const path = `${mount}/creds/${role}`
    const { answer, life } = await this.#ask({ method: 'GET', path, role: path })
    const [lease, whole] = [answer.text('lease_id'), answer.count('lease_duration')]
    const seconds = this.#keep(lease, { whole, life }, whole)
    return { lease, seconds, renewable: answer.flag('renewable'), members: answer.part('data').members('skip') }
  }

  async renew(lease: string, seconds: number): Promise<number> {
    const known = this.#leases.get(lease)
    if (known !== undefined && !this.#options.keeper.goesOn(known.life)) throw endedWithToken()
    try {
      // It may have been cut short by the end of the token, which has more time now.
      const increment = Math.max(1, Math.ceil(seconds), known?.whole ?? 1)
      const body = { lease_id: lease, increment }
      const { answer, life } = await this.#ask({ method: 'POST', path: 'sys/leases/renew', role: roleOf(lease), body })
      if (known !== undefined && known.life !== life) throw endedWithToken()
      const left = this.#keep(lease, { whole: seconds, life, ...known }, answer.count('lease_duration'))
      if (left < 1) throw new LeaseLost('the lease has come to its end')
      return left
    } catch (error) {
      if (!isVaultError(error, 'invalid', 'missing')) throw error
      this.#leases.delete(lease)
      throw new LeaseLost('Vault does not go on with the lease: it has ended, or cannot be renewed')
    }
  }

  holds(lease: string): boolean {
    const known = this.#leases.get(lease)
    return known !== undefined && this.#options.clock.now() < known.endsAt && this.#options.keeper.goesOn(known.life)
  }

  async revoke(lease: string): Promise<void> {
    try {
      const body = { lease_id: lease }
      await this.#ask({ method: 'POST', path: 'sys/leases/revoke', role: roleOf(lease), body })
    } catch (error) {
      if (!isVaultError(error, 'invalid', 'missing')) throw error
    }
    this.#leases.delete(lease)
  }

  async readStatic(path: string): Promise<StaticCredential> {
    const { mount, role } = engineRole(path, ['static-creds'], this.#options.credentialMount)
    const at = `${mount}/static-creds/${role}`
    const data = (await this.#ask({ method: 'GET', path: at, role: at })).answer.part('data')
    const { last_vault_rotation: _rotation, ...members } = data.members('skip')
    return { members, seconds: data.count('ttl') }
  }

  async rotateStatic(path: string): Promise<void> {
    const { mount, role } = engineRole(path, ['static-creds', 'rotate-role'], this.#options.credentialMount)
    await this.#ask({ method: 'POST', path: `${mount}/rotate-role/${role}`, role: `${mount}/static-creds/${role}` })
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

  /** Answers with how many seconds it has: no more than the token that it was asked for with. */
  #keep(lease: string, { life, whole }: Omit<KeptLease, 'endsAt'>, given: number): number {
    this.#forgetEnded()
    const now = this.#options.clock.now()
    const endsAt = Math.min(now + given * 1000, life.expiresAt)
    this.#leases.set(lease, { endsAt, life, whole })
    return Math.max(0, Math.floor((endsAt - now) / 1000))
  }

  #forgetEnded(): void {
    const now = this.#options.clock.now()
    for (const [lease, { endsAt }] of this.#leases) if (endsAt <= now) this.#leases.delete(lease)
  }

  async #ask(request: VaultRequest): Promise<{ readonly answer: VaultAnswer; readonly life: TokenLife }> {
    const { connection, keeper } = this.#options
    return keeper.use(async (token, life) => {
      return { answer: VaultAnswer.of(await connection.request({ ...request, token })), life }
    })
  }
}

/** A lease is called after its role. */
function roleOf(lease: string): string {
  return lease.slice(0, Math.max(0, lease.lastIndexOf('/')))
}

function endedWithToken(): LeaseLost {
  return new LeaseLost('the lease ends with the token that it was asked for with')
}

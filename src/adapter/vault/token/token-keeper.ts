import type { Secret } from '../../../core/credential/secret.js'
import type { Clock } from '../../../core/runtime/clock.js'
import type { Log } from '../../../core/runtime/log.js'
import { VaultAnswer } from '../connection/vault-answer.js'
import type { VaultConnection } from '../connection/vault-connection.js'
import { isVaultError, VaultError, type VaultErrorFacts } from '../connection/vault-error.js'
import { Backoff } from './backoff.js'
import type { Timers } from './timers.js'
import { requireNoRoot, type TokenGrant } from './token-grant.js'
import type { VaultLogin } from './vault-login.js'

export interface TokenKeeperOptions {
  readonly connection: VaultConnection
  readonly login: VaultLogin
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
}

/** A token's time, which ends what was made for it, too. */
export interface TokenLife {
  /** Milliseconds since the epoch; later once the token has been renewed. */
  readonly expiresAt: number
}

interface HeldToken extends TokenLife {
  readonly grant: TokenGrant
  expiresAt: number
  /** A question to Vault that is under way. */
  alive?: Promise<boolean> | undefined
}

const longestWaitSeconds = 86_400

/** Keeps one good token of Vault: logs in once for however many ask, renews at two thirds of its time, and logs in anew where that ends. */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions
  readonly #backoff: Backoff
  #held: HeldToken | undefined
  #login: Promise<HeldToken> | undefined
  #callOff: () => void = () => undefined
  #closed = false

  constructor(options: TokenKeeperOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.clock)
  }

  /**
   * What `ask` answers with. Where Vault forbids it because the token is none any more, it is asked a second time with a new one.
   * Throws `VaultError`.
   */
  async use<Result>(ask: (token: string, life: TokenLife) => Promise<Result>): Promise<Result> {
    const held = await this.#current()
    try {
      return await ask(held.grant.token.reveal(), held)
    } catch (error) {
      // A policy says no as often as it is asked, and a login for that would use up a secret id.
      if (!isVaultError(error, 'forbidden') || (await this.#isAlive(held))) throw error
    }
    const next = await this.#current()
    return await ask(next.grant.token.reveal(), next)
  }

  /** Whether it is that of the token that is used now: not after another login, and not when its time is over. */
  goesOn(life: TokenLife): boolean {
    return this.#held === life && this.#isGood(this.#held)
  }

  /** The token that there is, or that a login gives. Throws `VaultError`. */
  async grant(): Promise<TokenGrant> {
    return (await this.#current()).grant
  }

  /** Revokes the token where it was made for us, and with it whatever Vault has made for it. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#login?.catch(() => undefined)
    const held = this.#held
    this.#drop()
    if (held !== undefined && this.#isGood(held)) await this.#giveBack(held.grant.token)
  }

  async #current(): Promise<HeldToken> {
    if (this.#held !== undefined && this.#isGood(this.#held)) return this.#held
    return await this.#logIn()
  }

  #isGood({ expiresAt }: HeldToken): boolean {
    return this.#options.clock.now() < expiresAt
  }

  #logIn(): Promise<HeldToken> {
    this.#login ??= this.#tryLogin().finally(() => (this.#login = undefined))
    return this.#login
  }

  async #tryLogin(): Promise<HeldToken> {
    if (this.#closed) throw new VaultError({ kind: 'closed' }, 'this server is stopping and asks Vault no more')
    this.#backoff.requireOpen()
    const { connection, log, login } = this.#options
    try {
      const grant = await login.login(connection)
      await this.#requireBounded(grant)
      if (this.#backoff.succeed()) log.write('info', 'Vault lets this server log in again', { login: login.name })
      return this.#hold(grant)
    } catch (error) {
      throw this.#recorded(error)
    }
  }

  async #requireBounded(grant: TokenGrant): Promise<void> {
    try {
      requireNoRoot(grant)
    } catch (error) {
      await this.#giveBack(grant.token)
      throw error
    }
  }

  /** A login that is refused is refused again, and may be counted: the next one waits. */
  #recorded(error: unknown): unknown {
    const { log, login } = this.#options
    if (!isVaultError(error, 'invalid', 'forbidden', 'missing', 'misconfigured', 'root-token')) return error
    const refusal =
      error.status === undefined
        ? error
        : new VaultError(refusalOf(error), `Vault refuses the login of this server (${login.name}): ${login.advice}`)
    const seconds = this.#backoff.fail(refusal)
    log.write('error', refusal.message, { login: login.name, status: refusal.status, nextLoginInSeconds: seconds })
    return refusal
  }

  #hold(grant: TokenGrant): HeldToken {
    const milliseconds = grant.seconds === 0 ? Number.POSITIVE_INFINITY : grant.seconds * 1000
    const held: HeldToken = { grant, expiresAt: this.#options.clock.now() + milliseconds }
    this.#held = held
    this.#refreshAfter(held, (grant.seconds * 2) / 3)
    return held
  }

  #drop(): void {
    this.#held = undefined
    this.#callOff()
  }

  #refreshAfter(held: HeldToken, seconds: number): void {
    this.#callOff()
    if (held.grant.seconds === 0 || this.#closed) return
    const wait = Math.min(Math.max(seconds, 1), longestWaitSeconds)
    this.#callOff = this.#options.timers.after(wait, () => void this.#refresh(held))
  }

  /** Never rejects. While the old token is good, calls go on with it, whatever becomes of this. */
  async #refresh(held: HeldToken): Promise<void> {
    if (this.#closed || this.#held !== held) return
    try {
      if (!held.grant.renewable || !(await this.#renew(held))) await this.#logIn()
    } catch {
      if (this.#held !== held) return
      const left = (held.expiresAt - this.#options.clock.now()) / 1000
      if (left > 0) this.#refreshAfter(held, left / 3)
    }
  }

  /** Whether the token has its full time again. Towards the longest that it may live, Vault gives less and less. */
  async #renew(held: HeldToken): Promise<boolean> {
    const { clock, connection } = this.#options
    const { seconds: whole, token } = held.grant
    try {
      const renewed = await connection.call((library) => library.renewSelfToken(token.reveal(), `${whole}s`))
      const seconds = VaultAnswer.of(renewed).count('lease_duration')
      held.expiresAt = clock.now() + seconds * 1000
      if (seconds < whole / 2) return false
      this.#refreshAfter(held, (seconds * 2) / 3)
      return true
    } catch (error) {
      if (isVaultError(error, 'invalid', 'forbidden', 'missing')) return false
      throw error
    }
  }

  async #isAlive(held: HeldToken): Promise<boolean> {
    if (this.#held !== held) return false
    held.alive ??= this.#lookUp(held).finally(() => (held.alive = undefined))
    return await held.alive
  }

  async #lookUp(held: HeldToken): Promise<boolean> {
    const { token } = held.grant
    try {
      await this.#options.connection.call((library) => library.lookupSelfToken(token.reveal()))
      return true
    } catch (error) {
      if (!isVaultError(error, 'forbidden')) throw error
      // At once, so that whoever is refused a moment later does not ask again.
      if (this.#held === held) this.#drop()
      return false
    }
  }

  async #giveBack(token: Secret): Promise<void> {
    const { connection, log, login } = this.#options
    if (login.owner !== 'us') return
    try {
      await connection.call((library) => library.revokeSelfToken(token.reveal()))
    } catch (error) {
      const reason = error instanceof VaultError ? error.kind : 'unknown'
      log.write('warn', 'the token for Vault could not be revoked, and ends by itself', { reason })
    }
  }
}

/** That there is no such way to log in does not say that there is nothing where somebody looks. */
function refusalOf({ kind, status }: VaultError): VaultErrorFacts {
  return { kind: kind === 'missing' ? 'forbidden' : kind, status }
}

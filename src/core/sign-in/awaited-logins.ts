import type { BrowserVisit } from './login-flow.js'
import type { LoginFailure } from './login-failure.js'
import type { LoginKeys } from './login-keys.js'
import type { LoginRecords } from './login-records.js'
import type { LoginStore, StoredLogin } from './login-store.js'

export interface AwaitedLoginsPorts {
  readonly logins: Pick<LoginStore, 'findByState'>
  readonly keys: LoginKeys
  readonly records: LoginRecords
}

/** Which authorization requests of ours a user has asked for. */
export class AwaitedLogins {
  readonly #ports: AwaitedLoginsPorts

  constructor(ports: AwaitedLoginsPorts) {
    this.#ports = ports
  }

  /**
   * Whether this browser has confirmed the sign-in that `state` belongs to, and has not come back yet: only then was anybody
   * asked. What is not awaited is on record. Throws `UpstreamError`.
   */
  async isAwaited(state: string | undefined, visit: BrowserVisit): Promise<boolean> {
    const { keys, logins, records } = this.#ports
    const login = state === undefined ? undefined : await logins.findByState(keys.ofState(state))
    const reason = this.#reasonAgainst(login, visit)
    if (reason === undefined) return true
    records.failed(login?.transaction.id ?? 'authorization', reason, visit)
    return false
  }

  #reasonAgainst(login: StoredLogin | undefined, { browser }: BrowserVisit): LoginFailure | undefined {
    if (login === undefined) return 'ERR_LOGIN_UNKNOWN'
    const { transaction } = login
    if (transaction.phase === 'started') return 'ERR_LOGIN_BROWSER'
    if (!this.#ports.keys.isBrowserOf(transaction.browser, browser)) return 'ERR_LOGIN_BROWSER'
    return transaction.phase === 'confirmed' ? undefined : 'ERR_LOGIN_REPLAYED'
  }
}

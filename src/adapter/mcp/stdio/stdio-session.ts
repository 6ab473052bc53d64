import { randomBytes } from 'node:crypto'
import type { ElicitRequestFormParams, ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { Caller } from '../../../core/identity/caller.js'
import type { Tenant } from '../../../core/identity/tenant.js'
import type { Visitor } from '../../../core/operation/access.js'
import type { CallLogLevel } from '../../../core/operation/call-channel.js'
import type { Authenticator } from '../../../core/operation/authenticator.js'
import type { Log } from '../../../core/runtime/log.js'
import type { LoginSession } from '../../../core/sign-in/login-session.js'
import type { SignInReference } from '../../../core/sign-in/sign-in-store.js'
import { ClientSession } from '../legacy/client-session.js'
import type { Asking } from '../legacy/questions.js'

/** Where the sign-in of an application is kept between processes. */
export interface SignInKeeper {
  /** The one that was kept last; `undefined` for none, and for one that cannot be read. Throws `UpstreamError`. */
  load(): Promise<SignInReference | undefined>
  /** Keeps a sign-in by its own id, or forgets it. */
  keep(signIn: SignInReference | undefined, secret: string | undefined): Promise<void>
}

export interface StdioSessionParts {
  readonly server: Server
  readonly authenticator: Pick<Authenticator, 'recognize'>
  readonly keeper: SignInKeeper
  /** Hears that the session was bound to another sign-in, or to none. */
  readonly onBound: () => Promise<void>
  readonly log: Log
}

/** The one client of this process, and the sign-in that it has. */
export class StdioSession extends ClientSession {
  readonly #parts: StdioSessionParts
  /** Known to nobody outside: what is started here can be finished here only. */
  readonly #key = randomBytes(32).toString('base64url')
  #signIn: SignInReference | undefined
  /** Who was recognized last: this client never becomes somebody else by what another process does. */
  #was: Caller | undefined
  #isSignedOut = false
  #logLevel: CallLogLevel | undefined

  constructor(parts: StdioSessionParts) {
    super(parts.server)
    this.#parts = parts
  }

  override get logLevel(): CallLogLevel | undefined {
    return this.#logLevel
  }

  /** For as long as the process lives, as the session does. */
  override async setLogLevel(level: CallLogLevel): Promise<void> {
    this.#logLevel = level
  }

  override ask(form: ElicitRequestFormParams, { requestId, signal, timeout }: Asking): Promise<ElicitResult> {
    return this.server.elicitInput(form, { relatedRequestId: requestId, signal, timeout })
  }

  protected override get listens(): boolean {
    return true
  }

  /** Whose grants decide what the client sees: of one tenant at most. */
  get tenants(): readonly Tenant[] {
    return this.#signIn === undefined ? [] : [this.#signIn.tenant]
  }

  /** Who asks now: who is signed in, and this session for the tools that sign it in. Throws `UpstreamError`. */
  async visitor(used: 'used' | 'unused'): Promise<Visitor> {
    const caller = await this.#caller(used)
    return { caller, login: this.#loginOf(caller) }
  }

  /** The same without knowing who asks. */
  nobody(): Visitor {
    return { caller: undefined, login: this.#loginOf(undefined) }
  }

  /**
   * Read anew each time. A sign-in of another process of the same application counts here too: for a client that has not signed
   * in or out by itself, and then for whoever it was before.
   */
  async #caller(used: 'used' | 'unused'): Promise<Caller | undefined> {
    const { authenticator, keeper } = this.#parts
    const known = this.#signIn
    const caller = known === undefined ? undefined : await authenticator.recognize(known, used)
    if (caller !== undefined) {
      this.#was = caller
      return caller
    }
    if (this.#isSignedOut) return undefined
    const kept = await keeper.load()
    if (kept === undefined || kept.key === known?.key) return undefined
    const other = await authenticator.recognize(kept, used)
    // Bound to another one meanwhile: that one counts.
    if (this.#signIn !== known) return this.#caller(used)
    if (other === undefined || (this.#was !== undefined && !isSameUser(this.#was, other))) return undefined
    this.#signIn = kept
    this.#was = other
    return other
  }

  #loginOf(caller: Caller | undefined): LoginSession {
    const client = this.server.getClientVersion()
    const signIn = (): SignInReference | undefined => this.#signIn
    return {
      key: this.#key,
      requester: { clientName: client?.name, clientVersion: client?.version, address: undefined, transport: 'stdio' },
      get signIn() {
        return signIn()
      },
      caller,
      bind: (reference, secret) => this.#bind(reference, secret),
    }
  }

  async #bind(signIn: SignInReference | undefined, secret: string | undefined): Promise<boolean> {
    this.#signIn = signIn
    this.#was = undefined
    this.#isSignedOut = signIn === undefined
    try {
      await this.#parts.keeper.keep(signIn, secret)
    } catch (error) {
      this.#parts.log.write('warn', 'the sign-in could not be kept for the next start', { error })
    }
    await this.#parts.onBound()
    return true
  }
}

function isSameUser(one: Caller, other: Caller): boolean {
  return one.tenant.id === other.tenant.id && one.issuer === other.issuer && one.user.subject === other.user.subject
}

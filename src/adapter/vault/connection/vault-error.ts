import { UpstreamError } from '../../../core/error/upstream-error.js'

/** An answer of Vault that is a no. */
type Refusal = 'conflict' | 'forbidden' | 'invalid' | 'missing'

/** No answer, or none that can be used. */
type Silence =
  | 'failed'
  | 'malformed'
  | 'redirect'
  | 'sealed'
  | 'standby'
  | 'timeout'
  | 'too-large'
  | 'unreachable'
  /** Its certificate is not one that we trust. */
  | 'untrusted'

/** What an operator has to change before anything can work. */
type Misuse = 'closed' | 'misconfigured' | 'root-token'

export type VaultErrorKind = Refusal | Silence | Misuse

const answers: ReadonlySet<VaultErrorKind> = new Set<Refusal | 'too-large'>([
  ...(['conflict', 'forbidden', 'invalid', 'missing', 'too-large'] as const),
])
const passing: ReadonlySet<VaultErrorKind> = new Set<Silence | 'closed'>([
  ...(['failed', 'redirect', 'sealed', 'standby', 'timeout', 'unreachable', 'closed'] as const),
])

export interface VaultErrorFacts {
  readonly kind: VaultErrorKind
  /** Of the answer, where there was one. */
  readonly status?: number | undefined
}

/** Vault did not do what it was asked. Neither what was sent nor what came back is part of it. */
export class VaultError extends UpstreamError {
  readonly kind: VaultErrorKind
  readonly status: number | undefined

  constructor({ kind, status }: VaultErrorFacts, message: string) {
    super('SECRETS_UNAVAILABLE', message, { mend: passing.has(kind) ? 'time' : 'administrator' })
    this.kind = kind
    this.status = status
  }

  /** Whether Vault has answered, if not as it was wished: it is well, and asking again changes nothing. */
  get answered(): boolean {
    return answers.has(this.kind)
  }

  /** Whether the same request can be expected to work a little later, without anybody doing something about it here. */
  get transient(): boolean {
    return passing.has(this.kind)
  }
}

/** Whether `error` is one of Vault of that kind. */
export function isVaultError(error: unknown, ...kinds: readonly VaultErrorKind[]): error is VaultError {
  return error instanceof VaultError && kinds.includes(error.kind)
}

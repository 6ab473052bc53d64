/** What a leak test looks at, in this order. */
export const leakChecks = ['answers', 'sessions', 'hidden-tools', 'tenants', 'caching'] as const

export type LeakCheck = (typeof leakChecks)[number]

/** Something that one caller got, or could have got, and that is another's. No token and no session id is ever in it. */
export interface Leak {
  readonly check: LeakCheck
  /** Who sent the request. */
  readonly caller: string
  readonly message: string
  /** What was sent when it was seen first. */
  readonly sent: string
  readonly seen: string
  /** How often it was seen. */
  readonly times: number
}

export interface CheckResult {
  readonly check: LeakCheck
  /** `skipped` where the server has nothing to look at, which `summary` says. */
  readonly outcome: 'passed' | 'leaking' | 'skipped'
  readonly summary: string
}

export interface LeakReport {
  readonly url: string
  readonly callers: readonly string[]
  /** How many requests were sent. */
  readonly requests: number
  readonly checks: readonly CheckResult[]
  /** Empty where nothing was found. */
  readonly leaks: readonly Leak[]
  /** What was not looked at, and how it could be. */
  readonly notes: readonly string[]
}

/** What one check has to say. */
export interface Findings {
  readonly summary: string
  readonly leaks: readonly FoundLeak[]
  readonly skipped?: true
  readonly notes?: readonly string[]
}

export type FoundLeak = Omit<Leak, 'check' | 'times'>

/** Results of one check; what was found several times is told once. */
export function concludeCheck(
  check: LeakCheck,
  { leaks, skipped, summary }: Findings,
): { readonly result: CheckResult; readonly leaks: readonly Leak[] } {
  const distinct = new Map<string, Leak>()
  for (const leak of leaks) {
    const key = `${leak.caller}\n${leak.message}`
    const known = distinct.get(key)
    distinct.set(key, { ...(known ?? { check, ...leak }), times: (known?.times ?? 0) + 1 })
  }
  const outcome = leaks.length > 0 ? 'leaking' : skipped === true ? 'skipped' : 'passed'
  return { result: { check, outcome, summary }, leaks: [...distinct.values()] }
}

import { patternsOf } from './leak-scan.js'

const rememberedMilliseconds = 60_000
const mostSecrets = 200

interface Noted {
  readonly patterns: readonly string[]
  /** By `performance.now()`. */
  until: number
}

/**
 * What was handed out to operations a short while ago, of any tenant: an operation may have kept it, and a later call show it to
 * somebody else. No longer than credentials are in memory anyhow, and so many at most.
 */
export class SecretsInUse {
  readonly #noted = new Map<string, Noted>()

  /** Notes that operations have these texts. */
  note(texts: readonly string[]): void {
    this.#forget()
    const until = performance.now() + rememberedMilliseconds
    for (const text of texts) {
      const patterns = this.#noted.get(text)?.patterns ?? patternsOf(text)
      this.#noted.delete(text)
      this.#noted.set(text, { patterns, until })
    }
    for (const oldest of this.#noted.keys()) {
      if (this.#noted.size <= mostSecrets) break
      this.#noted.delete(oldest)
    }
  }

  /** What would give away anything that is noted. */
  patterns(): readonly string[] {
    this.#forget()
    return [...this.#noted.values()].flatMap(({ patterns }) => patterns)
  }

  #forget(): void {
    const now = performance.now()
    for (const [text, { until }] of this.#noted) if (until < now) this.#noted.delete(text)
  }
}

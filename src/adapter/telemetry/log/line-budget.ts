import { scrubText } from './scrub-text.js'

const mostValues = 200
const mostCharacters = 32_768

/** What one line may still take, however many things hang on it. */
export class LineBudget {
  #values = mostValues
  #characters = mostCharacters

  /** Whether there is room for one more value. */
  take(): boolean {
    this.#values -= 1
    return this.#values >= 0 && this.#characters > 0
  }

  /** Text that is public, however random it looks, and no longer than it may be. */
  plain(text: string): string {
    this.#characters -= text.length
    return text
  }

  /** Text that may be shown, as much of it as there is room for and `longest` characters at most. */
  text(text: string, longest: number): string {
    if (this.#characters <= 0) return '…'
    const scrubbed = scrubText(text, Math.min(longest, this.#characters))
    this.#characters -= scrubbed.length
    return scrubbed
  }
}

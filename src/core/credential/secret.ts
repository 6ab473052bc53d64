const shown = '[redacted]'

/**
 * A text that must not be seen. Whatever prints, logs or serializes it shows `[redacted]`; only `reveal` gives the text. Used where a
 * text is wanted, as in a template, it throws `TypeError`, so that nobody sends `[redacted]` to a service by mistake.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself. What it becomes part of is a secret from here on. */
  reveal(): string {
    return this.#text
  }

  toJSON(): string {
    return shown
  }

  /** Always throws `TypeError`: a template or a concatenation would carry the word `[redacted]`, not the secret. */
  [Symbol.toPrimitive](): never {
    throw new TypeError(
      'a Secret is not put into a text by itself: call reveal() where the service needs it, or services.fetch, which adds it for you',
    )
  }

  /** Always throws `TypeError`, as in a template. */
  toString(): never {
    return this[Symbol.toPrimitive]()
  }

  /** What `console.log` and assertions print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Secret ${shown}`
  }
}

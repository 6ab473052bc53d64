const word = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
const mostWords = 64

/** The words that a label has taken so far; beyond so many, and for what is no word, it is `other`. A last bound: words are ours anyway. */
export class BoundedLabel {
  readonly #words = new Set<string>()

  of(text: string): string {
    if (this.#words.has(text)) return text
    if (this.#words.size >= mostWords || !word.test(text)) return 'other'
    this.#words.add(text)
    return text
  }
}

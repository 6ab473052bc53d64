/** Markup that is safe to send: every value that went into it was escaped. Only `html` makes it. */
export class Html {
  readonly #markup: string

  constructor(strings: TemplateStringsArray, values: readonly HtmlValue[]) {
    this.#markup = strings.reduce((markup, text, index) => `${markup}${render(values[index - 1])}${text}`)
  }

  toString(): string {
    return this.#markup
  }
}

export type HtmlValue = string | number | undefined | Html | readonly Html[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/** Template tag for markup: escapes strings and numbers for element content and quoted attributes, keeps `Html` as it is. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings, values)
}

function render(value: HtmlValue): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'string') return escape(value)
  if (typeof value === 'number') return String(value)
  return value.map(String).join('')
}

function escape(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => entities[character] ?? '')
}

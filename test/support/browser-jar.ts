interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

/** What a window of the scripted browser shows. `left` is where the last answer sent it, outside the server's origin. */
export interface Shown {
  readonly status: number
  readonly url: string
  readonly html: string
  readonly headers: Headers
  readonly left: URL | undefined
}

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Replaces fields of the page's own form; `undefined` leaves one out. */
  readonly fields?: Readonly<Record<string, string | undefined>>
}

const mostHops = 12

/** A browser without a screen: keeps cookies by path, follows redirects and `meta refresh` inside one origin, posts forms. */
export class BrowserJar {
  /** Every answer it ever got. */
  readonly answers: { readonly url: string; readonly status: number; readonly headers: Headers }[] = []
  readonly #fetch: typeof fetch
  #cookies: readonly Cookie[] = []

  /** `ask` stands for the network, where the public name of a server leads nowhere. */
  constructor(ask: typeof fetch = fetch) {
    this.#fetch = ask
  }

  get cookies(): readonly Cookie[] {
    return this.#cookies
  }

  /** Takes over a cookie from somebody else, as a tossed or stolen one. */
  plant(cookie: Cookie): void {
    this.#cookies = [...this.#cookies, cookie]
  }

  /** Forgets the cookies whose name contains `part`. */
  forget(part: string): void {
    this.#cookies = this.#cookies.filter(({ name }) => !name.includes(part))
  }

  open(url: string | URL, headers: Readonly<Record<string, string>> = {}): Promise<Shown> {
    return this.#travel(String(url), { headers })
  }

  /** Presses the button `action` of the form on `shown`, with the form's own fields and those given. */
  press(shown: Shown, action: string, options: PostOptions = {}): Promise<Shown> {
    const fields = { ...hiddenFields(shown.html), action, ...options.fields }
    const body = new URLSearchParams()
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) body.set(name, value)
    return this.post(shown.url, body.toString(), options.headers)
  }

  post(url: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Shown> {
    const form = {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
      origin: 'null',
    }
    return this.#travel(url, { method: 'POST', body, headers: { ...form, ...headers } })
  }

  async #travel(start: string, init: RequestInit): Promise<Shown> {
    let url = start
    let request = init
    for (let hop = 0; hop < mostHops; hop += 1) {
      const response = await this.#fetch(url, {
        ...request,
        redirect: 'manual',
        headers: this.#headers(url, request.headers),
      })
      this.#keep(new URL(url), response.headers)
      this.answers.push({ url, status: response.status, headers: response.headers })
      const html = await response.text()
      const target = nextOf(response, html)
      const shown = { status: response.status, url, html, headers: response.headers, left: undefined }
      if (target === undefined) return shown
      const next = new URL(target, url)
      if (next.origin !== new URL(start).origin) return { ...shown, left: next }
      url = next.href
      request = { headers: { accept: 'text/html' } }
    }
    throw new Error('the server sends this browser in circles')
  }

  #headers(url: string, given: RequestInit['headers']): Headers {
    const headers = new Headers(given)
    if (!headers.has('accept')) headers.set('accept', 'text/html,application/xhtml+xml')
    const { pathname } = new URL(url)
    const sent = this.#cookies.filter(({ path }) => pathname === path || pathname.startsWith(path.replace(/\/?$/, '/')))
    if (sent.length > 0) headers.set('cookie', sent.map(({ name, value }) => `${name}=${value}`).join('; '))
    return headers
  }

  #keep(url: URL, headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const name = pair.slice(0, pair.indexOf('='))
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? url.pathname
      const gone = attributes.some((attribute) => /^expires=Thu, 01 Jan 1970/i.test(attribute))
      const others = this.#cookies.filter((cookie) => cookie.name !== name || cookie.path !== path)
      this.#cookies = gone ? others : [...others, { name, path, value: pair.slice(pair.indexOf('=') + 1) }]
    }
  }
}

/** The hidden fields of the form on a page, as a browser would send them. */
export function hiddenFields(html: string): Readonly<Record<string, string>> {
  const inputs = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, decodeEntities(value)]))
}

function nextOf(response: Response, html: string): string | undefined {
  const location = response.headers.get('location')
  if (location !== null) return location
  const [, refresh] = /<meta http-equiv="refresh" content="0;url=([^"]+)"/.exec(html) ?? []
  return refresh === undefined ? undefined : decodeEntities(refresh)
}

function decodeEntities(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

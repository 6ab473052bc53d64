import { BrowserJar, type Shown } from './browser-jar.js'
import { until } from './until.js'

const patience = 30_000

/** A user with a scripted browser who signs in and allows whatever is asked, and takes the answer to the program that waits for it. */
export class HeadlessUser {
  readonly jar = new BrowserJar()
  readonly #signIn: (jar: BrowserJar, url: URL) => Promise<Shown>

  /** `signIn` opens a page and signs in where that is asked. */
  constructor(signIn: (jar: BrowserJar, url: URL) => Promise<Shown>) {
    this.#signIn = signIn
  }

  /** Decides, and brings the answer to where it belongs: some programs listen for it only after they have opened the browser. */
  async answer(url: string): Promise<void> {
    const asked = await this.#signIn(this.jar, new URL(url))
    const { html, left } = asked.left === undefined ? await this.jar.press(asked, 'allow') : asked
    if (left === undefined) throw new TypeError(`the sign-in leads nowhere: ${html}`)
    await until(async () => {
      const response = await fetch(left).catch(() => undefined)
      await response?.body?.cancel()
      return response?.ok === true
    }, patience)
  }
}

import type { BrowserContext, Page } from 'playwright-core'
import type { TemporaryHome } from './server-process.js'

export interface Person {
  readonly email: string
  readonly password: string
  readonly tenant: string
}

export const heading = {
  confirm: 'Did you ask to sign in?',
  confirmed: 'Go on signing in',
  signIn: 'Sign in',
  code: 'Give this code to your assistant',
  signedIn: 'You are signed in',
  cancelled: 'Sign-in cancelled',
  failed: 'Sign-in failed',
  exhausted: 'Too many wrong codes',
  signedOut: 'Signed out',
  elsewhere: 'Opened in another browser',
  expired: 'Link expired',
  stopped: 'Sign-in stopped',
  replayed: 'Already done',
} as const

/** One of the accounts that a development server has made. */
export async function personOf(home: TemporaryHome, email: string): Promise<Person> {
  const person = (await home.accounts()).find((account) => account.email === email)
  if (person === undefined) throw new TypeError(`there is no account ${email}`)
  return person
}

/** A window of a user's browser on the pages of a sign-in. */
export class SignInWindow {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** A new window of this browser at `url`. */
  static async open(jar: BrowserContext, url: string): Promise<SignInWindow> {
    const window = new SignInWindow(await jar.newPage())
    await window.page.goto(url)
    return window
  }

  /** What the page says, as people read it. */
  text(): Promise<string> {
    return this.page.locator('main').innerText()
  }

  /** The facts that the page lists, by their names. */
  async facts(): Promise<Readonly<Record<string, string>>> {
    const names = await this.page.locator('dt').allInnerTexts()
    const values = await this.page.locator('dd').allInnerTexts()
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
  }

  /** Waits until the page has this heading. */
  async reach(title: string): Promise<void> {
    await this.page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor()
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button, exact: true }).click()
  }

  /** From the page that asks for confirmation to the provider's form. */
  async confirm(button: 'Continue' | 'Use another account' = 'Continue'): Promise<void> {
    await this.press(button)
    await this.reach(heading.signIn)
  }

  /** Fills in the provider's form and sends it. */
  async signIn({ email, password, tenant }: Person): Promise<void> {
    await this.page.getByLabel('Organisation').selectOption(tenant)
    await this.page.getByLabel('E-mail address').fill(email)
    await this.page.getByLabel('Password').fill(password)
    await this.press('Sign in')
  }

  /** The one-time code on the page that shows it. */
  async code(): Promise<string> {
    await this.reach(heading.code)
    return this.page.locator('.one-time-code').innerText()
  }

  /** The whole way from the page that asks for confirmation to the code. */
  async complete(person: Person): Promise<string> {
    await this.confirm()
    await this.signIn(person)
    return this.code()
  }
}

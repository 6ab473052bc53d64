import axe from 'axe-core'
import type { BrowserContext, Page } from 'playwright-core'

interface AxeViolation {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[]
}

interface Focused {
  readonly control: string
  readonly name: string
  readonly outline: string
}

// Expressions for the page, as text: the tests know no types of a browser.
const describeControl = `(element) => element.tagName.toLowerCase() + ' ' + (element.id || element.value || element.href)`
const controls = `[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')].map(${describeControl})`
const focused = `(() => {
  const element = document.activeElement
  const name = element.labels?.[0] ?? element
  return {
    control: (${describeControl})(element),
    name: name.checkVisibility() ? name.innerText.trim() : '',
    outline: getComputedStyle(element).outlineStyle + ' ' + getComputedStyle(element).outlineWidth,
  }
})()`
const active = `[...document.querySelectorAll('*')].flatMap((element) => [
  ...(/^(script|style|iframe|object|embed)$/i.test(element.tagName) ? [element.tagName] : []),
  ...element.getAttributeNames().filter((name) => name === 'style' || name.startsWith('on')),
])`

/** Notices everything that the pages of a browser complain about. */
export class PageComplaints {
  readonly #messages: { readonly text: string; readonly url: string }[] = []
  readonly #refusals = new Set<string>()

  private constructor() {}

  static async of(jar: BrowserContext): Promise<PageComplaints> {
    const complaints = new PageComplaints()
    await jar.addInitScript({
      content: `addEventListener('securitypolicyviolation', (event) => console.error('CSP ' + event.violatedDirective))`,
    })
    jar.on('weberror', (error) => complaints.#messages.push({ text: error.error().message, url: '' }))
    jar.on('console', (message) => complaints.#messages.push({ text: message.text(), url: message.location().url }))
    jar.on('response', (response) => {
      if (response.request().isNavigationRequest() && response.status() >= 400) complaints.#refusals.add(response.url())
    })
    return complaints
  }

  /** All so far. That a page refuses by its status is no fault of the page. */
  get all(): readonly string[] {
    const isRefusal = ({ text, url }: { readonly text: string; readonly url: string }): boolean =>
      text.startsWith('Failed to load resource') && this.#refusals.has(url)
    return this.#messages.filter((message) => !isRefusal(message)).map(({ text, url }) => `${text} ${url}`)
  }
}

/** What is wrong with the markup of a page, whatever its size and theme. */
export async function markupFaults(page: Page): Promise<readonly string[]> {
  return (await page.evaluate<readonly string[]>(active)).map((found) => `inline: ${found}`)
}

/** Whether a page has to be moved sideways to be read. */
export async function widthFaults(page: Page): Promise<readonly string[]> {
  const [content, window] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]')
  return content > window ? [`too wide: ${content} of ${window}`] : []
}

/** What is wrong with a page as it is shown now: too wide, or against the rules of axe-core. */
export async function layoutFaults(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(axe.source)
  const violations = await page.evaluate<readonly AxeViolation[]>(
    `axe.run(document, { resultTypes: ['violations'], preload: false }).then((found) => found.violations)`,
  )
  const against = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary ?? ''}`),
  )
  return [...(await widthFaults(page)), ...against]
}

/** What is wrong with the way through a page by keyboard: each control has its turn, says what it is for and shows that it is its turn. */
export async function keyboardFaults(page: Page): Promise<readonly string[]> {
  const expected = await page.evaluate<readonly string[]>(controls)
  const faults: string[] = []
  const reached: string[] = []
  for (const _control of expected) {
    await page.keyboard.press('Tab')
    const { control, name, outline } = await page.evaluate<Focused>(focused)
    if (control.startsWith('body ')) break
    reached.push(control)
    if (name === '') faults.push(`${control} has no visible name`)
    if (/^none|^\S+ 0px$/.test(outline)) faults.push(`${control} does not show that it has the focus`)
  }
  if (reached.join() !== expected.join()) faults.push(`Tab reaches ${reached.join()} of ${expected.join()}`)
  return faults
}

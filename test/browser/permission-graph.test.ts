import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { pictureOf, type Picture, type PicturedItem } from '../../src/service/permission-graph/picture.js'
import { renderPage } from '../../src/service/permission-graph/render-page.js'
import { renderSvg } from '../../src/service/permission-graph/render-svg.js'
import { launchChromium, openJar, type JarOptions } from '../support/browser.js'
import { layoutFaults, PageComplaints, widthFaults } from '../support/page-faults.js'
import { company, hostile, hostileNames, quickstart } from '../unit/permission-graph/graph-samples.js'

const screenshots = '.artifacts/screenshots'
const transition = 200

/** What is connected with these nodes, before and after them. */
function connected({ edges }: Picture, ...start: readonly string[]): readonly string[] {
  const reach = (next: (id: string) => readonly string[]): Set<string> => {
    const reached = new Set(start)
    for (const id of reached) for (const other of next(id)) reached.add(other)
    return reached
  }
  const before = reach((id) => edges.flatMap(({ from, to }) => (to === id ? [from] : [])))
  const after = reach((id) => edges.flatMap(({ from, to }) => (from === id ? [to] : [])))
  return [...new Set([...before, ...after])].toSorted()
}

describe('the page of a permission graph', () => {
  let browser: Browser
  let folder: string
  let jar: BrowserContext
  let complaints: PageComplaints[] = []

  beforeAll(async () => {
    await mkdir(screenshots, { recursive: true })
    folder = await mkdtemp(join(tmpdir(), 'permission-graph-'))
    browser = await launchChromium()
  })
  afterEach(async () => {
    await jar.close()
    expect(complaints.flatMap(({ all }) => all)).toEqual([])
    complaints = []
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const openFile = async (name: string, content: string, options: JarOptions = {}): Promise<Page> => {
    const file = join(folder, name)
    await writeFile(file, content)
    jar = await openJar(browser, options)
    complaints.push(await PageComplaints.of(jar))
    const page = await jar.newPage()
    await page.goto(pathToFileURL(file).href)
    return page
  }
  const openPage = (items: readonly PicturedItem[], title: string, options?: JarOptions): Promise<Page> =>
    openFile(`${title}.html`, renderPage(pictureOf({ items }, title)), options)

  const lit = (page: Page): Promise<readonly string[]> =>
    page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('.dimmed .node.lit')].map((node) => node.dataset.node).sort()`,
    )
  const litEdges = (page: Page): Promise<readonly string[]> =>
    page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('.dimmed .edge.lit')].map(({ dataset }) => dataset.from + ' ' + dataset.to)`,
    )
  const rows = (page: Page): Promise<readonly string[]> =>
    page.evaluate<readonly string[]>(
      `[...document.querySelectorAll('tbody tr')].filter((row) => !row.hidden).map((row) => row.querySelector('code').textContent)`,
    )
  const focusedNode = (page: Page): Promise<string> =>
    page.evaluate<string>(`document.activeElement.getAttribute('aria-description') ?? document.activeElement.id`)
  const idOf = ({ grants, requirements, operations }: Picture, label: string): string =>
    [...grants, ...requirements, ...operations].find((node) => node.label === label)?.id ?? label
  const press = async (page: Page, ...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key)
  }

  it.each(['light', 'dark'] as const)('is readable and usable by everybody: %s', async (theme) => {
    const faults: string[] = []
    for (const [name, items] of Object.entries({ quickstart, company })) {
      for (const width of [1280, 360]) {
        const page = await openPage(items, name, { theme, width })
        const shot = join(screenshots, `permission-graph-${name}-${theme}-${width}`)
        await page.screenshot({ path: `${shot}.png` })
        await page.locator('summary').click()
        faults.push(...(await layoutFaults(page)))
        await page.getByLabel('Find a grant, a policy or an operation').fill('admin')
        await page.waitForTimeout(transition)
        await page.screenshot({ path: `${shot}-found.png` })
        faults.push(...(await widthFaults(page)))
        await page.getByRole('button', { name: 'Fit' }).click()
        faults.push(...(await widthFaults(page)))
        await jar.close()
      }
    }
    expect(faults).toEqual([])
  })

  it('lights what a node is connected with, and nothing else, until Escape', async () => {
    const picture = pictureOf({ items: company }, 'Company')
    const page = await openPage(company, 'Company')
    for (const label of ['manager', 'payroll_run', 'every authenticated user', 'OwnInvoices']) {
      const id = idOf(picture, label)
      await page.locator(`[data-node="${id}"]`).click()
      await page.mouse.move(0, 0)
      const expected = connected(picture, id)
      expect(await lit(page)).toEqual(expected)
      const within = new Set(expected)
      const inside = picture.edges.filter(({ from, to }) => within.has(from) && within.has(to))
      expect((await litEdges(page)).toSorted()).toEqual(inside.map(({ from, to }) => `${from} ${to}`).toSorted())
      expect(await rows(page)).toEqual(
        picture.operations.filter((node) => within.has(node.id)).map((node) => node.label),
      )
      await press(page, 'Escape')
      expect(await lit(page)).toEqual([])
      expect(await rows(page)).toHaveLength(company.length)
    }
  })

  it('lights what is connected with the node under the mouse', async () => {
    const picture = pictureOf({ items: quickstart }, 'Quickstart')
    const page = await openPage(quickstart, 'Quickstart')
    const id = idOf(picture, 'view_reports')
    await page.locator(`[data-node="${id}"]`).hover()
    expect(await lit(page)).toEqual(connected(picture, id))
    await page.mouse.move(0, 0)
    expect(await lit(page)).toEqual([])
  })

  it('finds grants, policies and operations by name', async () => {
    const picture = pictureOf({ items: company }, 'Company')
    const page = await openPage(company, 'Company')
    const search = page.getByRole('searchbox')
    const status = page.getByRole('status')
    await search.fill(' PAYROLL ')
    expect(await lit(page)).toEqual(connected(picture, idOf(picture, 'payroll'), idOf(picture, 'payroll_run')))
    expect(await rows(page)).toEqual(['payroll_run'])
    expect(await status.innerText()).toBe('2 matches')
    await search.fill('policy owninvoices')
    expect(await rows(page)).toEqual(['invoice_pay', 'invoice_own'])
    await search.fill('any of')
    expect(await lit(page)).toEqual([])
    expect(await rows(page)).toEqual([])
    expect(await status.innerText()).toBe('Nothing is called that.')
    await press(page, 'Escape')
    expect(await search.inputValue()).toBe('')
    expect(await rows(page)).toHaveLength(company.length)
  })

  it('shows what was found, however large the picture is', async () => {
    const page = await openPage(company, 'Company', { width: 360 })
    await page.getByRole('searchbox').fill('payroll_run')
    await page.locator('[data-search^="payroll_run"]').click()
    expect(await page.getByRole('status').innerText()).toMatch(
      /^payroll_run · Run the payroll of the month · Who may: group/,
    )
  })

  it('can be used with the keyboard alone', async () => {
    const page = await openPage(quickstart, 'Quickstart')
    await press(page, 'Tab', 'Tab', 'Tab', 'Tab', 'Tab')
    const first = await focusedNode(page)
    await press(page, 'ArrowDown')
    expect(await focusedNode(page)).not.toBe(first)
    await press(page, 'Home')
    expect(await focusedNode(page)).toBe(first)
    await press(page, 'End')
    const picture = pictureOf({ items: quickstart }, 'Quickstart')
    const last = await page.evaluate<string>('document.activeElement.dataset.node')
    expect(await lit(page)).toEqual(connected(picture, last))
    await press(page, 'Enter', 'ArrowRight', 'ArrowRight')
    expect(await focusedNode(page)).toBe(
      'view_analytics · Shows analytics · Who may: scope read and resource analytics',
    )
    await press(page, 'Tab', 'Shift+Tab')
    expect(await focusedNode(page)).toMatch(/^view_analytics/)
    await press(page, 'Tab')
    expect(await lit(page)).toEqual(connected(picture, last))
    expect(await page.evaluate(`document.querySelector('[aria-pressed=true]').dataset.node`)).toBe(last)
    await press(page, 'Escape')
    expect(await lit(page)).toEqual([])
  })

  it('becomes larger and smaller within its frame', async () => {
    const page = await openPage(company, 'Company', { width: 360 })
    const width = (): Promise<number> => page.evaluate<number>(`document.querySelector('.picture svg').clientWidth`)
    const before = await width()
    await page.getByRole('button', { name: 'Larger' }).click()
    expect(await width()).toBeGreaterThan(before)
    expect(await widthFaults(page)).toEqual([])
    await page.getByRole('button', { name: 'Smaller' }).click()
    expect(Math.abs((await width()) - before)).toBeLessThanOrEqual(1)
    await page.getByRole('button', { name: 'Fit' }).click()
    const overflow = `(({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
      [scrollWidth - clientWidth, scrollHeight - clientHeight])(document.querySelector('.picture'))`
    expect(await page.evaluate(overflow)).toEqual([0, 0])
  })

  it('is empty for an application without operations', async () => {
    const page = await openPage([], 'Empty')
    expect(await page.locator('.picture').innerText()).toBe('There are no operations.')
    expect(await layoutFaults(page)).toEqual([])
  })

  it('shows hostile names as they are, and runs none of them', async () => {
    const title = hostileNames.join(' ')
    const page = await openFile('hostile.html', renderPage(pictureOf({ items: hostile }, title)))
    await page.locator('summary').click()
    await page.locator('[data-node="o1"]').click()
    expect(
      await page.evaluate(`[globalThis.hacked, document.scripts.length, document.querySelectorAll('img').length]`),
    ).toEqual([undefined, 1, 0])
    const operations = pictureOf({ items: hostile }, title).operations
    expect(await page.evaluate(`[...document.querySelectorAll('tbody code')].map((code) => code.textContent)`)).toEqual(
      operations.map(({ label }) => label),
    )
    expect(await layoutFaults(page)).toEqual([])
  })

  it.each(Object.entries({ quickstart, company, hostile, empty: [] }))(
    'has a picture that is sound XML: %s',
    async (name, items) => {
      const svg = renderSvg(pictureOf({ items }, hostileNames.join(' ')))
      const page = await openFile(`${name}.svg`, svg)
      expect(
        await page.evaluate(`[document.documentElement.localName, document.querySelectorAll('parsererror').length]`),
      ).toEqual(['svg', 0])
      expect(await page.evaluate(`globalThis.hacked`)).toBeUndefined()
    },
  )
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { findChromium, launchChromium, openJar } from '../support/browser.js'
import { keyboardFaults, layoutFaults, markupFaults, PageComplaints } from '../support/page-faults.js'

describe('what is looked for on pages', () => {
  let browser: Browser
  let page: Page
  let complaints: PageComplaints

  beforeAll(async () => {
    browser = await launchChromium()
    const jar = await openJar(browser, { theme: 'dark', width: 360 })
    complaints = await PageComplaints.of(jar)
    page = await jar.newPage()
  })
  afterAll(() => browser?.close())

  const show = (body: string): Promise<void> =>
    page.setContent(`<!doctype html><html lang="en"><title>Page</title><main><h1>Page</h1>${body}</main></html>`)

  it('is not on a page that is as it should be', async () => {
    await show('<form><label for="a">Name</label><input id="a"><button>Send</button></form><a href="/x">More</a>')
    expect([...(await markupFaults(page)), ...(await layoutFaults(page)), ...(await keyboardFaults(page))]).toEqual([])
    expect(complaints.all).toEqual([])
  })

  it('is script and style in the markup', async () => {
    await show('<script>var a</script><p style="margin: 0" onclick="a()">Text</p>')
    expect(await markupFaults(page)).toEqual(['inline: SCRIPT', 'inline: style', 'inline: onclick'])
  })

  it('is text that is too wide, too pale, or missing where a field needs it', async () => {
    await show('<p style="width: 500px; color: #999; background: #fff">Text</p><input>')
    expect(await layoutFaults(page)).toEqual([
      'too wide: 508 of 360',
      expect.stringMatching(/^color-contrast at p: /),
      expect.stringMatching(/^label at input: /),
    ])
  })

  it('is a control that Tab does not reach, that shows no name, or that does not show the focus', async () => {
    await show(
      '<button id="b" tabindex="-1">Hidden</button><button id="c" aria-label="Send" style="outline: 0"></button>',
    )
    expect(await keyboardFaults(page)).toEqual([
      'button c has no visible name',
      'button c does not show that it has the focus',
      'Tab reaches button c of button b,button c',
    ])
  })

  it('is what the browser complains about', async () => {
    const policy = `<meta http-equiv="content-security-policy" content="img-src 'none'">`
    const body = `<img alt="" src="data:,x"><script>console.error('mine'); undefinedFunction()</script>`
    await page.goto(`data:text/html,<head>${policy}</head>${body}`)
    const all = complaints.all.join('\n')
    for (const complaint of ['CSP img-src', 'mine', 'undefinedFunction is not defined'])
      expect(all).toContain(complaint)
  })
})

describe('the browser of the tests', () => {
  let empty: string

  beforeAll(async () => {
    empty = await mkdtemp(join(tmpdir(), 'authsec-empty-'))
  })
  afterAll(() => rm(empty, { recursive: true }))

  it('is the one that CHROMIUM_PATH names, and no other', () => {
    expect(findChromium({ CHROMIUM_PATH: process.execPath, PATH: empty })).toBe(process.execPath)
    expect(() => findChromium({ CHROMIUM_PATH: join(empty, 'chromium'), PATH: process.env['PATH'] })).toThrow(
      /CHROMIUM_PATH is no program that can be run/,
    )
  })

  it('is missed in words that say how to get it', () => {
    expect(() => findChromium({ PATH: empty })).toThrow(
      /on Debian with `apt-get install chromium`, or set CHROMIUM_PATH/,
    )
    expect(() => findChromium({})).toThrow(/there is no Chromium on PATH/)
  })
})

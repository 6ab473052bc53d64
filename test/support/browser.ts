import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'

export type Theme = 'light' | 'dark'

export interface JarOptions {
  readonly theme?: Theme
  readonly width?: number
}

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const height = 900
const patienceMs = 20_000

/** Where Chromium is: `CHROMIUM_PATH`, or the first of its usual names on `PATH`. Throws where there is none. */
export function findChromium({ CHROMIUM_PATH: given, PATH: path }: NodeJS.ProcessEnv): string {
  if (given !== undefined && given !== '') {
    if (isExecutable(given)) return given
    throw new Error(`CHROMIUM_PATH is no program that can be run: ${given}`)
  }
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '')
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
  if (found !== undefined) return found
  throw new Error(
    `there is no Chromium on PATH (${names.join(', ')}): install one, on Debian with \`apt-get install chromium\`, ` +
      'or set CHROMIUM_PATH to it',
  )
}

/** A headless Chromium of its own, without any profile. */
export async function launchChromium(): Promise<Browser> {
  const root = process.getuid?.() === 0
  return chromium.launch({
    executablePath: findChromium(process.env),
    args: ['--disable-dev-shm-usage', '--disable-gpu', ...(root ? ['--no-sandbox'] : [])],
  })
}

/** What stands for another browser: cookies, storage and history of its own. */
export async function openJar(
  browser: Browser,
  { theme = 'light', width = 1280 }: JarOptions = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({ colorScheme: theme, viewport: { width, height } })
  context.setDefaultTimeout(patienceMs)
  return context
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

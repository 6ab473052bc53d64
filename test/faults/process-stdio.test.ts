import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar } from '../support/browser-jar.js'
import { call } from '../support/mcp-harness.js'
import { temporaryHome, type TemporaryHome } from '../support/server-process.js'
import { StdioProcess } from '../support/stdio-process.js'
import { until } from '../support/until.js'

describe('a server on stdio whose authorization server fails', () => {
  let home: TemporaryHome
  let server: StdioProcess
  const fail = (fault: string) => writeFile(join(home.path, 'fault'), fault)
  beforeAll(async () => {
    home = await temporaryHome()
    await fail('none')
    const preload = join(process.cwd(), 'test/support/back-channel-faults.mjs')
    const env = { NODE_OPTIONS: `--import=${preload}`, FAULT_FILE: join(home.path, 'fault') }
    server = await StdioProcess.start({ home: home.path, env })
  })
  afterAll(async () => {
    await server?.close()
    await StdioProcess.killAll()
    await home?.remove()
  })

  /** What a user sees who begins to sign in now, and how long that takes. */
  async function begin(): Promise<{ readonly status: number; readonly milliseconds: number }> {
    const started = await server.facts('oauth_start')
    const jar = new BrowserJar()
    const page = await jar.open(String(started['authorization_url']))
    const begun = performance.now()
    const { status } = await jar.press(page, 'confirm')
    return { status, milliseconds: performance.now() - begun }
  }

  it.each(['hang', 'error', 'garbage', 'unreachable'])(
    'by %s refuses a sign-in in time, and goes on',
    async (fault) => {
      await fail(fault)
      const trying = begin()
      for (let round = 0; round < 5; round += 1) {
        expect(await server.ask(call('ping', undefined, `${fault} ${round}`))).toMatchObject({ result: {} })
      }
      const { status, milliseconds } = await trying
      console.info(`${fault}: refused after ${Math.round(milliseconds)} ms`)
      expect({ fault, status }).toEqual({ fault, status: 503 })
      expect(milliseconds).toBeLessThan(3_500)
      expect(server.strayOutput).toEqual([])
    },
  )

  it('lets in again soon after it is back', async () => {
    await fail('none')
    const repaired = performance.now()
    await until(async () => (await begin()).status === 200, 10_000)
    console.info(`signs in ${Math.round(performance.now() - repaired)} ms after it is back`)
    expect(performance.now() - repaired).toBeLessThan(2_500)
  })
})

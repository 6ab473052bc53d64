import { resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { ClientProgram } from '../support/client-program.js'
import { ClientsBench } from '../support/clients-bench.js'
import { expectedAccess, quickstartUsers } from '../support/expected-access.js'
import { HeadlessUser } from '../support/headless-user.js'
import { ResourceServer } from '../support/resource-server.js'
import type { Finished } from '../support/server-process.js'

const launcher = resolve('node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')
const callback = 'http://127.0.0.1:6276/oauth/callback'

let bench: ClientsBench
let inspector: ClientProgram

beforeAll(async () => {
  bench = await ClientsBench.start()
}, 60_000)
beforeEach(async () => {
  inspector = await ClientProgram.create(launcher, '--cli', '--transport', 'http', '--format', 'json', '-q')
})
afterEach(() => inspector.close())
afterAll(() => bench?.close())

const list = ['--method', 'tools/list']
const call = (name: string): readonly string[] => ['--method', 'tools/call', '--tool-name', name]
const at = (url: string, ...args: readonly string[]): readonly string[] => ['--server-url', url, ...args]
const namesIn = ({ stdout }: Finished): readonly string[] =>
  (JSON.parse(stdout) as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name)

/** Runs it while its user does what the browser is to show. */
async function withUser(running: Promise<Finished>, user: HeadlessUser, before = 0): Promise<Finished> {
  await user.answer(await inspector.asks(before))
  return running
}

describe('the Inspector, on the command line', () => {
  it.each(quickstartUsers)('registers, signs %s in, lists exactly what the table says, and calls', async (email) => {
    const { oauthUrl } = bench.server
    const listed = await withUser(inspector.run(at(oauthUrl, ...list)), bench.user(email))
    expect({ code: listed.code, names: namesIn(listed) }).toEqual({ code: 0, names: expectedAccess[email] })
    const called = await inspector.run(at(oauthUrl, ...call('hello')))
    expect(called).toMatchObject({ code: 0, stdout: expect.stringContaining(`Hello, ${email}!`) })
    expect(await inspector.opened()).toHaveLength(1)
  })

  it('refreshes by itself when its token has ended, and asks nobody', async () => {
    const { oauthUrl } = bench.server
    await withUser(inspector.run(at(oauthUrl, ...list)), bench.user('john@company.com'))
    const ended = await bench.endedToken('john@company.com')
    await inspector.rewrite('.mcp-inspector/secrets.json', (text) =>
      text.replace(/(\\"access_token\\":\\")[^\\]+/, (_all, head: string) => head + ended),
    )
    const called = await inspector.run(at(oauthUrl, ...call('hello')))
    expect(called).toMatchObject({ code: 0, stdout: expect.stringContaining('Hello, john@company.com!') })
    expect(await inspector.opened()).toHaveLength(1)
  })

  it('signs in as the client that a document describes, and registers nothing', async () => {
    const id = bench.publish('/inspector.json', callback)
    const running = inspector.run(at(bench.server.oauthUrl, '--client-metadata-url', id, ...call('hello')))
    const called = await withUser(running, bench.user('john@company.com'))
    expect(called).toMatchObject({ code: 0, stdout: expect.stringContaining('Hello, john@company.com!') })
    expect(new URL((await inspector.opened())[0] ?? '').searchParams.get('client_id')).toBe(id)
  })

  it('cannot step up: it refreshes instead of asking, and gives up; what it was allowed goes on working', async () => {
    const server = await ResourceServer.start()
    try {
      const user = new HeadlessUser((jar, url) => server.signIn(jar, url, 'hedy@acme.test'))
      const listed = await withUser(inspector.run(at(server.resource, ...list)), user)
      expect(namesIn(listed)).toContain('launch')
      const refused = await inspector.run(at(server.resource, ...call('launch')))
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toContain('auth() returned AUTHORIZED without authorization code')
      expect(await inspector.opened()).toHaveLength(1)
      const called = await inspector.run(at(server.resource, ...call('whoami')))
      expect(called).toMatchObject({ code: 0, stdout: expect.stringContaining('hedy@acme.test') })
    } finally {
      await server.close()
    }
  })
})

import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { findLeaks } from '../../src/testing/index.js'
import { CliSite } from '../support/cli-site.js'
import { leakyTokens, LeakyServer } from '../support/leaky-server.js'
import { mintFromHome } from '../support/mint-tokens.js'
import { runCli, type Finished } from '../support/server-process.js'

const [john, eve] = ['john@company.com', 'eve@globex.test']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'authsec-tokens-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function tokenFile(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text, { mode: 0o600 })
  return path
}

describe('our own server, looked at by authsec leak-test', () => {
  let site: CliSite

  beforeAll(async () => {
    site = await CliSite.start()
  }, 60_000)
  afterAll(() => site?.close())

  async function tokensFor(audience: string): Promise<readonly [string, string]> {
    const ofAcme = await mintFromHome(site.home.path, { audience, emails: [john] })
    const ofGlobex = await mintFromHome(site.home.path, { audience, tenant: 'globex', emails: [eve] })
    return [ofAcme.get(john) ?? '', ofGlobex.get(eve) ?? '']
  }

  const calls = [
    ...['--call', 'hello', '--call', 'admin_dashboard', '--call', 'view_analytics'],
    ...['--call', 'calculator={"operation":"add","a":1,"b":2}', '--call', 'create_resource={"name":"x"}'],
  ]

  it.each(['oauthUrl', 'url'] as const)(
    'leaks nothing from one tenant to another: %s',
    async (place) => {
      const tokens = await tokensFor(site.server[place])
      const files = await Promise.all(tokens.map((token, index) => tokenFile(`${place}-${index}`, `${token}\n`)))
      const flags = files.flatMap((file) => ['--token-file', file])
      const { code, stderr, stdout } = await site.run('leak-test', '--url', site.server[place], ...flags, ...calls)
      expect({ code, stderr, stdout }).toEqual({
        code: 0,
        stderr: '',
        stdout: expect.stringContaining('nothing found'),
      })
      for (const check of ['answers', 'sessions', 'hidden-tools', 'tenants', 'caching']) {
        expect(stdout).toMatch(new RegExp(`^${check} +ok `, 'm'))
      }
      for (const token of tokens) expect(stdout).not.toContain(token)
    },
    120_000,
  )

  it('leaks nothing to the same test in a suite of the user', async () => {
    const callers = (await tokensFor(site.server.oauthUrl)).map((token) => ({ token }))
    const report = await findLeaks({ url: site.server.oauthUrl, callers, calls: [{ name: 'hello' }], rounds: 50 })
    expect(report.leaks).toEqual([])
    expect(report.callers).toEqual([`${john} of acme-corp`, `${eve} of globex`])
    expect(report.requests).toBeGreaterThan(200)
  }, 120_000)
})

describe('authsec leak-test', () => {
  let leaky: LeakyServer
  let files: readonly string[]

  beforeAll(async () => {
    leaky = await LeakyServer.start({ mistake: 'the tenant of a header' })
    files = await Promise.all(leakyTokens.map((token, index) => tokenFile(`leaky-${index}`, token)))
  })
  afterAll(() => leaky?.close())

  const run = (...args: readonly string[]): Promise<Finished> => runCli(folder, 'leak-test', ...args)
  const both = (): readonly string[] => files.flatMap((file) => ['--token-file', file])

  it('exits with 1 and names what leaks, what was sent and what was seen', async () => {
    const { code, stderr, stdout } = await run('--url', leaky.url, ...both(), '--call', 'hello', '--rounds', '2')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^authsec: the server leaks in \d+ ways/),
    })
    expect(stdout).toMatch(/^tenants +LEAKS /m)
    expect(stdout).toContain('tenants: ann@acme.example of acme-corp got what eve@globex.example of globex gets')
    expect(stdout).toContain('by naming the tenant in headers (2 times)\n  sent: tools/list with globex in headers')
    expect(stdout).toMatch(/seen: status 200 .*"name":"hello"/)
    for (const token of leakyTokens) expect(stdout + stderr).not.toContain(token)
  })

  it('says the same as JSON', async () => {
    const { code, stdout } = await run('--url', leaky.url, ...both(), '--call', 'hello', '--rounds', '1', '--json')
    const report = JSON.parse(stdout) as { leaks: { check: string }[]; checks: object[] }
    expect(code).toBe(1)
    expect(report.checks).toHaveLength(5)
    expect(new Set(report.leaks.map(({ check }) => check))).toEqual(new Set(['tenants']))
  })

  it('reads tokens from standard input, one a line', async () => {
    const args = ['dist/cli/main.js', 'leak-test', '--url', leaky.url, '--token-file', '-', '--rounds', '1', '--json']
    const stdout = await new Promise<string>((resolve) => {
      const child = execFile(process.execPath, args, (_error, text) => resolve(text))
      child.stdin?.end(`${leakyTokens.join('\n')}\n`)
    })
    expect(JSON.parse(stdout)).toMatchObject({
      callers: ['ann@acme.example of acme-corp', 'eve@globex.example of globex'],
    })
  })

  it.each([
    ['one token only', () => ['--token-file', files[0] ?? ''], 2, /2 to 8 callers/],
    ['no token', () => [], 2, /--token-file/],
    ['arguments that are no JSON', () => [...both(), '--call', 'hello={'], 2, /Say the name and the arguments/],
    ['rounds that are no number', () => [...both(), '--rounds', 'many'], 2, /rounds is 1 to/],
    ['a file that is not there', () => ['--token-file', join(folder, 'absent')], 5, /cannot be read \(ENOENT\)/],
  ] as const)('refuses %s', async (_what, args, exitCode, message) => {
    const { code, stderr, stdout } = await run('--url', leaky.url, ...args())
    expect({ code, stdout, stderr }).toEqual({ code: exitCode, stdout: '', stderr: expect.stringMatching(message) })
  })

  it('exits with 4 where no server answers, and with 5 where it lets a caller not in', async () => {
    expect(await run('--url', 'http://127.0.0.1:1/mcp', ...both())).toMatchObject({ code: 4, stdout: '' })
    const stranger = await tokenFile('stranger', 'stranger-token')
    const refused = await run('--url', leaky.url, '--token-file', files[0] ?? '', '--token-file', stranger)
    expect(refused).toMatchObject({ code: 5, stdout: '', stderr: expect.stringContaining('does not let caller 2 in') })
    expect(refused.stderr).not.toContain('stranger-token')
  })
})

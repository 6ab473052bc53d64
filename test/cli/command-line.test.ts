import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CliSite } from '../support/cli-site.js'
import { runCli, runProgram, temporaryHome } from '../support/server-process.js'

describe('authsec', () => {
  let site: CliSite
  beforeAll(async () => {
    site = await CliSite.start()
  }, 60_000)
  afterAll(() => site?.close())

  it('lists accounts as a table and as JSON, without passwords', async () => {
    const table = await site.run('account', 'list')
    expect(table.code).toBe(0)
    expect(table.stdout).toMatch(/^TENANT +EMAIL +ROLES/)
    expect(table.stdout).toMatch(/acme-corp +john@company\.com +admin developer +engineering +read write/)
    const json = await site.run('account', 'list', '--tenant', 'globex', '--json')
    expect(JSON.parse(json.stdout)).toEqual([
      {
        tenant: 'globex',
        email: 'eve@globex.test',
        name: 'Eve',
        disabled: false,
        roles: ['admin'],
        groups: [],
        scopes: [],
        resources: [],
        permissions: [],
        identities: [],
      },
    ])
  })

  it('prints a token and nothing else on standard output', async () => {
    const { stdout } = await site.run('token', '--user', 'eve@globex.test')
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const claims = JSON.parse(Buffer.from(stdout.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >
    expect(claims).toMatchObject({ aud: site.server.url, tenant_id: 'globex', roles: ['admin'], amr: ['dev'] })
    expect(Number(claims['exp']) - Number(claims['iat'])).toBeLessThanOrEqual(3_600)
  })

  it.each([
    ['a usage fault', 2, ['token'], /required option/],
    ['an unknown command', 2, ['tokens'], /unknown command/],
    ['an unknown flag', 2, ['token', '--user', 'x', '--root'], /unknown option/],
    ['an unknown account', 5, ['token', '--user', 'nobody@company.com'], /no account nobody@company.com/],
    ['an account of another tenant', 5, ['token', '--user', 'eve@globex.test', '--tenant', 'acme-corp'], /no account/],
    ['an unknown tenant', 5, ['account', 'list', '--tenant', 'initech'], /no tenant initech/],
    [
      'a scope that the account does not have',
      5,
      ['token', '--user', 'eve@globex.test', '--scope', 'write'],
      /does not have: write/,
    ],
    [
      'an audience elsewhere',
      3,
      ['token', '--user', 'eve@globex.test', '--audience', 'https://mcp.example.com/mcp'],
      /development server/,
    ],
    [
      'an audience with a fragment',
      3,
      ['token', '--user', 'eve@globex.test', '--audience', 'http://127.0.0.1:1/mcp#x'],
      /development server/,
    ],
    [
      'an audience that is no URL',
      3,
      ['token', '--user', 'eve@globex.test', '--audience', 'mcp'],
      /is the URL of a development server/,
    ],
  ])('answers %s with exit code %i', async (_name, code, args, message) => {
    const finished = await site.run(...args)
    expect(finished).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) })
  })

  it('finds an account by an address in capitals', async () => {
    expect((await site.run('token', '--user', 'EVE@globex.test')).code).toBe(0)
  })

  it('makes no home where none is', async () => {
    const empty = await temporaryHome()
    for (const args of [
      ['account', 'list'],
      ['token', '--user', 'eve@globex.test'],
    ]) {
      expect(await runCli(empty.path, ...args)).toMatchObject({
        code: 5,
        stderr: expect.stringContaining(empty.path),
      })
    }
    expect(await readdir(empty.path)).toEqual([])
    await empty.remove()
  })

  it('hands out no token in production', async () => {
    const env = { AUTHSEC_HOME: site.home.path, NODE_ENV: 'production' }
    const finished = await runProgram(['dist/cli/main.js', 'token', '--user', 'eve@globex.test'], env)
    expect(finished).toMatchObject({ code: 5, stdout: '' })
  })

  it('prints its version and its help with exit code 0', async () => {
    expect(await site.run('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
    expect(await site.run('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('account') })
  })
})

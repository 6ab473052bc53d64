import { readdir, symlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import { listPermitted } from '../../src/app/access/list-permitted.js'
import type { AuthSecApp } from '../../src/app/create-auth-sec-app.js'
import { expectedAccess, quickstartTools, quickstartUsers } from '../support/expected-access.js'
import { appSource, ScratchApp } from '../support/scratch-app.js'
import {
  runCli,
  runProgram,
  startServerProcess,
  temporaryHome,
  type ServerProcess,
  type TemporaryHome,
} from '../support/server-process.js'

const quickstart = ['--app', 'samples/quickstart/dist/app.js'] as const

describe('authsec about the quickstart and its database', () => {
  let home: TemporaryHome
  let server: ServerProcess
  let scratch: ScratchApp
  beforeAll(async () => {
    home = await temporaryHome()
    server = await startServerProcess({ home: home.path })
    scratch = await ScratchApp.create({})
  }, 60_000)
  afterAll(async () => {
    await server?.stop()
    await scratch?.remove()
    await home?.remove()
  })

  const cli = (...args: readonly string[]) => runCli(home.path, ...args, ...quickstart)
  const why = (user: string, tool: string, ...args: readonly string[]) =>
    cli('why', '--user', user, '--tool', tool, ...args)
  const sql = async (text: string): Promise<void> => {
    const embedded = await attachEmbeddedPostgres({ home: home.path, log: { write: () => undefined } })
    const { host, password, port, user } = embedded.connection
    const client = new Client({ host, port, user, password, database: 'tenant_acme_corp' })
    await client.connect()
    await client.query(text)
    await client.end()
    await embedded.close()
  }

  it('names for each tool whoever may call it, and nobody else', async () => {
    const file = resolve('samples/quickstart/dist/app.js')
    const { default: app }: { readonly default: AuthSecApp } = await import(pathToFileURL(file).href)
    const place = { app, file, env: { AUTHSEC_HOME: home.path } }
    for (const tool of quickstartTools) {
      const { accounts } = await listPermitted({ ...place, tool })
      const entitled = quickstartUsers.filter((user) => expectedAccess[user].some((name) => name === tool))
      expect(accounts.map(({ email }) => email).toSorted()).toEqual(entitled.toSorted())
      expect(accounts.every(({ verdict }) => verdict === 'allow')).toBe(true)
    }
  }, 60_000)

  it('prints who can as a table, of one tenant where that is asked for', async () => {
    const all = await cli('who-can', '--tool', 'admin_panel')
    expect(all.stdout).toMatch(
      /^admin_panel is for: role admin\n\nTENANT +EMAIL +NAME +MAY\nacme-corp +john@company\.com +John +yes\nglobex +eve@globex\.test +Eve +yes\n$/,
    )
    const one = await cli('who-can', '--tool', 'admin_panel', '--tenant', 'globex')
    expect(one.stdout).not.toContain('john')
    expect((await cli('who-can', '--tool', 'deploy_production')).stdout).toContain(
      'Nobody of acme-corp, globex may use it.',
    )
  }, 60_000)

  it('says why an account may use a tool, and why not, down to each grant', async () => {
    expect(await why('john@company.com', 'admin_panel')).toEqual({
      code: 0,
      stdout: 'john@company.com of acme-corp may use admin_panel.\n\n✓ role admin\n',
      stderr: '',
    })
    expect((await why('guest@company.com', 'view_analytics')).stdout)
      .toBe(`guest@company.com of acme-corp may not use view_analytics.

✗ all of
  ✗ scope read: neither in the token nor in the database
  ✗ resource analytics: neither in the token nor in the database

What would help:
- grant the scope read in the tenant's database
- grant the resource analytics in the tenant's database
`)
  }, 60_000)

  it('takes the token to have the scopes that are named, and no others', async () => {
    expect((await why('john@company.com', 'create_resource')).stdout).toContain('may use create_resource')
    const capped = await why('john@company.com', 'create_resource', '--scope', 'read')
    expect(capped).toMatchObject({ code: 0, stdout: expect.stringContaining('may not use create_resource') })
    expect(capped.stdout).toContain('✗ scope write: in the database, but outside the scope of the token')
    expect(capped.stdout).toContain('- sign in with the scope write')
    expect((await why('john@company.com', 'create_resource', '--scope', 'read write')).stdout).toContain('may use')
    expect((await why('ana@company.com', 'create_resource', '--scope', 'write')).stdout).toContain('may not use')
  })

  it('explains as JSON', async () => {
    const { stdout } = await why('ana@company.com', 'admin_panel', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      operation: 'admin_panel',
      verdict: 'deny',
      barriers: [],
      requirement: { kind: 'grant', name: 'admin', inToken: 'no', inDatabase: 'no' },
    })
  }, 60_000)

  it('does not count a disabled account', async () => {
    await sql("update account set disabled_at = now() where email = 'ana@company.com'")
    try {
      const { code, stdout } = await why('ana@company.com', 'view_reports')
      expect(code).toBe(0)
      expect(stdout).toContain('may not use view_reports.\n✗ the account is disabled')
      expect(stdout).toContain('- enable the account')
      expect((await cli('who-can', '--tool', 'view_reports')).stdout).not.toContain('ana@company.com')
    } finally {
      await sql("update account set disabled_at = null where email = 'ana@company.com'")
    }
    expect((await cli('who-can', '--tool', 'view_reports')).stdout).toContain('ana@company.com')
  })

  it.each([
    [
      'a tool that is not there',
      5,
      ['why', '--user', 'john@company.com', '--tool', 'adminPanel'],
      /no tool adminPanel; did you mean admin_panel\?/,
    ],
    ['a tool that is like no other', 5, ['who-can', '--tool', 'xyz'], /no tool xyz; it has hello, calculator/],
    [
      'an account that is not there',
      5,
      ['why', '--user', 'nobody@company.com', '--tool', 'hello'],
      /no account nobody@company\.com/,
    ],
    [
      'an account of another tenant',
      5,
      ['why', '--user', 'eve@globex.test', '--tool', 'hello', '--tenant', 'acme-corp'],
      /no account eve/,
    ],
    ['a tenant that is not there', 5, ['matrix', '--tenant', 'initech'], /no tenant initech/],
    ['no tool at all', 2, ['why', '--user', 'john@company.com'], /required option '--tool/],
    ['an unknown format', 2, ['matrix', '--format', 'pdf'], /Allowed choices/],
    ['two formats', 2, ['matrix', '--format', 'csv', '--json'], /cannot be used with/],
    ['a check that writes', 2, ['matrix', '--check', 'a.json', '--out', 'b.json'], /cannot be used with/],
    ['a picture of an unknown kind', 2, ['graph', '--out', 'graph.png'], /\.svg, \.html, \.mmd/],
    ['a check against nothing', 3, ['matrix', '--check', 'absent.json'], /there is no absent\.json/],
    ['a check against something else', 3, ['matrix', '--check', 'package.json'], /package\.json is no access matrix/],
  ])('refuses %s with exit code %i', async (_name, code, args, message) => {
    expect(await cli(...args)).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) })
  })

  it('shows the roles of a tenant with all that they bring along', async () => {
    const bare = await cli('matrix', '--tenant', 'acme-corp')
    expect(bare.stdout).toMatch(
      /^OPERATION +anonymous +every authenticated user +role admin +role analyst +role developer$/m,
    )
    expect(bare.stdout).toMatch(/^create_resource( +·){5}$/m)
    const file = scratch.path('tenant.json')
    const check = () => cli('matrix', '--tenant', 'acme-corp', '--check', file)
    expect(await cli('matrix', '--tenant', 'acme-corp', '--out', file)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await check()).toMatchObject({ code: 0, stderr: '' })
    await sql(
      "insert into role_scope select role.id, scope.id from role, scope where role.name = 'analyst' and scope.name = 'write'",
    )
    try {
      expect(await check()).toMatchObject({
        code: 1,
        stdout: '+ role analyst may now call create_resource\n',
        stderr: expect.stringMatching(/access is not as in .*tenant\.json: 1 opened$/m),
      })
      expect((await why('ana@company.com', 'create_resource')).stdout).toContain('may use create_resource')
    } finally {
      await sql('delete from role_scope')
    }
    expect((await check()).code).toBe(0)
  }, 60_000)

  it('checks names with the database, unless told not to', async () => {
    const { code, stderr, stdout } = await cli('lint')
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^error \[unknown-name\] deploy_production asks for role deployer.*\n {4}at samples\/quickstart\/src/m,
    )
    expect(stdout).toMatch(/Names were checked with acme-corp, globex\.\n$/)
    expect(stderr).toMatch(/^authsec: lint found \d+ faults$/m)
    const ignored = await cli('lint', '--no-database')
    expect(ignored).toMatchObject({
      code: 0,
      stdout: 'Nothing found. No database was looked at, so names were not checked.\n',
    })
    const json = JSON.parse((await cli('lint', '--tenant', 'globex', '--json')).stdout)
    expect(json).toMatchObject({
      tenants: ['globex'],
      findings: expect.arrayContaining([expect.objectContaining({ name: 'deployer' })]),
    })
  }, 60_000)

  it('reports a database that is down as that', async () => {
    const env = { AUTHSEC_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/authsec', AUTHSEC_MASTER_KEY: 'A'.repeat(43) }
    for (const args of [['lint'], ['who-can', '--tool', 'hello']]) {
      expect(await runProgram(['dist/cli/main.js', ...args, ...quickstart], env)).toMatchObject({ code: 4, stdout: '' })
    }
    expect((await runProgram(['dist/cli/main.js', 'lint', '--no-database', ...quickstart], env)).code).toBe(0)
  }, 60_000)
})

describe('authsec about an app alone', () => {
  let scratch: ScratchApp
  const callers = "testCallers: { '=1+1,\"x\"': { roles: ['admin'] }, 'Support agent': { scopes: ['read'] } }"
  beforeAll(async () => {
    scratch = await ScratchApp.create({
      'app.mjs': appSource(
        { hello: '{}', '-wipe': "{ roles: ['admin'], annotations: { destructiveHint: true } }" },
        callers,
      ),
      'wider.mjs': appSource(
        { hello: '{}', '-wipe': "{ roles: ['admin', 'viewer'] }", extra: "{ scopes: ['read'] }" },
        callers,
      ),
      'narrower.mjs': appSource({ hello: "{ roles: ['admin'] }", '-wipe': "{ roles: ['admin'] }" }, callers),
      'hostile.mjs': appSource(
        { hello: "{ roles: ['ev\\u001b[31mil\\u009b\\u202e<b>'], description: '\\u001b]0;x\\u0007' }" },
        "appName: 'A\\u001b[31m</title><script>1</script>'",
      ),
      'faulty.mjs': appSource({
        wipe: '{ annotations: { destructiveHint: true } }',
        never:
          "{ require: { kind: 'allOf', of: [{ kind: 'grant', category: 'roles', name: 'a' }, { kind: 'not', of: { kind: 'grant', category: 'roles', name: 'a' } }] } }",
      }),
      'warned.mjs': appSource({ wipe: '{ annotations: { destructiveHint: true } }' }),
    })
  }, 60_000)
  afterAll(async () => {
    await scratch?.remove()
  })

  it('prints the matrix as a table, as CSV that no spreadsheet computes, and as JSON', async () => {
    const table = await scratch.run('matrix', '--app', 'app.mjs')
    expect(table.stdout).toMatch(
      /^OPERATION +anonymous +every authenticated user +role admin +caller =1\+1,"x" +caller Support agent$/m,
    )
    expect(table.stdout).toMatch(/^-wipe +· +· +✓ +✓ +·$/m)
    const csv = await scratch.run('matrix', '--app', 'app.mjs', '--format', 'csv')
    expect(csv.stdout).toBe(
      'operation,anonymous,every authenticated user,role admin,"caller =1+1,""x""",caller Support agent\r\n' +
        "hello,deny,allow,allow,allow,allow\r\n'-wipe,deny,deny,allow,allow,deny\r\n",
    )
    const json = await scratch.run('matrix', '--app', 'app.mjs', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, operations: ['-wipe', 'hello'] })
    expect(await scratch.homeFiles()).toEqual([])
  })

  it('compares access with a file: green, and red when it opens or closes', async () => {
    expect((await scratch.run('matrix', '--app', 'app.mjs', '--out', 'access-matrix.json')).code).toBe(0)
    const check = (file: string, ...args: readonly string[]) =>
      scratch.run('matrix', '--app', file, '--check', 'access-matrix.json', ...args)
    expect(await check('app.mjs')).toEqual({ code: 0, stdout: 'Access is as in access-matrix.json.\n', stderr: '' })
    const opened = await check('wider.mjs')
    expect(opened).toMatchObject({ code: 1, stderr: expect.stringContaining('opened') })
    expect(opened.stdout).toMatch(/^\+ role viewer is new; may call: .*-wipe/m)
    expect(opened.stdout).toMatch(/^\+ operation extra is new; may call it: caller Support agent$/m)
    const closed = await check('narrower.mjs')
    expect(closed).toMatchObject({ code: 1, stderr: expect.stringContaining('2 closed') })
    expect(closed.stdout).toContain('- every authenticated user may no longer call hello')
    const json = await check('narrower.mjs', '--json')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toContainEqual(expect.objectContaining({ effect: 'closed', operation: 'hello' }))
  }, 60_000)

  it('draws the graph by the ending of the file, and replaces what was there as a whole', async () => {
    for (const [file, text] of [
      ['graph.svg', '<svg'],
      ['graph.html', '<!doctype html>'],
      ['graph.mmd', 'flowchart'],
    ] as const) {
      expect(await scratch.run('graph', '--app', 'app.mjs', '--out', file)).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(await scratch.read(file)).toContain(text)
    }
    await symlink('graph.svg', scratch.path('link.svg'))
    await scratch.write('graph.svg', 'old')
    expect((await scratch.run('graph', '--app', 'app.mjs', '--out', 'link.svg')).code).toBe(0)
    expect(await scratch.read('graph.svg')).toContain('<svg')
    expect((await scratch.run('graph', '--app', 'app.mjs', '--out', 'none/graph.svg')).code).toBe(5)
    expect((await readdir(scratch.folder)).filter((name) => /graph\..*-/.test(name))).toEqual([])
  }, 60_000)

  it('lets no name steer a terminal or a page', async () => {
    for (const args of [
      ['matrix'],
      ['matrix', '--json'],
      ['matrix', '--format', 'csv'],
      ['lint'],
      ['who-can', '--tool', 'hel\u001blo'],
    ]) {
      const { stderr, stdout } = await scratch.run(...args, '--app', 'hostile.mjs')
      expect(stdout + stderr).not.toMatch(/[^\P{C}\r\n]/u)
    }
    expect((await scratch.run('matrix', '--app', 'hostile.mjs', '--out', 'm.html')).code).toBe(0)
    const page = await scratch.read('m.html')
    expect(page).not.toMatch(/<script|<b>|\u001b/)
    expect(page).toContain('&lt;script&gt;')
  }, 60_000)

  it('fails for errors that lint finds, and for warnings where it is strict', async () => {
    const faulty = await scratch.run('lint', '--app', 'faulty.mjs')
    expect(faulty).toMatchObject({ code: 1, stderr: expect.stringContaining('lint found 1 fault') })
    expect(faulty.stdout).toMatch(/^error \[unreachable\]/m)
    expect(faulty.stdout).toMatch(/^warning \[destructive-for-everybody\]/m)
    expect((await scratch.run('lint', '--app', 'warned.mjs')).code).toBe(0)
    expect((await scratch.run('lint', '--app', 'warned.mjs', '--strict')).code).toBe(1)
    expect((await scratch.run('lint', '--app', 'app.mjs', '--strict')).code).toBe(0)
    expect(await scratch.homeFiles()).toEqual([])
  }, 60_000)

  it('needs a database for what is asked of accounts, and makes none', async () => {
    for (const args of [
      ['why', '--user', 'a@b.test', '--tool', 'hello'],
      ['who-can', '--tool', 'hello'],
      ['lint', '--tenant', 'acme-corp'],
    ]) {
      expect(await scratch.run(...args, '--app', 'app.mjs')).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('no server has run'),
      })
    }
    expect(await scratch.homeFiles()).toEqual([])
  }, 60_000)
})

import { readdir, symlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { attachEmbeddedPostgres } from '../../src/adapter/postgres/embedded/embedded-postgres.js'
import { explainAccess } from '../../src/app/access/explain-access.js'
import { listPermitted } from '../../src/app/access/list-permitted.js'
import type { Place } from '../../src/app/access/read-tenants.js'
import type { AuthSecApp } from '../../src/app/create-auth-sec-app.js'
import { CliSite } from '../support/cli-site.js'
import { eachOf } from '../support/each-of.js'
import { expectedAccess, quickstartTools, quickstartUsers } from '../support/expected-access.js'
import { appSource, ScratchApp } from '../support/scratch-app.js'
import { runProgram, type Finished } from '../support/server-process.js'

const quickstart = ['--app', 'samples/quickstart/dist/app.js'] as const

describe('authsec about the quickstart and its database', () => {
  let site: CliSite
  let scratch: ScratchApp
  let place: Place
  beforeAll(async () => {
    site = await CliSite.start()
    const late = "import app from './app.mjs'\nsetTimeout(() => app.listen(), 30)\nexport default app\n"
    scratch = await ScratchApp.create({ 'app.mjs': appSource({ hello: '{}' }), 'late.mjs': late })
    const file = resolve('samples/quickstart/dist/app.js')
    const { default: app }: { readonly default: AuthSecApp } = await import(pathToFileURL(file).href)
    place = { app, file, env: { AUTHSEC_HOME: site.home.path } }
  }, 60_000)
  afterAll(async () => {
    await scratch?.remove()
    await site?.close()
  })

  const cli = (...args: readonly string[]) => site.run(...args, ...quickstart)
  const why = (user: string, tool: string, ...args: readonly string[]) =>
    cli('why', '--user', user, '--tool', tool, ...args)
  /** Why, without a process of its own. */
  const explain = async (user: string, tool: string, scope?: string) => {
    const { explanation } = await explainAccess({ ...place, user, tool, scope })
    return explanation
  }
  const sql = async (text: string): Promise<void> => {
    const embedded = await attachEmbeddedPostgres({ home: site.home.path, log: { write: () => undefined } })
    const { host, password, port, user } = embedded.connection
    const client = new Client({ host, port, user, password, database: 'tenant_acme_corp' })
    await client.connect()
    await client.query(text)
    await client.end()
    await embedded.close()
  }

  it('names for each tool whoever may call it, and nobody else', async () => {
    for (const tool of quickstartTools) {
      const { accounts } = await listPermitted({ ...place, tool })
      const entitled = quickstartUsers.filter((user) => expectedAccess[user].some((name) => name === tool))
      expect(accounts.map(({ email }) => email).toSorted()).toEqual(entitled.toSorted())
      expect(accounts.every(({ verdict }) => verdict === 'allow')).toBe(true)
    }
  }, 60_000)

  it('prints who can as a table, of one tenant where that is asked for', async () => {
    const [all, one, none] = await Promise.all([
      cli('who-can', '--tool', 'admin_panel'),
      cli('who-can', '--tool', 'admin_panel', '--tenant', 'globex'),
      cli('who-can', '--tool', 'deploy_production'),
    ])
    expect(all.stdout).toMatch(
      /^admin_panel is for: role admin\n\nTENANT +EMAIL +NAME +MAY\nacme-corp +john@company\.com +John +yes\nglobex +eve@globex\.test +Eve +yes\n/,
    )
    expect(one.stdout).not.toContain('john')
    expect(none.stdout).toContain('No account of acme-corp, globex may use it.')
  }, 60_000)

  it('says that users of other issuers are not counted, where there may be some', async () => {
    await sql("update access_rule set grants = 'assigned'")
    try {
      const { accounts, uncounted } = await listPermitted({ ...place, tool: 'sensitive_operations' })
      expect([accounts, uncounted]).toEqual([[], ['globex']])
      const [who, lint] = await Promise.all([
        cli('who-can', '--tool', 'sensitive_operations'),
        cli('lint', '--tenant', 'acme-corp'),
      ])
      expect(who.stdout).toMatch(/\n\nUsers of other issuers are not counted \(globex\)\.\n$/)
      expect(lint.stdout).toContain('Nobody in tenant acme-corp may call sensitive_operations now')
      expect(lint.stdout).not.toContain('other issuers')
      await sql("update access_rule set sign_up = 'everybody'")
      expect((await listPermitted({ ...place, tool: 'sensitive_operations' })).uncounted).toEqual([
        'acme-corp',
        'globex',
      ])
    } finally {
      await sql("update access_rule set grants = null, sign_up = 'nobody'")
    }
    const lint = await cli('lint', '--tenant', 'acme-corp')
    expect(lint.stdout).toContain('Nobody who signs in to tenant acme-corp here may call sensitive_operations now')
    expect(lint.stdout).toMatch(/Users of other issuers are not counted \(acme-corp\)\.\n$/)
  }, 60_000)

  it('says why an account may use a tool, and why not, down to each grant', async () => {
    const [granted, refused] = await Promise.all([
      why('john@company.com', 'admin_panel'),
      why('guest@company.com', 'view_analytics'),
    ])
    expect(granted).toEqual({
      code: 0,
      stdout: 'john@company.com of acme-corp may use admin_panel.\n\n✓ role admin\n',
      stderr: '',
    })
    expect(refused.stdout).toBe(`guest@company.com of acme-corp may not use view_analytics.

✗ all of
  ✗ scope read: neither in the token nor in the database
  ✗ resource analytics: neither in the token nor in the database

What would help:
- grant the scope read in the tenant's database
- grant the resource analytics in the tenant's database
`)
  }, 60_000)

  it('takes the token to have the scopes that are named, and no others', async () => {
    const capped = await why('john@company.com', 'create_resource', '--scope', 'read')
    expect(capped).toMatchObject({ code: 0, stdout: expect.stringContaining('may not use create_resource') })
    expect(capped.stdout).toContain('✗ scope write: in the database, but outside the scope of the token')
    expect(capped.stdout).toContain('- sign in with the scope write')
    expect(await explain('john@company.com', 'create_resource', 'read')).toMatchObject({ verdict: 'deny' })
    expect(await explain('john@company.com', 'create_resource', 'read write')).toMatchObject({ verdict: 'allow' })
    expect(await explain('john@company.com', 'create_resource')).toMatchObject({ verdict: 'allow' })
  }, 60_000)

  it('refuses a scope that the account does not have, as authsec token does', async () => {
    const asked = ['--user', 'eve@globex.test', '--scope', 'mcp write']
    const [token, explained] = await Promise.all([
      site.run('token', ...asked),
      cli('why', '--tool', 'create_resource', ...asked),
    ])
    expect(explained).toEqual({
      code: 5,
      stdout: '',
      stderr: expect.stringContaining('does not have: write. It has: '),
    })
    expect(explained).toEqual(token)
    expect(await explain('eve@globex.test', 'create_resource', 'mcp')).toMatchObject({ verdict: 'deny' })
  }, 60_000)

  it('takes the token to say what one of this installation says: no permissions', async () => {
    await scratch.write('approve.mjs', appSource({ approve: "{ permissions: ['invoice:approve'] }" }))
    const ask = (command: string, ...args: readonly string[]) =>
      site.run(command, '--tool', 'approve', '--app', scratch.path('approve.mjs'), ...args)
    await sql(`
      insert into permission (name) values ('invoice:approve') on conflict do nothing;
      insert into account_permission select account.id, permission.id from account, permission
        where email = 'ana@company.com' and permission.name = 'invoice:approve';
    `)
    try {
      expect((await ask('who-can')).stdout).toContain('ana@company.com')
      await sql("update access_rule set grants = 'catalogue'")
      const [explained, permitted] = await Promise.all([ask('why', '--user', 'ana@company.com'), ask('who-can')])
      expect(explained.stdout).toContain('may not use approve')
      expect(explained.stdout).toContain('- let a role of the account carry the permission invoice:approve')
      expect(permitted.stdout).not.toContain('ana@company.com')
    } finally {
      await sql("update access_rule set grants = null; delete from permission where name = 'invoice:approve'")
    }
  }, 60_000)

  it('says nothing about an app that starts itself while the command works', async () => {
    const finished = await site.run('lint', '--app', scratch.path('late.mjs'))
    expect(finished).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/late\.mjs starts itself/) })
    expect(finished.stderr).not.toMatch(/triggerUncaughtException|^\s+at /m)
    expect((await site.run('lint', '--app', scratch.path('app.mjs'))).code).toBe(0)
  }, 60_000)

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
    const permitted = async (): Promise<readonly string[]> => {
      const { accounts } = await listPermitted({ ...place, tool: 'view_reports' })
      return accounts.map(({ email }) => email)
    }
    await sql("update account set disabled_at = now() where email = 'ana@company.com'")
    try {
      const { code, stdout } = await why('ana@company.com', 'view_reports')
      expect(code).toBe(0)
      expect(stdout).toContain('may not use view_reports.\n✗ the account is disabled')
      expect(stdout).toContain('- enable the account')
      expect(await permitted()).not.toContain('ana@company.com')
    } finally {
      await sql("update account set disabled_at = null where email = 'ana@company.com'")
    }
    expect(await permitted()).toContain('ana@company.com')
  }, 60_000)

  describe('refuses', () => {
    const refused = [
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
    ] as const satisfies readonly (readonly [string, number, readonly string[], RegExp])[]
    let finished: readonly Finished[] = []
    beforeAll(async () => {
      finished = await eachOf(refused, ([, , args]) => cli(...args))
    }, 60_000)

    it.each(refused)('%s with exit code %i', (name, code, _args, message) => {
      const answer = finished[refused.findIndex(([other]) => other === name)]
      expect(answer).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) })
    })
  })

  it('shows the roles of a tenant with all that they bring along', async () => {
    const file = scratch.path('tenant.json')
    const check = () => cli('matrix', '--tenant', 'acme-corp', '--check', file)
    const [bare, written] = await Promise.all([
      cli('matrix', '--tenant', 'acme-corp'),
      cli('matrix', '--tenant', 'acme-corp', '--out', file),
    ])
    expect(bare.stdout).toMatch(
      /^OPERATION +anonymous +every authenticated user +role admin +role analyst +role developer$/m,
    )
    expect(bare.stdout).toMatch(/^create_resource( +·){5}$/m)
    expect(written).toEqual({ code: 0, stdout: '', stderr: `authsec: wrote ${file}\n` })
    await sql(
      "insert into role_scope select role.id, scope.id from role, scope where role.name = 'analyst' and scope.name = 'write'",
    )
    try {
      expect(await check()).toMatchObject({
        code: 1,
        stdout: '+ role analyst may now call create_resource\n',
        stderr: expect.stringMatching(/access is not as in .*tenant\.json: 1 opened$/m),
      })
      expect(await explain('ana@company.com', 'create_resource')).toMatchObject({ verdict: 'allow' })
    } finally {
      await sql('delete from role_scope')
    }
    expect((await check()).code).toBe(0)
  }, 60_000)

  it('checks names with the database, unless told not to', async () => {
    const [{ code, stderr, stdout }, ignored, one] = await Promise.all([
      cli('lint'),
      cli('lint', '--no-database'),
      cli('lint', '--tenant', 'globex', '--json'),
    ])
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^error \[unknown-name\] deploy_production asks for role deployer.*\n {4}at samples\/quickstart\/src/m,
    )
    expect(stdout).toMatch(/Names were checked with acme-corp, globex\. Users of other issuers are not counted/)
    expect(stderr).toMatch(/^authsec: lint found \d+ faults$/m)
    expect(ignored).toMatchObject({
      code: 0,
      stdout: 'Nothing found. No database was looked at, so names were not checked.\n',
    })
    expect(JSON.parse(one.stdout)).toMatchObject({
      tenants: ['globex'],
      findings: expect.arrayContaining([expect.objectContaining({ name: 'deployer' })]),
    })
  }, 60_000)

  it('reports a database that is down as that', async () => {
    const env = { AUTHSEC_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/authsec', AUTHSEC_MASTER_KEY: 'A'.repeat(43) }
    const asked = [['lint'], ['who-can', '--tool', 'hello'], ['lint', '--no-database']]
    const answers = await eachOf(asked, (args) => runProgram(['dist/cli/main.js', ...args, ...quickstart], env))
    expect(answers).toMatchObject([{ code: 4, stdout: '' }, { code: 4, stdout: '' }, { code: 0 }])
  }, 60_000)
})

describe('authsec about an app alone', () => {
  let scratch: ScratchApp
  const both = "{ require: allOf(role('a'), anyOf(role('b'), role('c'))) }"
  const eitherOrder = "{ require: anyOf(allOf(role('c'), role('a')), allOf(role('a'), role('b'))) }"
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

  const matrix = (...args: readonly string[]) => scratch.run('matrix', '--app', ...args)

  it('prints the matrix as a table, as CSV that no spreadsheet computes, and as JSON', async () => {
    const [table, csv, json] = await Promise.all([
      matrix('app.mjs'),
      matrix('app.mjs', '--format', 'csv'),
      matrix('app.mjs', '--json'),
    ])
    expect(table.stdout).toMatch(
      /^OPERATION +anonymous +every authenticated user +role admin +caller =1\+1,"x" +caller Support agent$/m,
    )
    expect(table.stdout).toMatch(/^-wipe +· +· +✓ +✓ +·$/m)
    expect(csv.stdout).toBe(
      'operation,anonymous,every authenticated user,role admin,"caller =1+1,""x""",caller Support agent\r\n' +
        "hello,deny,allow,allow,allow,allow\r\n'-wipe,deny,deny,allow,allow,deny\r\n",
    )
    expect(JSON.parse(json.stdout)).toMatchObject({
      version: 1,
      operations: [{ name: '-wipe', access: 'protected', requirement: { role: 'admin' } }, { name: 'hello' }],
    })
    expect(await scratch.homeFiles()).toEqual([])
  })

  it('compares access with a file: green, and red when it opens or closes', async () => {
    expect((await matrix('app.mjs', '--out', 'access-matrix.json')).code).toBe(0)
    const check = (file: string, ...args: readonly string[]) => matrix(file, '--check', 'access-matrix.json', ...args)
    const [same, opened, closed, json] = await Promise.all([
      check('app.mjs'),
      check('wider.mjs'),
      check('narrower.mjs'),
      check('narrower.mjs', '--json'),
    ])
    expect(same).toEqual({ code: 0, stdout: 'Access is as in access-matrix.json.\n', stderr: '' })
    expect(opened).toMatchObject({ code: 1, stderr: expect.stringContaining('opened') })
    expect(opened.stdout).toMatch(/^\+ role viewer is new; may call: .*-wipe/m)
    expect(opened.stdout).toMatch(/^\+ operation extra is new, for scope read; may call it: caller Support agent$/m)
    expect(opened.stdout).toMatch(
      /^\+ operation -wipe demands less now: it was for role admin, it is for role admin or role viewer$/m,
    )
    expect(closed).toMatchObject({ code: 1, stderr: expect.stringContaining('3 closed') })
    expect(closed.stdout).toContain('- every authenticated user may no longer call hello')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toContainEqual(expect.objectContaining({ effect: 'closed', operation: 'hello' }))
  }, 60_000)

  it('sees what opens without a row that shows it, and no difference in other words', async () => {
    await Promise.all([
      scratch.write('before.mjs', appSource({ pay: "{ permissions: ['invoice:delete'], bearerOnly: true }", both })),
      scratch.write('after.mjs', appSource({ pay: "{ permissions: ['invoice:read'] }", both: eitherOrder })),
    ])
    await matrix('before.mjs', '--out', 'before.json')
    const check = await matrix('after.mjs', '--check', 'before.json')
    expect(check).toMatchObject({
      code: 1,
      stdout:
        '~ operation pay demands something else now: it was for permission invoice:delete, with a bearer token, it is for permission invoice:read\n',
    })
  }, 60_000)

  it('does not take a file that is nested without end, or too large, for a matrix', async () => {
    await scratch.write('deep.json', `{"version":1,"access":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
    await scratch.write('large.json', ' '.repeat(10_000_001))
    const checks = await eachOf(['deep.json', 'large.json'], (file) => matrix('app.mjs', '--check', file))
    expect(checks).toMatchObject([
      { code: 3, stdout: '', stderr: 'authsec: deep.json is no access matrix: it is nested too deep\n' },
      { code: 3, stdout: '', stderr: 'authsec: large.json is no access matrix: it is larger than 10 MB\n' },
    ])
  }, 60_000)

  it('draws the graph by the ending of the file, and replaces what was there as a whole', async () => {
    const drawings = [
      ['graph.svg', '<svg'],
      ['graph.html', '<!doctype html>'],
      ['graph.mmd', 'flowchart'],
    ] as const
    const graph = (file: string) => scratch.run('graph', '--app', 'app.mjs', '--out', file)
    const drawn = await eachOf(drawings, ([file]) => graph(file))
    for (const [at, [file, text]] of drawings.entries()) {
      expect(drawn[at]).toEqual({ code: 0, stdout: '', stderr: `authsec: wrote ${file}\n` })
      expect(await scratch.read(file)).toContain(text)
    }
    await symlink('graph.svg', scratch.path('link.svg'))
    await scratch.write('graph.svg', 'old')
    const again = await eachOf(['link.svg', 'none/graph.svg'], graph)
    expect(again).toMatchObject([{ code: 0 }, { code: 5 }])
    expect(await scratch.read('graph.svg')).toContain('<svg')
    expect((await readdir(scratch.folder)).filter((name) => /graph\..*-/.test(name))).toEqual([])
  }, 60_000)

  it('lets no name steer a terminal or a page', async () => {
    const asked = [
      ['matrix'],
      ['matrix', '--json'],
      ['matrix', '--format', 'csv'],
      ['lint'],
      ['who-can', '--tool', 'hel\u001blo'],
      ['matrix', '--out', 'm.html'],
    ]
    const answers = await eachOf(asked, (args) => scratch.run(...args, '--app', 'hostile.mjs'))
    for (const { stderr, stdout } of answers) expect(stdout + stderr).not.toMatch(/[^\P{C}\r\n]/u)
    expect(answers.at(-1)?.code).toBe(0)
    const page = await scratch.read('m.html')
    expect(page).not.toMatch(/<script|<b>|\u001b/)
    expect(page).toContain('&lt;script&gt;')
  }, 60_000)

  it('fails for errors that lint finds, and for warnings where it is strict', async () => {
    const asked = [['faulty.mjs'], ['warned.mjs'], ['warned.mjs', '--strict'], ['app.mjs', '--strict']]
    const [faulty, ...others] = await eachOf(asked, (args) => scratch.run('lint', '--app', ...args))
    expect(faulty).toMatchObject({ code: 1, stderr: expect.stringContaining('lint found 1 fault') })
    expect(faulty?.stdout).toMatch(/^error \[unreachable\]/m)
    expect(faulty?.stdout).toMatch(/^warning \[destructive-for-everybody\]/m)
    expect(others.map(({ code }) => code)).toEqual([0, 1, 0])
    expect(await scratch.homeFiles()).toEqual([])
  }, 60_000)

  it('needs a database for what is asked of accounts, and makes none', async () => {
    const asked = [
      ['why', '--user', 'a@b.test', '--tool', 'hello'],
      ['who-can', '--tool', 'hello'],
      ['lint', '--tenant', 'acme-corp'],
    ]
    for (const answer of await eachOf(asked, (args) => scratch.run(...args, '--app', 'app.mjs'))) {
      expect(answer).toMatchObject({ code: 5, stderr: expect.stringContaining('no server has run') })
    }
    expect(await scratch.homeFiles()).toEqual([])
  }, 60_000)
})

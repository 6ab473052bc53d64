import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CliSite } from '../support/cli-site.js'
import { eachOf } from '../support/each-of.js'
import type { Finished } from '../support/server-process.js'
import { until } from '../support/until.js'

let site: CliSite

beforeAll(async () => {
  site = await CliSite.start()
}, 60_000)
afterAll(() => site?.close())

/** On tenant acme-corp. */
const cli = (...args: readonly string[]): Promise<Finished> => site.run(...args, '--tenant', 'acme-corp')
const done = async (...args: readonly string[]): Promise<string> =>
  (await site.done(...args, '--tenant', 'acme-corp')).stdout
const parsed = (...args: readonly string[]): Promise<unknown> => site.json(...args, '--tenant', 'acme-corp')

/** A client of the running server, with a token from before whatever is changed. */
async function connect(user: string): Promise<Client> {
  const { stdout } = await site.run('token', '--user', user)
  const client = new Client({ name: 'test', version: '1' })
  const requestInit = { headers: { authorization: `Bearer ${stdout.trim()}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(site.server.url), { requestInit }))
  return client
}
const toolsOf = async (client: Client): Promise<readonly string[]> => {
  const { tools } = await client.listTools()
  return tools.map(({ name }) => name)
}

describe('a grant that a command changes', () => {
  it('counts on a running server at once: the tool is refused when it is taken, and there when it is given', async () => {
    const john = await connect('john@company.com')
    expect(await toolsOf(john)).toContain('admin_panel')
    await done('grant', 'remove', '--user', 'john@company.com', '--role', 'admin')
    await expect(john.callTool({ name: 'admin_panel' })).rejects.toMatchObject({ code: -32602 })
    expect(await toolsOf(john)).not.toContain('admin_panel')
    await done('grant', 'add', '--user', 'john@company.com', '--role', 'admin')
    expect(await toolsOf(john)).toContain('admin_panel')
    expect(await john.callTool({ name: 'admin_panel' })).not.toMatchObject({ isError: true })
    await john.close()
  })

  it('says what changed and what was so already', async () => {
    const give = ['grant', 'add', '--user', 'ana@company.com', '--user', 'guest@company.com', '--scope', 'read']
    expect(await parsed(...give)).toEqual({
      tenant: 'acme-corp',
      changes: [
        { action: 'kept', noun: 'account', name: 'ana@company.com', before: [], after: [] },
        { action: 'changed', noun: 'account', name: 'guest@company.com', before: [], after: ['scopes:read'] },
      ],
    })
    expect(await done(...give)).toMatch(/2 as it was in acme-corp\n$/)
    await done('grant', 'remove', '--user', 'guest@company.com', '--scope', 'read')
    const listed = await parsed('grant', 'list', '--user', 'guest@company.com')
    expect(listed).toEqual([
      { email: 'guest@company.com', roles: [], groups: [], scopes: [], resources: [], permissions: [] },
    ])
  })
})

describe('a bundle that a command changes', () => {
  it('brings names along for tokens that are issued since, until it does not', async () => {
    await done('role', 'carry', 'analyst', '--scope', 'write')
    const ana = await connect('ana@company.com')
    expect(await toolsOf(ana)).toContain('create_resource')
    await done('role', 'uncarry', 'analyst', '--scope', 'write')
    // Within a second, as everything that is taken away.
    await until(async () => !(await toolsOf(ana)).includes('create_resource'))
    await ana.close()
  })

  it('gives the roles of a group to who is in it', async () => {
    await done('group', 'add', 'deputies')
    await done('group', 'carry', 'deputies', '--role', 'admin')
    await done('grant', 'add', '--user', 'guest@company.com', '--group', 'deputies')
    expect(await parsed('role', 'show', 'admin')).toMatchObject({
      carriedBy: { groups: ['deputies'] },
      accounts: ['guest@company.com', 'john@company.com'],
    })
    const refused = await cli('group', 'remove', 'deputies')
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining('guest@company.com') })
    await done('group', 'remove', 'deputies', '--yes')
    expect(await parsed('role', 'show', 'admin')).toMatchObject({ accounts: ['john@company.com'] })
  }, 60_000)
})

describe('names', () => {
  it('of every kind come and go', async () => {
    await eachOf(['role', 'group', 'scope', 'resource', 'permission'], async (noun) => {
      const name = noun === 'permission' ? 'invoice:read' : 'temporary'
      expect(await done(noun, 'add', name)).toMatch(/^added +\w+ +\S+/m)
      expect(await parsed(noun, 'list')).toContainEqual(expect.objectContaining({ name, accounts: 0 }))
      expect(await parsed(noun, 'show', name)).toMatchObject({ name, accounts: [] })
      await done(noun, 'remove', name)
      expect(await cli(noun, 'show', name)).toMatchObject({ code: 5 })
    })
  }, 90_000)

  it('that accounts hold are removed with consent only, and whose they are is said', async () => {
    const refused = await cli('role', 'remove', 'developer')
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringMatching(/1 account would lose.*john@company\.com/) })
    expect(await parsed('role', 'list')).toContainEqual(expect.objectContaining({ name: 'developer', accounts: 1 }))
    await done('role', 'remove', 'developer', '--yes')
    expect(JSON.stringify(await parsed('role', 'list'))).not.toContain('developer')
  })

  it('that nobody could tell apart or use are refused, all of them with their reasons', async () => {
    const { code, stderr } = await cli('role', 'add', 'fine', 'аdmin', 'ADMIN', 'admin\u200b', 'admin ')
    expect(code).toBe(5)
    for (const fault of [/for 4 reasons/, /mixes scripts/, /could be taken for admin/, /invisible/, /spaces around/]) {
      expect(stderr).toMatch(fault)
    }
    expect(JSON.stringify(await parsed('role', 'list'))).not.toContain('fine')
  })
})

describe('an account', () => {
  it('is added with a password from standard input, disabled, enabled and removed, and a server goes by it at once and for good', async () => {
    const added = await site.runWithInput(
      ...['correct horse\n', 'account', 'add', 'bob@company.com'],
      ...['--name', 'Bob', '--role', 'admin', '--tenant', 'acme-corp'],
    )
    expect(added).toMatchObject({ code: 0, stderr: '' })
    expect(added.stdout).not.toContain('correct horse')
    const bob = await connect('bob@company.com')
    expect(await toolsOf(bob)).toContain('admin_panel')
    const disabled = await parsed('account', 'disable', 'bob@company.com')
    expect(disabled).toMatchObject({ sessions: { ended: expect.any(Number) } })
    await expect(bob.listTools()).rejects.toThrow(/401|ERR_ACCOUNT_DISABLED|invalid_token|Unauthorized/i)
    await done('account', 'enable', 'bob@company.com')
    await expect(bob.listTools()).rejects.toThrow(/401|404|invalid_token|Unauthorized|not found/i)
    await bob.close()
    const again = await connect('bob@company.com')
    expect(await toolsOf(again)).toContain('admin_panel')
    expect(await cli('account', 'remove', 'bob@company.com')).toMatchObject({ code: 5 })
    expect(await toolsOf(again)).toContain('admin_panel')
    const removed = await parsed('account', 'remove', 'bob@company.com', '--yes')
    expect(removed).toMatchObject({ sessions: { ended: expect.any(Number) } })
    await expect(again.listTools()).rejects.toThrow(/401|invalid_token|Unauthorized/i)
    await again.close()
  }, 90_000)

  it('gets a generated password, which is printed once and is not on record', async () => {
    const { password } = (await parsed('account', 'add', 'gen@company.com', '--generate-password')) as {
      readonly password: string
    }
    expect(password).toMatch(/^[\w-]{20}$/)
    expect(await done('account', 'show', 'gen@company.com')).not.toContain(password)
    const file = join(site.home.path, 'password.txt')
    await writeFile(file, 'another password\r\n')
    const changed = await parsed('account', 'set-password', 'gen@company.com', '--password-file', file)
    expect(changed).toMatchObject({ changes: [{ before: ['a password'], after: ['another password'] }] })
    const rows = await site.audit.all()
    expect(JSON.stringify(rows)).not.toContain(password)
    const about = rows.filter(({ personal }) => personal?.['account'] === 'gen@company.com')
    expect(about.map(({ reason }) => reason)).toEqual(['account_added', 'account_changed'])
    expect(about.every(({ subject, type }) => type === 'admin.changed' && /^cli:./.test(subject ?? ''))).toBe(true)
  })

  const refusals: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['', ['a1@company.com'], /no password on standard input/],
    ['short\n', ['a1@company.com'], /at least 12/],
    ['first line\nsecond line\n', ['a1@company.com'], /one line/],
    ['x'.repeat(5000), ['a1@company.com'], /at most 128/],
    ['a long enough one', ['john@company.com'], /already/],
    ['a long enough one', ['John@company.com'], /capitals only/],
    ['a long enough one', ['a1@company.com', '--role', 'nope'], /no role nope/],
    ['', ['a1@company.com', '--no-password', '--generate-password'], /contradict/],
  ]

  it('is not added without a sound password, nor beside one that it could be taken for, nor with grants that are none', async () => {
    await eachOf(refusals, async ([input, args, fault]) => {
      const finished = await site.runWithInput(input, 'account', 'add', ...args, '--tenant', 'acme-corp')
      expect(finished).toMatchObject({ code: 5, stdout: '', stderr: expect.stringMatching(fault) })
    })
    expect(await cli('account', 'show', 'a1@company.com')).toMatchObject({ code: 5 })
  }, 90_000)

  it('that is not there is not changed', async () => {
    await eachOf(['disable', 'enable', 'remove', 'show'], async (verb) => {
      const finished = await cli('account', verb, 'nobody@company.com')
      expect(finished).toMatchObject({ code: 5, stderr: expect.stringContaining('no account nobody@company.com') })
    })
  })
})

describe('the access rule', () => {
  it('is shown and set; what opens a tenant needs consent', async () => {
    const before = { grants: 'by issuer', signUp: 'nobody', signUpDomains: [], signUpRoles: [] }
    expect(await parsed('access-rule', 'show')).toEqual(before)
    const opening = ['access-rule', 'set', '--sign-up', 'everybody', '--grants', 'catalogue']
    const refused = await cli(...opening)
    expect(refused).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/would count wherever.*would enter without/s),
    })
    expect(await parsed('access-rule', 'show')).toEqual(before)
    await done('access-rule', 'set', '--sign-up', 'everybody', '--sign-up-role', 'analyst', '--yes')
    expect(await parsed('access-rule', 'show')).toEqual({ ...before, signUp: 'everybody', signUpRoles: ['analyst'] })
    await done('access-rule', 'set', '--sign-up', 'nobody', '--no-sign-up-role')
    expect(await parsed('access-rule', 'show')).toEqual(before)
  })
})

describe('an application', () => {
  it('is registered, and which tenants it admits counts on its running server at the next request', async () => {
    const applications = (...args: readonly string[]) => site.run('application', ...args)
    const eve = await connect('eve@globex.test')
    expect(await toolsOf(eve)).toContain('admin_panel')
    expect(await applications('set', 'quickstart', '--tenants', 'own')).toMatchObject({ code: 0 })
    await expect(eve.listTools()).rejects.toThrow(/may not use this server/)
    expect(await applications('set', 'quickstart', '--tenants', 'acme-corp,globex')).toMatchObject({ code: 0 })
    expect(await toolsOf(eve)).toContain('admin_panel')
    await eve.close()
    expect(await applications('add', 'crm', '--tenant', 'globex', '--name', 'CRM')).toMatchObject({ code: 0 })
    expect(JSON.parse((await applications('show', 'crm', '--json')).stdout)).toEqual({
      ...{ clientId: 'crm', name: 'CRM', tenant: 'globex', tenants: 'own', status: 'active' },
    })
    expect(await applications('remove', 'crm')).toMatchObject({ code: 5 })
    expect((await applications('list')).stdout).toMatch(/crm +CRM +globex +own +active/)
    expect(await applications('remove', 'crm', '--yes')).toMatchObject({ code: 0 })
    expect((await applications('list')).stdout).not.toContain('crm')
  }, 60_000)
})

describe('authsec service set', () => {
  const set = (...args: readonly string[]) => cli('service', 'set', 'Hub', ...args)
  const show = async () => JSON.parse(await done('service', 'show', 'Hub', '--json'))

  beforeAll(async () => {
    const place = ['--url', 'https://hub.example/api', '--auth', 'bearer_token', '--tag', 'code', '--tag', 'issues']
    await done('service', 'add', 'Hub', ...place, '--role', 'admin', '--check-path', '/me')
    expect(
      await site.runWithInput('token-of-hub\n', 'service', 'set-credential', 'Hub', '--tenant', 'acme-corp'),
    ).toMatchObject({ code: 0 })
  })

  it('changes what is said and leaves the rest, with what it was before on record', async () => {
    const before = await show()
    await done('service', 'set', 'Hub', '--description', 'Repositories', '--role', 'developer', '--rotate-every', '30d')
    expect(await show()).toEqual({
      ...before,
      ...{ description: 'Repositories', requirement: { role: 'developer' } },
      rotation: expect.objectContaining({ check: '/me', every: '30d' }),
    })
    const rows = (await site.audit.all()).filter(({ reason }) => reason === 'service_changed')
    expect(rows.at(-1)).toMatchObject({
      type: 'admin.changed',
      detail: {
        name: 'Hub',
        before: ['requirement:role admin'],
        after: ['description:Repositories', 'requirement:role developer', 'rotation.every:30d'],
      },
    })
    expect(await done('service', 'set', 'Hub', '--description', 'Repositories')).toContain('1 as it was')
  })

  it('takes away what is said to be empty', async () => {
    await done('service', 'set', 'Hub', '--description', '', '--tag', '', '--check-path', '', '--rotate-every', '')
    const { description, rotation, tags } = await show()
    expect([description, rotation, tags]).toEqual([undefined, undefined, []])
  })

  it('gives the credential up only with consent, where another place would get to see it', async () => {
    const { credential } = await show()
    await done('service', 'set', 'Hub', '--url', 'https://hub.example/api/v2')
    expect(await set('--url', 'https://evil.example')).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining('its credential would be destroyed') },
    })
    expect(await show()).toMatchObject({ url: 'https://hub.example/api/v2', credential })
    await done('service', 'set', 'Hub', '--url', 'https://other.example', '--yes')
    expect(await show()).toMatchObject({ url: 'https://other.example', credential: 'none' })
  })

  it('refuses what would be no service, what is not there, and to do nothing', async () => {
    const before = await show()
    const faulty: readonly (readonly [number, readonly string[], RegExp])[] = [
      [3, ['Hub', '--url', 'http://hub.example'], /does not use https/],
      [3, ['Hub', '--check-path', 'me'], /rotation\.check is no path of it/],
      [3, ['Hub', '--requirement', '{"rolles":["x"]}'], /requirement is none/],
      [5, ['Hub', '--everybody', '--role', 'admin'], /say one of --role/],
      [5, ['Hub', '--private-network', '--public-network'], /say one of/],
      [5, ['Hob', '--everybody'], /there is no service Hob in acme-corp/],
      [5, ['Hub', '--token', 'abc'], /there is no --token/],
      [2, ['Hub'], /say what is to be another/],
    ]
    await eachOf(faulty, async ([code, args, message]) => {
      const finished = await cli('service', 'set', ...args)
      expect(finished).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) })
    })
    expect(await show()).toEqual(before)
  })

  it('is in one list with those of all tenants', async () => {
    const listed = (await site.run('service', 'list')).stdout
    expect(listed).toMatch(/TENANT +NAME +URL +AUTH +REQUIREMENT +CREDENTIAL.*\nacme-corp +Hub +https\S+ +bearer_token/)
    expect(await site.run('service', 'list', '--tenant', 'globex')).toMatchObject({
      code: 0,
      stdout: expect.not.stringContaining('Hub'),
    })
    expect(await site.run('service', 'list', '--tenant', 'initech')).toMatchObject({ code: 5 })
  })
})

describe('authsec', () => {
  const faulty: readonly (readonly [number, readonly string[], RegExp])[] = [
    [5, ['role', 'list'], /several tenants.*acme-corp, globex/],
    [5, ['role', 'list', '--tenant', 'initech'], /no tenant initech/],
    [2, ['grant', 'add', '--tenant', 'acme-corp', '--user', 'ana@company.com'], /at least one/],
    [2, ['grant', 'add', '--tenant', 'acme-corp', '--role', 'admin'], /required option/],
    [2, ['application', 'set', 'quickstart'], /--name or --tenants/],
    [2, ['application', 'set', 'quickstart', '--tenants', 'a,,b'], /separated by commas/],
    [2, ['scope', 'carry', 'read', '--role', 'admin'], /unknown command/],
    [2, ['account', 'add', 'a@x.test', '--generate-password', '--password-file', 'x'], /cannot be used with/],
  ]

  it('tells faults of use from what is refused by its exit code', async () => {
    await eachOf(faulty, async ([code, args, message]) => {
      const finished = await site.run(...args)
      expect(finished).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) })
    })
  }, 90_000)
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CliSite } from '../support/cli-site.js'
import { runProgram, type Finished } from '../support/server-process.js'

const secret = 'a-secret-of-our-client-there'
const issuer = 'https://id.example.com/realms/acme'

let site: CliSite

beforeAll(async () => {
  site = await CliSite.stopped()
}, 60_000)
afterAll(() => site?.close())

const cli = (...args: readonly string[]): Promise<Finished> => site.run('issuer', ...args)
const json = async (...args: readonly string[]) => JSON.parse((await site.done('issuer', ...args, '--json')).stdout)
const plain = ['--audience', 'resource', '--tenant-claim', 'org'] as const

describe('authsec issuer', () => {
  it('adds an issuer as it is said, shows what is decided about it, and never its secret', async () => {
    const said = [
      ...['add', issuer, '--preset', 'keycloak', '--tenant', 'acme-corp', '--application', 'quickstart'],
      ...['--audience', '/mcp=a', '--audience', '/mcp/oauth=b', '--claim', 'roles=/resource_access/ledger/roles'],
      ...[
        '--claim',
        'roles=/realm_access/roles',
        '--claim',
        'groups=',
        '--client-id',
        'us',
        '--client-secret-file',
        '-',
      ],
      ...['--token-prefix', 'op_', '--skew', '10', '--logout-client-id', 'us', '--not-advertised'],
    ]
    const clientId =
      (JSON.parse((await site.run('application', 'list', '--json')).stdout) as { clientId: string }[])[0]?.clientId ??
      ''
    const input = said.map((word) => (word === 'quickstart' ? clientId : word))
    const added = await site.runWithInput(`${secret}\n`, 'issuer', ...input)
    expect(added).toMatchObject({ code: 0 })
    const shown = await json('show', issuer)
    expect(shown).toMatchObject({
      ...{ issuer, preset: 'keycloak', source: 'database', application: clientId, advertised: 'no' },
      audience: { accepts: { '/mcp': 'a', '/mcp/oauth': 'b' }, besides: ['account'] },
      tenant: { kind: 'fixed', tenant: 'acme-corp' },
      token: { skewSeconds: 10, required: { typ: 'Bearer' } },
      claims: { grants: { roles: ['/resource_access/ledger/roles', '/realm_access/roles'], scopes: ['scope'] } },
      introspection: { clientId: 'us', tokenPrefix: 'op_' },
      logoutClientId: 'us',
    })
    expect(shown.claims.grants.groups).toBeUndefined()
    const text = await cli('show', issuer)
    expect(text.stdout).toContain('claims.grants.roles')
    const rows = (await site.audit.all()).filter(({ reason }) => reason === 'issuer_added')
    expect(rows).toHaveLength(1)
    expect(JSON.stringify([added, shown, text, await cli('list'), rows])).not.toContain(secret)
    expect(await cli('remove', issuer, '--yes')).toMatchObject({ code: 0 })
  })

  it('takes the secret from a file', async () => {
    const file = join(site.home.path, 'secret')
    await writeFile(file, `${secret}\n`)
    const looked = ['--client-id', 'us', '--client-secret-file', file]
    expect(await cli('add', 'https://file.example.com', ...plain, ...looked)).toMatchObject({ code: 0 })
    expect(await cli('remove', 'https://file.example.com', '--yes')).toMatchObject({ code: 0 })
    const absent = await cli(
      'add',
      'https://file.example.com',
      ...plain,
      '--client-id',
      'us',
      '--client-secret-file',
      `${file}2`,
    )
    expect(absent).toMatchObject({ code: 5 })
  })

  it('lists those of the environment before those of the database', async () => {
    expect(await cli('add', 'https://listed.example.com', ...plain)).toMatchObject({ code: 0 })
    const named = [{ issuer: 'https://env.example.com', audience: 'x', tenant: { claim: 'org' } }]
    const env = { AUTHSEC_HOME: site.home.path, AUTHSEC_ISSUERS: JSON.stringify(named) }
    const finished = await runProgram(['dist/cli/main.js', 'issuer', 'list', '--json'], env)
    expect(JSON.parse(finished.stdout)).toMatchObject([
      { issuer: 'https://env.example.com', source: 'environment' },
      { issuer: 'https://listed.example.com', source: 'database' },
    ])
    const double = await runProgram(['dist/cli/main.js', 'issuer', 'add', 'https://env.example.com', ...plain], env)
    expect(double).toMatchObject({ code: 5 })
    expect(double.stderr).toContain('beside AUTHSEC_ISSUERS, no server would start')
    const again = await cli('add', 'https://listed.example.com', ...plain)
    expect(again.code).toBe(5)
    expect(again.stderr).toContain('there is an issuer')
    expect(await json('add', 'https://listed.example.com', ...plain, '--replace')).toMatchObject({
      changes: [{ action: 'kept' }],
    })
  })

  it('does not add the server itself, which would not start again', async () => {
    const env = { AUTHSEC_HOME: site.home.path, AUTHSEC_PUBLIC_URL: 'https://mcp.example.com' }
    const add = ['dist/cli/main.js', 'issuer', 'add', 'https://mcp.example.com/oauth', ...plain]
    const refused = await runProgram(add, env)
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining('is this server itself') })
  })

  it('asks before it removes one, and removes nothing without an answer', async () => {
    const refused = await cli('remove', 'https://listed.example.com')
    expect(refused).toMatchObject({ code: 5 })
    expect(refused.stderr).toContain('tokens of https://listed.example.com would not be accepted any more')
    expect(await json('list')).toHaveLength(1)
    expect(await cli('remove', 'https://listed.example.com', '--yes')).toMatchObject({ code: 0 })
    expect(await json('list')).toEqual([])
    expect(await cli('remove', 'https://listed.example.com', '--yes')).toMatchObject({ code: 5 })
  })

  it.each<[string, readonly string[], number, string]>([
    ['no audience', ['--tenant-claim', 'org'], 3, 'audience is missing'],
    ['no tenant', ['--audience', 'resource'], 3, 'tenant is missing'],
    ['two tenants', [...plain, '--tenant', 'acme-corp'], 3, 'tenant says either claim or slug'],
    ['a tenant that is not there', ['--audience', 'resource', '--tenant', 'nobody'], 5, 'there is no tenant nobody'],
    ['an application that is not there', [...plain, '--application', 'nobody'], 5, 'there is no application nobody'],
    ['one value for every application', ['--audience', 'api', '--tenant-claim', 'org'], 3, 'name its application'],
    ['an algorithm with a shared secret', [...plain, '--algorithm', 'HS256'], 3, 'none of RS256'],
    ['a skew that is no number', [...plain, '--skew', 'much'], 3, 'skewSeconds is not a whole number'],
    ['a claim without a place', [...plain, '--claim', 'roles'], 5, 'is not of the form'],
  ])('refuses %s, and says why', async (_case, flags, code, reason) => {
    const finished = await cli('add', 'https://wrong.example.com', ...flags)
    expect(finished.code).toBe(code)
    expect(finished.stderr).toContain(reason)
  })

  it('knows a shared issuer of Entra ID by every name that it is written by', async () => {
    const common = 'https://login.microsoftonline.com/common/v2.0'
    const entra = ['--preset', 'entra', '--audience', 'api', '--tenant-claim', 'tid', '--application']
    const [application] = JSON.parse((await site.run('application', 'list', '--json')).stdout) as {
      clientId: string
    }[]
    expect(await cli('add', common, ...entra, application?.clientId ?? '')).toMatchObject({ code: 0 })
    expect(await json('show', common)).toMatchObject({ issuer: 'https://login.microsoftonline.com/{tid}/v2.0' })
    expect(await cli('remove', common, '--yes')).toMatchObject({ code: 0 })
  })
})

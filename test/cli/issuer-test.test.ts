import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CliSite } from '../support/cli-site.js'
import { HostileIssuer } from '../support/hostile-issuer.js'
import { runProgram, type Finished } from '../support/server-process.js'
import { until } from '../support/until.js'

let site: CliSite
let issuer: HostileIssuer

beforeAll(async () => {
  site = await CliSite.start()
  issuer = await HostileIssuer.start({ resource: site.server.url })
  const flags = ['--audience', 'resource', '--tenant', 'acme-corp', '--private-network', '--claim', 'roles=roles']
  const logout = ['--logout-client-id', issuer.clientId]
  expect(await site.run('issuer', 'add', issuer.issuer, ...flags, ...logout)).toMatchObject({ code: 0 })
}, 60_000)
afterAll(async () => {
  await issuer?.close()
  await site?.close()
})

const test = (...args: readonly string[]): Promise<Finished> => site.run('issuer', 'test', issuer.issuer, ...args)
const testToken = (token: string, ...args: readonly string[]): Promise<Finished> =>
  site.runWithInput(token, 'issuer', 'test', issuer.issuer, '--token', '-', ...args)

interface Report {
  readonly trustedBy: string
  readonly outcome: string
  readonly steps: readonly { readonly about: string; readonly outcome: string; readonly reason?: string }[]
}

async function failuresOf(token: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { code, stdout } = await testToken(token, '--json', ...args)
  const { outcome, steps }: Report = JSON.parse(stdout)
  expect(code).toBe(outcome === 'passed' ? 0 : 1)
  return steps.filter((step) => step.outcome === 'failed').map(({ about }) => about)
}

describe('authsec issuer test', () => {
  it('says where the keys of an issuer are and which can be used', async () => {
    const { code, stdout } = await test()
    expect(code).toBe(0)
    expect(stdout).toContain(`${issuer.issuer}, as the database says`)
    expect(stdout).toMatch(/✓ metadata +http:.*openid-configuration; keys at http:.*\/jwks/)
    expect(stdout).toContain(`${issuer.key.kid}: ES256`)
  })

  it('fails for an issuer that is another one, and for one that is not there', async () => {
    issuer.metadata = { issuer: 'https://other.example' }
    const wrong = await test()
    issuer.metadata = {}
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('the issuer cannot be used: metadata') })
    const absent = await site.run('issuer', 'test', 'http://127.0.0.1:1', '--private-network')
    expect(absent).toMatchObject({ code: 1, stdout: expect.stringContaining('ERR_IDP_UNAVAILABLE') })
  })

  it('goes on with the tenant and the account behind a token that is accepted', async () => {
    const unknown = await testToken(issuer.sign())
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('the token would be refused: account') })
    expect(unknown.stdout).toContain('ERR_ACCOUNT_UNKNOWN: the tenant has no account for this subject')
    expect(unknown.stdout).toContain(
      `authsec account identity add EMAIL --tenant acme-corp --issuer ${issuer.issuer} --subject user-1`,
    )
    const rule = ['access-rule', 'set', '--tenant', 'acme-corp', '--sign-up', 'everybody', '--yes']
    expect(await site.run(...rule)).toMatchObject({ code: 0 })
    const known = await testToken(issuer.sign())
    expect(known).toMatchObject({ code: 0 })
    expect(known.stdout).toMatch(/✓ account +user-1 in acme-corp: signed-up, grants catalogue; holds roles admin/)
  })

  it('knows who has signed out at the issuer since', async () => {
    const flags = ['--audience', 'resource', '--tenant', 'acme-corp', '--private-network', '--replace']
    const logout = ['--logout-client-id', issuer.clientId]
    expect(await site.run('issuer', 'add', issuer.issuer, ...flags, ...logout)).toMatchObject({ code: 0 })
    const token = issuer.sign({ claims: { sub: 'user-2', sid: 'session-2' } })
    expect(await failuresOf(token)).toEqual([])
    const body = new URLSearchParams({
      logout_token: issuer.signLogout({ claims: { sub: 'user-2', sid: 'session-2' } }),
    })
    const url = new URL('/authsec/backchannel-logout', site.server.url)
    await until(async () => (await fetch(url, { method: 'POST', body })).status === 200)
    expect(await failuresOf(token)).toEqual(['logout'])
  })

  it('says that a token is encrypted', async () => {
    const { stdout } = await testToken(`${issuer.sign()}.e.e`)
    expect(stdout).toContain('the token is encrypted (JWE): nobody but its issuer can read it')
  })

  it('names every reason at once for a token that is refused', async () => {
    expect(await failuresOf(issuer.sign({ claims: { aud: 'x', sub: '' }, header: { typ: 'JWT' } }))).toEqual(
      expect.arrayContaining(['header', 'audience', 'subject', 'verdict']),
    )
    expect(await failuresOf(issuer.sign({ claims: { iss: 'https://other.example' } }))).toEqual(['issuer', 'verdict'])
    expect(await failuresOf('garbage')).toEqual(['form'])
  })

  it('goes by AUTHSEC_ISSUERS where no server has run, and says where nobody names the issuer', async () => {
    const named = { issuer: issuer.issuer, audience: 'resource', tenant: { claim: 'tenant_id' }, network: 'private' }
    const env = { AUTHSEC_HOME: join(site.home.path, 'nowhere'), AUTHSEC_ISSUERS: JSON.stringify([named]) }
    const known = await runProgram(['dist/cli/main.js', 'issuer', 'test', issuer.issuer], env)
    expect(known).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${issuer.issuer}, as AUTHSEC_ISSUERS says`),
    })
    const unknown = await site.run('issuer', 'test', 'https://nobody.invalid')
    expect(unknown.stdout).toContain('what the code of a server says is not read here: repeat it with flags')
  })

  it('says in terms of its own flags what is wrong with an issuer', async () => {
    const { code, stderr } = await site.run('issuer', 'test', 'http://127.0.0.1:1')
    expect(code).toBe(3)
    expect(stderr).toMatch(/of the command line: issuer uses http: .*--private-network/)
  })

  it('refuses a token whose session the issuer has ended, as a server does', async () => {
    const token = issuer.sign({ claims: { sid: 'ended' } })
    const logout = new URLSearchParams({
      logout_token: issuer.signLogout({ claims: { sub: undefined, sid: 'ended' } }),
    })
    const place = `${site.server.origin}/authsec/backchannel-logout`
    expect((await fetch(place, { method: 'POST', body: logout })).status).toBe(200)
    expect(await failuresOf(token)).toContain('logout')
    expect(await failuresOf(issuer.sign())).not.toContain('logout')
  })

  it('holds a token against what the flags say instead', async () => {
    const flags = ['--private-network', '--audience', 'api://tools', '--tenant-claim', 'tenant_id']
    const token = issuer.sign({ claims: { aud: 'api://tools' } })
    expect(await failuresOf(token)).toContain('audience')
    expect(await failuresOf(token, ...flags)).toEqual(['registry'])
  })

  it('reads a token from a file, and never prints it', async () => {
    const token = issuer.sign()
    const file = join(site.home.path, 'token')
    await writeFile(file, `${token}\n`)
    expect(await failuresOf(`Bearer ${token}\n`)).toEqual([])
    const { stdout, stderr } = await test('--token', file)
    expect(stdout).toContain('✓ signature')
    for (const part of token.split('.')) expect(stdout + stderr).not.toContain(part)
  })

  it.each([
    [['--audience', ''], 3],
    [['--algorithm', 'HS256'], 3],
    [['--token', '/nowhere'], 5],
    [['--resource', 'mcp', '--token', '-'], 3],
  ])('refuses %j with exit code %d', async (args, code) => {
    expect(await site.runWithInput('x', 'issuer', 'test', issuer.issuer, ...args)).toMatchObject({ code })
  })
})

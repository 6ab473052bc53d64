import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CliSite } from '../support/cli-site.js'
import { runProgram, type Finished } from '../support/server-process.js'
import { OutsideProvider } from '../support/upstream/outside-provider.js'

const secret = 'a-secret-of-our-client-there'

let site: CliSite
let outside: OutsideProvider

beforeAll(async () => {
  outside = await OutsideProvider.start({ clientSecret: secret })
  site = await CliSite.stopped()
}, 60_000)
afterAll(async () => {
  await site?.close()
  await outside?.close()
})

const cli = (...args: readonly string[]): Promise<Finished> => site.run('provider', ...args)
const json = async (...args: readonly string[]) => JSON.parse((await site.done('provider', ...args, '--json')).stdout)
const tenant = async () => {
  const { stdout } = await site.run('tenant', 'list', '--json')
  return (JSON.parse(stdout) as { slug: string }[]).map(({ slug }) => slug)
}

describe('authsec provider', () => {
  it('puts a provider on the sign-in page, shows what is decided about it, never its secret, and tests it', async () => {
    const [slug = '', another = ''] = await tenant()
    const where = ['--tenant', slug]
    const said = [
      ...['add', 'Corp', ...where, '--kind', 'oidc', '--issuer', outside.issuer],
      ...['--client-id', outside.clientId, '--client-secret-file', '-', '--private-network'],
    ]
    const added = await site.runWithInput(`${secret}\n`, 'provider', ...said)
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('1 added') })
    expect(added.stderr).toMatch(
      /redirect URI to register there: http:\/\/\S+\/authsec\/federation\/callback\/[0-9a-f-]{36}/,
    )
    expect(added.stderr).toContain('warning: nobody enters by it yet: link accounts (authsec account identity add')
    const shown = await json('show', 'Corp', ...where)
    expect(shown).toMatchObject({
      ...{ tenant: slug, name: 'Corp', kind: 'oidc', issuer: outside.issuer, clientId: outside.clientId, position: 0 },
      ...{ clientSecret: 'set', scopes: ['openid', 'email', 'profile'], reach: 'private', pkce: 'advertised' },
    })
    const list = await cli('list')
    expect(list.stdout).toMatch(new RegExp(`TENANT +NAME +KIND.*\n${slug} +Corp +oidc +${outside.issuer} +all`))
    if (another !== '') expect(await json('list', '--tenant', another)).toEqual([])

    const tested = await cli('test', 'Corp', ...where)
    expect(tested).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing stands in the way') })
    // What would clear a terminal, rename its window, and turn its text around.
    const steering = '\u001b[2J\u001b]0;x\u0007\u009b2J\u202e\u0000'
    const evil = { issuer: `https://evil.example/${steering}`, token_endpoint: `https://evil.example/${steering}` }
    outside.metadata = { code_challenge_methods_supported: ['plain'], ...evil }
    const failed = await cli('test', 'Corp', ...where)
    const failedAsJson = await cli('test', 'Corp', ...where, '--json')
    outside.reset()
    for (const { stderr, stdout } of [failed, failedAsJson])
      expect(stderr + stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
    expect(JSON.parse(failedAsJson.stdout)).toMatchObject({
      problems: [expect.any(String), expect.any(String), expect.any(String)],
    })
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/in the way/) })
    expect(failed.stdout).toMatch(/✗ .*\n[^]*redirect URI to register there: http/)
    const rows = await site.audit.all()
    const texts = [added, list, tested, failed].flatMap(({ stderr, stdout }) => [stderr, stdout])
    for (const text of [...texts, JSON.stringify(shown), JSON.stringify(rows)]) expect(text).not.toContain(secret)
    expect(rows.filter(({ reason }) => reason === 'provider_added')).toHaveLength(1)

    const again = await site.runWithInput(secret, 'provider', ...said)
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining('there is a provider Corp already') })
    const replaced = await site.runWithInput(secret, 'provider', ...said, '--replace', '--scope', 'email')
    expect(replaced).toMatchObject({ code: 0, stdout: expect.stringContaining('1 changed') })
    const unsure = await cli('remove', 'Corp', ...where)
    expect(unsure).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('nobody could sign in with Corp any more'),
    })
    expect(await cli('remove', 'Corp', ...where, '--yes')).toMatchObject({ code: 0 })
    expect(await json('list')).toEqual([])
    expect(await cli('test', 'Corp', ...where)).toMatchObject({ code: 5 })
  }, 90_000)

  it('says all that is wrong with a provider at once, and puts none there', async () => {
    const [slug = ''] = await tenant()
    const wrong = [
      'add',
      'Corp',
      '--tenant',
      slug,
      '--kind',
      'google',
      '--issuer',
      'http://evil.example',
      '--secret-in',
      'x',
    ]
    const refused = await cli(...wrong)
    expect(refused).toMatchObject({ code: 3 })
    for (const word of ['issuer', 'clientId', 'secretIn']) expect(refused.stderr).toContain(word)
    const unknown = [
      'add',
      'Hub',
      '--tenant',
      slug,
      '--kind',
      'github',
      '--client-id',
      'us',
      '--client-secret-file',
      '-',
    ]
    expect(await site.runWithInput('', 'provider', ...unknown)).toMatchObject({ code: 5 })
    const mirror = ['add', 'Mirror', '--tenant', slug, '--kind', 'oidc', '--client-id', 'us', '--issuer']
    const self = await site.run('provider', ...mirror, 'http://127.0.0.1:3005/oauth', '--private-network')
    expect(self).toMatchObject({ code: 3, stderr: expect.stringContaining('is this server itself') })
    const elsewhere = await site.runWithInput(secret, 'provider', ...unknown, '--application', 'nowhere')
    expect(elsewhere).toMatchObject({ code: 5, stderr: expect.stringContaining('there is no application nowhere') })
    expect(await json('list')).toEqual([])
  }, 90_000)

  it('and an issuer whose tokens are taken never go by one name, whichever comes first', async () => {
    const [slug = ''] = await tenant()
    const name = 'https://idp.example'
    const issuer = (...args: readonly string[]) => site.run('issuer', ...args)
    const trusted = ['add', name, '--audience', 'resource', '--tenant', slug] as const
    const at = (what: string) => [`--${what}-url`, `${name}/${what}`]
    const bare = [
      ...['add', 'Bare', '--tenant', slug, '--kind', 'oauth2', '--issuer', name, '--client-id', 'us'],
      ...['--assume-pkce', '--member', 'subject=id', ...['authorization', 'token', 'userinfo'].flatMap(at)],
    ]
    expect(await issuer(...trusted)).toMatchObject({ code: 0 })
    expect(await cli(...bare)).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining('with kind oauth2 others could pass for its users') },
    })
    expect(await issuer('remove', name, '--yes')).toMatchObject({ code: 0 })
    expect(await cli(...bare)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 added') })
    expect(await issuer(...trusted)).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining(`the provider Bare of ${slug} goes by ${name}`) },
    })
    const named = JSON.stringify([{ issuer: name, audience: 'resource', tenant: { slug } }])
    const env = { AUTHSEC_HOME: site.home.path, AUTHSEC_ISSUERS: named }
    const posing = await runProgram(['dist/cli/main.js', 'provider', 'test', 'Bare', '--tenant', slug], env)
    expect(posing).toMatchObject({ code: 1, stdout: expect.stringContaining('others could pass for its users') })
    const absent = { code: 5, stderr: expect.stringContaining('there is no issuer') }
    expect(await issuer('remove', name, '--yes')).toMatchObject(absent)
    expect(await cli('remove', 'Bare', '--tenant', slug, '--yes')).toMatchObject({ code: 0 })
  }, 120_000)

  it('and the access rule lets newcomers in by the domain of their address, with consent', async () => {
    const [slug = ''] = await tenant()
    const rule = (...args: readonly string[]) => site.run('access-rule', ...args, '--tenant', slug)
    const wanted = ['set', '--sign-up', 'domains', '--sign-up-domain', 'acme.test'] as const
    const opening = await rule(...wanted)
    expect(opening).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('verified address of acme.test would get an account'),
    })
    expect(await rule('set', '--sign-up', 'domains', '--yes')).toMatchObject({ code: 5 })
    expect(await rule(...wanted, '--yes')).toMatchObject({ code: 0 })
    expect((await rule('show')).stdout).toMatch(/domains +acme\.test +-/)
    const more = await rule('set', '--sign-up-domain', 'acme.test', '--sign-up-domain', 'acme.example')
    expect(more).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('verified address of acme.example would get'),
    })
    expect(await rule('set', '--sign-up', 'nobody')).toMatchObject({ code: 0 })
  }, 60_000)

  it('and nothing else lets users of a tenant in that takes no passwords, once somebody agrees', async () => {
    const [slug = ''] = await tenant()
    const passwords = (...args: readonly string[]) => site.run('tenant', 'passwords', slug, ...args)
    const useless = await passwords('refused', '--yes')
    expect(useless.stderr).not.toContain('would be signed out')
    expect(useless).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining('it has no provider') },
    })
    const corp = [
      'add',
      'Corp',
      '--tenant',
      slug,
      '--kind',
      'oidc',
      '--issuer',
      'https://idp.example',
      '--client-id',
      'us',
    ]
    expect(await cli(...corp)).toMatchObject({ code: 0 })
    expect(await passwords('refused')).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining('everybody who is signed in would be signed out') },
    })
    expect((await passwords()).stdout).toBe('accepted\n')
    const ends = async () => (await site.audit.all()).filter(({ detail }) => detail?.['sessions'] !== undefined).length
    const before = await ends()
    expect(await passwords('refused', '--yes')).toMatchObject({
      ...{ code: 0, stdout: expect.stringMatching(/1 changed[^]*signed out: 0 sessions/) },
      stderr: expect.stringContaining('passwords would let nobody in'),
    })
    // Nobody is signed in.
    expect(await ends()).toBe(before)
    const accounts = JSON.parse((await site.run('account', 'list', '--tenant', slug, '--json')).stdout)
    const env = { AUTHSEC_HOME: site.home.path, AUTHSEC_PUBLIC_URL: 'http://127.0.0.1:3005' }
    const words = ['account', 'reset', String(accounts[0]?.email), '--tenant', slug]
    const reset = await runProgram(['dist/cli/main.js', ...words], env)
    expect(reset).toMatchObject({ code: 5, stderr: expect.stringContaining('passwords let nobody in') })
    expect(await cli('remove', 'Corp', '--tenant', slug, '--yes')).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining('let passwords in first') },
    })
    expect(await passwords('accepted')).toMatchObject({ code: 0 })
    expect(await cli('remove', 'Corp', '--tenant', slug, '--yes')).toMatchObject({ code: 0 })
  }, 180_000)
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { BrowserJar, type Shown } from '../support/browser-jar.js'
import { CliSite } from '../support/cli-site.js'
import type { Finished } from '../support/server-process.js'

let site: CliSite

beforeAll(async () => {
  site = await CliSite.start()
}, 60_000)
afterAll(() => site?.close())

const cli = (...args: readonly string[]): Promise<Finished> => site.run('account', ...args, '--tenant', 'acme-corp')
const chosen = 'seven tall lanterns hum'

/** Opens a link and chooses a password. */
async function choose(url: string): Promise<Shown> {
  const jar = new BrowserJar()
  return jar.press(await jar.open(url), 'set', { fields: { password: chosen, repeated: chosen } })
}

describe('authsec account invite and reset', () => {
  it('print a link of the running server once, by which its user chooses a password', async () => {
    const invited = await cli('invite', 'zoe@company.com', '--role', 'analyst')
    expect(invited).toMatchObject({ code: 0, stderr: expect.stringContaining('zoe@company.com of acme-corp alone') })
    const url = invited.stdout.trim()
    expect(url).toMatch(new RegExp(`^${site.server.origin}/authsec/account/password/acme-corp/[\\w-]{43}$`))
    expect(JSON.parse((await cli('show', 'zoe@company.com', '--json')).stdout)).toMatchObject({
      assigned: { roles: ['analyst'] },
      password: 'none',
    })
    const again = (await cli('invite', 'zoe@company.com', '--expires', '30m')).stdout.trim()
    expect((await choose(url)).status).toBe(400)
    expect((await choose(again)).html).toContain('Your password is set')
    expect(await cli('invite', 'zoe@company.com')).toMatchObject({ code: 5, stderr: expect.stringMatching(/reset/) })
    const reset = JSON.parse((await cli('reset', 'zoe@company.com', '--json')).stdout) as {
      url: string
      purpose: string
    }
    expect(reset).toMatchObject({ purpose: 'reset', tenant: 'acme-corp', email: 'zoe@company.com' })
    expect((await choose(reset.url)).html).toContain('Your password is set')
    const text = JSON.stringify(await site.audit.all()) + site.server.stdout() + site.server.stderr()
    for (const secret of [url, again, reset.url]) expect(text).not.toContain(secret.slice(-43))
  }, 60_000)

  it.each([
    [['reset', 'nobody@company.com'], /no account nobody@company.com/],
    [['invite', 'x@company.com', '--expires', '31d'], /--expires/],
    [['invite', 'x@company.com', '--expires', 'soon'], /--expires/],
    [['invite', 'x@company.com', '--role', 'nope'], /no role nope/],
    [['invite', 'no address'], /address/],
  ])('refuse what cannot be: %p', async (args, fault) => {
    expect(await cli(...args)).toMatchObject({ code: 5, stdout: '', stderr: expect.stringMatching(fault) })
  })
})

describe('a password that an administrator gives', () => {
  it('is held to the same rules', async () => {
    const add = (password: string): Promise<Finished> =>
      site.runWithInput(password, 'account', 'add', 'pat@company.com', '--tenant', 'acme-corp')
    for (const [password, fault] of [
      ['short', /at least 12/],
      ['password1234', /common and stolen/],
      ['pat@company.com', /your name, address/],
      ['acme-corp-2026', /your name, address/],
    ] as const) {
      expect(await add(password)).toMatchObject({ code: 5, stdout: '', stderr: expect.stringMatching(fault) })
    }
    expect(await add(chosen)).toMatchObject({ code: 0 })
  }, 60_000)
})

describe('authsec account factor', () => {
  it('lists, requires, waives and removes, on record', async () => {
    const listed = async (...args: readonly string[]): Promise<unknown> =>
      JSON.parse((await cli('factor', 'list', ...args, '--json')).stdout)
    expect(await listed('john@company.com')).toEqual([{ email: 'john@company.com', kinds: [], demand: 'optional' }])
    expect((await cli('factor', 'require', 'john@company.com')).stdout).toContain('required for john@company.com')
    expect((await cli('factor', 'require', 'john@company.com')).stdout).toContain('as it was')
    expect(await listed('john@company.com')).toMatchObject([{ demand: 'required' }])
    await cli('factor', 'waive', 'john@company.com')
    await cli('factor', 'require', '--everybody')
    expect(await listed()).not.toContainEqual(expect.objectContaining({ demand: 'optional' }))
    await cli('factor', 'waive', '--everybody')
    expect(await listed('john@company.com')).toMatchObject([{ demand: 'optional' }])
    expect(await cli('factor', 'require')).toMatchObject({ code: 5 })
    expect(await cli('factor', 'require', 'john@company.com', '--everybody')).toMatchObject({ code: 5 })
    expect(await cli('factor', 'list', 'nobody@company.com')).toMatchObject({ code: 5 })
    expect(await cli('factor', 'remove', 'john@company.com')).toMatchObject({ code: 5 })
    expect(await cli('factor', 'remove', 'john@company.com', '--yes')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('has no second factor'),
    })
    const rows = (await site.audit.all()).filter(({ reason }) => reason === 'account_security_changed')
    expect(rows.filter(({ detail }) => JSON.stringify(detail).includes('factor required'))).toHaveLength(2)
  }, 90_000)
})

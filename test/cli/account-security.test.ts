import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Secret, TOTP } from 'otpauth'
import { BrowserJar, type Shown } from '../support/browser-jar.js'
import { CliSite } from '../support/cli-site.js'
import { connectUser, statusFor, type User } from '../support/connected-user.js'
import { keyOn } from '../support/factor-pages.js'
import type { HeadlessClient } from '../support/headless-client.js'
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

describe('what is signed in as an account', () => {
  const identity = ['--issuer', 'https://idp.test', '--subject', 'ana there']
  const user = async (email: string): Promise<User> => {
    const found = (await site.home.accounts()).find((one) => one.email === email)
    if (found === undefined) throw new Error('no such account')
    return found
  }
  const sessions = async (email: string): Promise<unknown> => {
    const { stdout } = await site.run('session', 'list', '--user', email, '--json')
    return JSON.parse(stdout)
  }
  /** Sets an authenticator app up where that is asked for. */
  const enrolling = async (jar: BrowserJar, shown: Shown): Promise<Shown> => {
    const code = new TOTP({ secret: Secret.fromBase32(keyOn(shown)) }).generate()
    return jar.press(await jar.press(shown, 'factor-enrol-code', { fields: { code } }), 'factor-done')
  }

  it('ends where what it proves itself with changes, and nothing else does', async () => {
    const [ana, john] = [await user('ana@company.com'), await user('john@company.com')]
    const bystander = await connectUser(site.server, john)
    const ends = async (client: HeadlessClient, ...args: readonly string[]): Promise<void> => {
      expect(await statusFor(site.server, client)).not.toBe(401)
      const { code, stdout } = await cli(...args)
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/signed out: [1-9]\d* sessions/) })
      expect(await statusFor(site.server, client)).toBe(401)
      expect(await sessions(ana.email)).toEqual([])
      expect(await statusFor(site.server, bystander)).not.toBe(401)
    }
    await cli('identity', 'add', ana.email, ...identity)
    await ends(await connectUser(site.server, ana), 'identity', 'remove', ana.email, ...identity)
    await ends(await connectUser(site.server, ana), 'factor', 'require', ana.email)
    const enrolled = await connectUser(site.server, ana, enrolling)
    expect(await cli('factor', 'remove', ana.email)).toMatchObject({
      ...{ code: 5, stderr: expect.stringContaining(`what is signed in as ${ana.email} would be signed out`) },
    })
    await ends(enrolled, 'factor', 'remove', ana.email, '--yes')
    await cli('factor', 'waive', ana.email)
    const stays = await connectUser(site.server, ana)
    for (const args of [
      ['factor', 'waive', ana.email],
      ['factor', 'remove', ana.email, '--yes'],
      ['identity', 'add', ana.email, '--issuer', 'https://idp.test', '--subject', 'ana elsewhere'],
    ]) {
      const { stderr, stdout } = await cli(...args)
      expect(stdout + stderr).not.toContain('signed out')
    }
    expect(await statusFor(site.server, stays)).not.toBe(401)
    await ends(stays, 'set-password', ana.email, '--generate-password')
    const everybody = await cli('factor', 'require', '--everybody', '--yes')
    expect(everybody.stdout).toMatch(/required for everybody; signed out: [1-9]/)
    expect(await statusFor(site.server, bystander)).toBe(401)
    await cli('factor', 'waive', '--everybody')
  }, 120_000)
})

describe('authsec account factor', () => {
  it('lists, requires, waives and removes, on record', async () => {
    const listed = async (...args: readonly string[]): Promise<unknown> =>
      JSON.parse((await cli('factor', 'list', ...args, '--json')).stdout)
    const required = async (): Promise<readonly unknown[]> =>
      (await site.audit.all()).filter(({ detail }) => JSON.stringify(detail?.['after'])?.includes('factor required'))
    const before = await required()
    expect(await listed('john@company.com')).toEqual([{ email: 'john@company.com', kinds: [], demand: 'optional' }])
    expect((await cli('factor', 'require', 'john@company.com')).stdout).toContain('required for john@company.com')
    expect((await cli('factor', 'require', 'john@company.com')).stdout).toContain('as it was')
    expect(await listed('john@company.com')).toMatchObject([{ demand: 'required' }])
    await cli('factor', 'waive', 'john@company.com')
    expect(await cli('factor', 'require', '--everybody')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('everybody of acme-corp who is signed in would be signed out'),
    })
    expect(await listed('john@company.com')).toMatchObject([{ demand: 'optional' }])
    await cli('factor', 'require', '--everybody', '--yes')
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
    expect(await required()).toHaveLength(before.length + 2)
  }, 90_000)
})

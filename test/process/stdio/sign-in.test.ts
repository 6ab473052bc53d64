import { chmod, chown, mkdtemp, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { expectedAccess } from '../../support/expected-access.js'
import { signInTools } from '../../support/login-clients.js'
import { temporaryHome, type TemporaryHome } from '../../support/server-process.js'
import { StdioProcess, type PasswordAccount, type StdioProcessOptions } from '../../support/stdio-process.js'
import { until } from '../../support/until.js'

const john = 'john@company.com'
const asRoot = process.getuid?.() === 0 ? it : it.skip
const signedIn = [...signInTools, ...expectedAccess[john]]

describe('the sign-in of an application on stdio', () => {
  let home: TemporaryHome
  let aside = ''
  let account: PasswordAccount
  let file = ''
  beforeAll(async () => {
    home = await temporaryHome()
    aside = await mkdtemp(join(tmpdir(), 'authsec-aside-'))
    const server = await start()
    const found = (await home.accounts()).find(({ email }) => email === john)
    if (found === undefined) throw new TypeError('john has no account')
    account = found
    expect(await server.signIn(account)).toMatchObject({ status: 'authenticated', user_info: { email: john } })
    expect(await server.list()).toEqual(signedIn)
    expect(await server.call('hello')).toBe(`Hello, ${john}!`)
    await server.close()
    const [name = ''] = await readdir(join(home.path, 'sign-ins'))
    file = join(home.path, 'sign-ins', name)
  }, 120_000)
  afterAll(async () => {
    await StdioProcess.killAll()
    await home.remove()
    await rm(aside, { recursive: true })
  })

  const start = (options: StdioProcessOptions = {}) => StdioProcess.start({ home: home.path, ...options })
  const listed = async (options: StdioProcessOptions = {}): Promise<readonly string[]> => {
    const server = await start(options)
    const names = await server.list()
    expect(await server.close()).toEqual({ code: 0, signal: null })
    return names
  }

  it('is kept in one file for its owner alone, which says nothing of the user', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(home.path, 'sign-ins'))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(home.path, 'sign-ins'))).toHaveLength(1)
    expect(await readFile(file, 'utf8')).not.toMatch(/john|@|password|eyJ/)
  })

  it('is there at once after a restart, wherever it is started', async () => {
    expect(await listed({ cwd: aside })).toEqual(signedIn)
  }, 60_000)

  it('belongs to the application alone', async () => {
    expect(await listed({ env: { AUTHSEC_CLIENT_ID: 'another' } })).toEqual(signInTools)
  }, 60_000)

  const spoiled: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['that others can read', () => chmod(file, 0o640)],
    ['that others can write', () => chmod(file, 0o606)],
    ['in a folder that others can write', () => chmod(join(home.path, 'sign-ins'), 0o777)],
    ['that is a link', () => rename(file, join(aside, 'x')).then(() => symlink(join(aside, 'x'), file))],
    ['that is no JSON', () => writeFile(file, 'secret')],
    ['that is empty', () => writeFile(file, '')],
    ['that is too long', () => writeFile(file, ' '.repeat(5_000), { flag: 'a' })],
    ['with another secret', () => edit((text) => text.replace(/"secret":"..../, '"secret":"AAAA'))],
    ['of another tenant', () => edit((text) => text.replace('acme-corp', 'globex'))],
    ['of a tenant with another id', () => edit((text) => text.replace(/"id":"..../, '"id":"0000'))],
    ['of a tenant that is not there', () => edit((text) => text.replace('acme-corp', 'initech'))],
    ['of a tenant that cannot be', () => edit((text) => text.replace('acme-corp', "'; drop table x"))],
  ]

  it('is none from a file that is not as it was written, and is back with the right one', async () => {
    const kept = await readFile(file, 'utf8')
    await chmod(file, 0o640)
    const server = await start()
    for (const [name, spoil] of spoiled) {
      await rm(file, { force: true })
      await writeFile(file, kept, { mode: 0o600 })
      await spoil()
      // The file is read each time, until it holds a sign-in.
      expect({ name, tools: await server.list() }).toEqual({ name, tools: signInTools })
      await chmod(join(home.path, 'sign-ins'), 0o700)
    }
    await rm(file)
    await writeFile(file, kept, { mode: 0o600 })
    expect(await server.list()).toEqual(signedIn)
    expect(await server.close()).toEqual({ code: 0, signal: null })
  }, 60_000)

  asRoot(
    'is none from a file of somebody else',
    async () => {
      await chown(file, 65_534, 65_534)
      expect(await listed()).toEqual(signInTools)
      await chown(file, 0, 0)
      expect(await listed()).toEqual(signedIn)
    },
    60_000,
  )

  it('counts in every process, and ends in all of them at once', async () => {
    const [one, other] = await Promise.all([start(), start()])
    for (const server of [one, other]) expect(await server.list()).toEqual(signedIn)
    expect(await one.facts('oauth_logout')).toMatchObject({ status: 'logged_out' })
    expect(await other.call('hello')).toBe('Unknown tool: hello')
    await until(() => other.messages.some(({ method }) => method === 'notifications/tools/list_changed'))
    expect(await other.list()).toEqual(signInTools)
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await one.signIn(account)).toMatchObject({ status: 'authenticated' })
    expect(await other.call('hello')).toBe(`Hello, ${john}!`)
    await Promise.all([one.close(), other.close()])
  }, 120_000)

  it('holds where it cannot be kept, and the operator is told', async () => {
    await rm(join(home.path, 'sign-ins'), { recursive: true })
    await writeFile(join(home.path, 'sign-ins'), 'in the way')
    const server = await start()
    expect(await server.signIn(account)).toMatchObject({ status: 'authenticated' })
    expect(await server.call('hello')).toBe(`Hello, ${john}!`)
    expect(server.stderr).toContain('could not be kept')
    expect(server.strayOutput).toEqual([])
    await server.close()
    expect(await listed()).toEqual(signInTools)
    await rm(join(home.path, 'sign-ins'))
  }, 120_000)

  async function edit(change: (text: string) => string): Promise<void> {
    const text = await readFile(file, 'utf8')
    expect(change(text)).not.toBe(text)
    await writeFile(file, change(text))
  }
})

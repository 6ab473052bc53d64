import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { grantsOf } from '../../../src/core/permission/grants.js'
import { processesBelow } from '../../support/embedded-home.js'
import { openTestPostgres } from '../../support/postgres.js'
import { temporaryHome, type TemporaryHome } from '../../support/server-process.js'
import { StdioProcess } from '../../support/stdio-process.js'
import { until } from '../../support/until.js'

const secrets = { STRIPE_KEY: 'marker-of-the-user', CLIENT_SECRET: 'marker-too', NODE_OPTIONS: '--no-warnings' }

const production = `
import ${JSON.stringify(pathToFileURL(resolve('dist/stdio.js')).href)}
import { allowInProcessManager, createAuthSecApp, protectedByAuthSec, publicTool } from ${JSON.stringify(pathToFileURL(resolve('dist/index.js')).href)}
const inherited = publicTool('inherited', {}, () => ({ names: Object.keys(process.env) }))
const tools = [protectedByAuthSec('hello', {}, () => 'hello'), inherited]
const app = createAuthSecApp({ tools, clientId: 'ledger', [allowInProcessManager]: true })
await app.stdio()
`

describe('what a server on stdio hands on to what it starts', () => {
  let folder = ''
  let home: TemporaryHome
  const browser = (): string => join(folder, 'browser.sh')
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authsec-stdio-'))
    home = await temporaryHome()
    await writeFile(browser(), '#!/bin/sh\nenv > "$0.env"\nprintf "%s" "$1" > "$0.url"\n')
    await chmod(browser(), 0o755)
    await writeFile(join(folder, 'refuses.sh'), '#!/bin/sh\nexit 1\n')
    await chmod(join(folder, 'refuses.sh'), 0o755)
    await writeFile(join(folder, 'production.mjs'), production)
  })
  afterAll(async () => {
    await StdioProcess.killAll()
    await rm(folder, { recursive: true })
    await home.remove()
  })

  const opening = () => ({
    ...secrets,
    AUTHSEC_OPEN_BROWSER: undefined,
    BROWSER: browser(),
    XDG_MENU_PREFIX: 'x-',
    DISPLAY: undefined,
  })

  /** The environment of the browser that `oauth_start` opens. */
  const seenByBrowser = async (server: StdioProcess): Promise<string> => {
    const started = await server.facts('oauth_start')
    expect(started['browser_opened']).toBe(true)
    await until(() => existsSync(`${browser()}.url`))
    const url = await readFile(`${browser()}.url`, 'utf8')
    expect(url).toMatch(new RegExp(`^${server.pagesUrl}/authsec/login/[\\w-]{43}$`))
    expect(JSON.stringify([started, server.stderr, ...server.lines])).not.toContain(url)
    await rm(`${browser()}.url`)
    return readFile(`${browser()}.env`, 'utf8')
  }

  it('has no secret in it: neither for the browser nor for the database', async () => {
    const masterKey = randomBytes(32).toString('base64')
    const env = { ...opening(), AUTHSEC_MASTER_KEY: masterKey, AUTHSEC_CLIENT_ID: 'marked' }
    const sealed = await temporaryHome()
    const server = await StdioProcess.start({ home: sealed.path, env })
    const environment = await seenByBrowser(server)
    for (const line of ['XDG_MENU_PREFIX=x-', `BROWSER=${browser()}`, `PATH=${process.env['PATH']}`]) {
      expect(environment.split('\n')).toContain(line)
    }
    const others = processesBelow(sealed.path)
    expect(others.map(({ name }) => name)).toEqual(expect.arrayContaining(['postgres', 'sh']))
    const environments = others.map(({ pid }) => readFileSync(`/proc/${pid}/environ`, 'utf8'))
    const own = readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')
    const seen = [environment, own, ...environments, ...others.map(({ command }) => command.join(' '))]
    for (const text of seen)
      for (const secret of [masterKey, 'marker', 'AUTHSEC_', 'NODE_']) expect(text).not.toContain(secret)
    expect(environments.join('')).not.toContain('XDG_')
    await server.close()
    await sealed.remove()
  }, 90_000)

  it('has no secret in it in production either', async () => {
    const database = await openTestPostgres()
    const { accounts, applications, provisioner } = database.postgres
    const tenant = await provisioner.createTenant({ slug: 'acme-corp', name: 'Acme Corp' })
    await accounts.create(tenant, { email: 'john@company.com', grants: grantsOf({}) })
    await applications.register({ clientId: 'ledger', name: 'Ledger', tenant, admits: 'own' })
    const { host, port, user, password } = database.connection
    const authority = `${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}`
    const env = {
      ...opening(),
      NODE_ENV: 'production',
      AUTHSEC_MASTER_KEY: database.masterKey.reveal(),
      AUTHSEC_DATABASE_URL: `postgres://${authority}/${database.masterDatabase}?sslmode=disable`,
    }
    const server = await StdioProcess.start({ home: home.path, entry: join(folder, 'production.mjs'), env })
    const environment = await seenByBrowser(server)
    for (const secret of ['marker', 'AUTHSEC_', 'postgres://', password, env.AUTHSEC_MASTER_KEY]) {
      expect(environment).not.toContain(secret)
    }
    const { names } = await server.facts('inherited')
    expect(names).toContain('STRIPE_KEY')
    expect(names).not.toContain('AUTHSEC_MASTER_KEY')
    expect(names).not.toContain('AUTHSEC_DATABASE_URL')
    expect(server.strayOutput).toEqual([])
    expect(await server.close()).toEqual({ code: 0, signal: null })
    await database.close()
  }, 120_000)

  it('is nothing where no browser may be opened, and the user is told where one cannot be', async () => {
    const closed = await StdioProcess.start({ home: home.path, env: { ...opening(), AUTHSEC_OPEN_BROWSER: '0' } })
    expect(await closed.facts('oauth_start')).toMatchObject({ browser_opened: false })
    expect(existsSync(`${browser()}.url`)).toBe(false)
    await closed.close()
    const env = { ...opening(), BROWSER: join(folder, 'refuses.sh'), AUTHSEC_LOG_LEVEL: 'info' }
    const failing = await StdioProcess.start({ home: home.path, env })
    const started = await failing.facts('oauth_start')
    expect(started).toMatchObject({ browser_opened: false, next_step: expect.stringContaining('authorization_url') })
    expect(await failing.facts('oauth_start', { open_browser: false })).toMatchObject({ browser_opened: false })
    expect(failing.stderr.match(/no browser could be opened/g)).toHaveLength(1)
    expect(failing.stderr).not.toContain('/authsec/login/')
    await failing.close()
  }, 90_000)
})

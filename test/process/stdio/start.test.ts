import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { signInTools } from '../../support/login-clients.js'
import { startServerProcess, temporaryHome, type TemporaryHome } from '../../support/server-process.js'
import { StdioProcess, type StdioProcessOptions } from '../../support/stdio-process.js'

const href = (path: string): string => JSON.stringify(pathToFileURL(resolve(path)).href)

describe('the start of a server on stdio', () => {
  let folder = ''
  let home: TemporaryHome
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authsec-stdio-'))
    home = await temporaryHome()
    await writeFile(join(folder, 'a-file'), '')
    await writeFile(
      join(folder, 'run.mjs'),
      `import { runMcpServerWithOAuth } from ${href('dist/index.js')}
       import { QuickstartServer } from ${href('samples/quickstart/dist/quickstart-server.js')}
       await runMcpServerWithOAuth(QuickstartServer, { clientId: 'quickstart', tenants: 'any' })`,
    )
    await writeFile(
      join(folder, 'wrong.mjs'),
      `import ${href('dist/stdio.js')}
       import { createAuthSecApp, publicTool } from ${href('dist/index.js')}
       const tool = publicTool('same', {}, () => 'x')
       await createAuthSecApp({ tools: [tool, tool], clientId: 'x' }).stdio()`,
    )
  })
  afterAll(async () => {
    await StdioProcess.killAll()
    await rm(folder, { recursive: true })
    await home.remove()
  })

  const start = (options: StdioProcessOptions = {}) => StdioProcess.start({ home: home.path, ...options })
  const stop = async (...servers: readonly StdioProcess[]) => {
    for (const server of servers) {
      expect(await server.close()).toEqual({ code: 0, signal: null })
      expect(server.strayOutput).toEqual([])
    }
  }

  it('says that it is ready on standard error, and shows no password there', async () => {
    const fresh = await temporaryHome()
    const server = await start({ home: fresh.path, env: { AUTHSEC_LOG_LEVEL: 'debug' } })
    expect(server.stderr).toMatch(/^AuthSec ready: stdio\nAuthSec sign-in pages: http:\/\/127\.0\.0\.1:\d+\n/m)
    const accounts = await fresh.accounts()
    expect(accounts).toHaveLength(4)
    for (const { email, password } of accounts) {
      expect(server.stderr).toContain(email)
      expect(server.stderr).not.toContain(password)
    }
    expect(server.stderr).toContain(join(fresh.path, 'accounts.json'))
    expect(await server.list()).toEqual(signInTools)
    await stop(server)
    await fresh.remove()
  }, 90_000)

  it.each<[string, () => StdioProcessOptions, RegExp]>([
    [
      'an unknown variable',
      () => ({ env: { AUTHSEC_PUBLIC_ULR: 'x' } }),
      /unknown environment variable AUTHSEC_PUBLIC_ULR/,
    ],
    ['a value out of range', () => ({ env: { AUTHSEC_LOG_LEVEL: 'loud' } }), /AUTHSEC_LOG_LEVEL is one of/],
    ['a switch that is none', () => ({ env: { AUTHSEC_OPEN_BROWSER: 'maybe' } }), /AUTHSEC_OPEN_BROWSER is one of/],
    ['a port that is none', () => ({ env: { PORT: 'http' } }), /PORT is a number/],
    ['a home that is a file', () => ({ home: join(folder, 'a-file') }), /AUTHSEC_HOME .*a-file: it is no folder/],
    ['a home below a file', () => ({ home: join(folder, 'a-file', 'home') }), /AUTHSEC_HOME .*cannot be created/],
    ['a broken master key', () => ({ env: { AUTHSEC_MASTER_KEY: 'x' } }), /AUTHSEC_MASTER_KEY is not a key/],
    ['production without a database', () => ({ env: { NODE_ENV: 'production' } }), /outside development/],
    [
      'a transport that is none',
      () => ({ entry: join(folder, 'run.mjs'), env: { AUTHSEC_TRANSPORT: 'tcp' } }),
      /AUTHSEC_TRANSPORT is one of http, stdio/,
    ],
    ['code with a fault', () => ({ entry: join(folder, 'wrong.mjs') }), /two operations are called "same"/],
  ])(
    'is refused for %s, with the reason on standard error only',
    async (_name, options, reason) => {
      const finished = await new StdioProcess({ home: home.path, ...options() }).finished()
      expect(finished).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(reason) })
      expect(finished.stderr).not.toMatch(/ready|^ +at /m)
    },
    60_000,
  )

  it('is refused where the port for the pages is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const finished = await new StdioProcess({ home: home.path, env: { PORT: port } }).finished()
    other.close()
    await once(other, 'close')
    expect(finished).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('set PORT to another one') })
    const server = await start({ env: { PORT: port } })
    expect(server.pagesUrl).toBe(`http://127.0.0.1:${port}`)
    expect((await fetch(`${server.pagesUrl}/mcp`, { method: 'POST' })).status).toBe(404)
    await stop(server)
  }, 90_000)

  it('heeds neither HOST nor AUTHSEC_PUBLIC_URL, and needs no HOME', async () => {
    const env = {
      HOST: '0.0.0.0',
      AUTHSEC_PUBLIC_URL: 'https://mcp.example.com',
      AUTHSEC_LOGIN: 'oauth',
      HOME: undefined,
    }
    const server = await start({ env })
    expect(server.pagesUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await server.list()).toEqual(signInTools)
    expect(String((await server.facts('oauth_start'))['authorization_url'])).toContain(server.pagesUrl)
    await stop(server)
  }, 60_000)

  it('has its pages at the same address at each start, so that browsers know them again, unless that is taken', async () => {
    const first = await start()
    const beside = await start()
    expect(beside.pagesUrl).not.toBe(first.pagesUrl)
    await stop(first, beside)
    const again = await start()
    expect(again.pagesUrl).toBe(first.pagesUrl)
    await stop(again)
  }, 60_000)

  it('keeps to the home beside the program, wherever it is started', async () => {
    const project = join(folder, 'project')
    await mkdir(join(project, 'elsewhere'), { recursive: true })
    await writeFile(join(project, 'package.json'), '{}')
    await writeFile(
      join(project, 'stdio.mjs'),
      `import ${href('dist/stdio.js')}\nimport app from ${href('samples/quickstart/dist/app.js')}\nawait app.stdio()`,
    )
    const env = { AUTHSEC_HOME: undefined }
    const server = new StdioProcess({ entry: join(project, 'stdio.mjs'), cwd: join(project, 'elsewhere'), env })
    await server.ready()
    expect((await stat(join(project, '.authsec', 'accounts.json'))).mode & 0o777).toBe(0o600)
    await stop(server)
  }, 90_000)

  it('serves beside others of the same home, on stdio and HTTP', async () => {
    const http = await startServerProcess({ home: home.path })
    const both = await Promise.all([start(), start({ cwd: folder })])
    for (const server of both) expect(await server.list()).toEqual(signInTools)
    expect(new Set([http.origin, ...both.map(({ pagesUrl }) => pagesUrl)]).size).toBe(3)
    await stop(...both)
    expect((await fetch(`${http.origin}/readyz`)).status).toBe(200)
    expect(await http.stop()).toBe(0)
  }, 120_000)

  it('is what runMcpServerWithOAuth does with AUTHSEC_TRANSPORT=stdio', async () => {
    const server = await start({ entry: join(folder, 'run.mjs'), env: { AUTHSEC_TRANSPORT: 'stdio' } })
    expect(await server.list()).toEqual(signInTools)
    await stop(server)
  }, 60_000)
})

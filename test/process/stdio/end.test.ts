import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { processesBelow } from '../../support/embedded-home.js'
import { callTool } from '../../support/mcp-harness.js'
import { cleanEnvironment, temporaryHome, type TemporaryHome } from '../../support/server-process.js'
import { StdioProcess } from '../../support/stdio-process.js'
import { until } from '../../support/until.js'

const href = (path: string): string => JSON.stringify(pathToFileURL(resolve(path)).href)

const slowServer = `
import ${href('dist/stdio.js')}
import { createAuthSecApp, publicTool } from ${href('dist/index.js')}
const tools = [
  publicTool('hang', { description: 'Never ends' }, () => new Promise(() => {})),
  publicTool('slow', { description: 'Takes a second' }, () => new Promise((done) => setTimeout(done, 1_000, 'done'))),
  publicTool('close', { description: 'Closes the app' }, () => { setTimeout(close, 50); return 'closing' }),
]
const app = createAuthSecApp({ tools, clientId: 'slow' })
async function close() {
  await app.close()
  console.log('closed')
}
await app.stdio()
`

/** A client that says where its server is and waits. */
const client = `
import { spawn } from 'node:child_process'
const server = spawn(process.execPath, process.argv.slice(2), { stdio: 'pipe' })
server.stderr.on('data', (text) => { if (String(text).includes('ready')) console.log(server.pid) })
setInterval(() => undefined, 1_000)
`

describe('a process that serves stdio', () => {
  let folder = ''
  let home: TemporaryHome
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authsec-stdio-'))
    home = await temporaryHome()
    await writeFile(join(folder, 'slow.mjs'), slowServer)
    await writeFile(join(folder, 'client.mjs'), client)
  })
  afterEach(() => until(() => processesBelow(home.path).length === 0, 20_000))
  afterAll(async () => {
    await StdioProcess.killAll()
    await rm(folder, { recursive: true })
    await home.remove()
  })

  const start = () => StdioProcess.start({ home: home.path })
  const startSlow = () => StdioProcess.start({ home: home.path, entry: join(folder, 'slow.mjs') })
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }

  it.each<[string, (server: StdioProcess) => Promise<unknown>, unknown]>([
    ['the end of its input', (server) => server.close(), { code: 0, signal: null }],
    ['SIGTERM', (server) => server.end('SIGTERM'), { code: 0, signal: null }],
    ['SIGINT', (server) => server.end('SIGINT'), { code: 0, signal: null }],
    ['SIGKILL', (server) => server.end('SIGKILL'), { code: null, signal: 'SIGKILL' }],
  ])(
    'ends with %s and leaves neither a process nor a word on standard output',
    async (_name, end, expected) => {
      const server = await start()
      expect(processesBelow(home.path).length).toBeGreaterThan(0)
      expect(await end(server)).toEqual(expected)
      expect(server.strayOutput).toEqual([])
      expect(server.stderr).toMatch(/^AuthSec ready: stdio\n/m)
      expect(server.stderr).not.toMatch(/"level":(40|50)/)
    },
    60_000,
  )

  it('answers what was asked before its input ended', async () => {
    const server = await startSlow()
    server.send(callTool('slow', {}, 'slow'))
    expect(await server.close()).toEqual({ code: 0, signal: null })
    expect(server.messages.at(-1)).toMatchObject({ id: 'slow', result: { content: [{ text: 'done' }] } })
  }, 60_000)

  it('ends when its input ended before it was ready', async () => {
    const server = new StdioProcess({ home: home.path })
    expect(await server.close()).toEqual({ code: 0, signal: null })
    expect(server.lines).toEqual([])
  }, 60_000)

  it('ends in time and in order for a client that closes its input and sends SIGTERM two seconds later', async () => {
    const server = await startSlow()
    server.send(callTool('hang', {}, 'hang'))
    await server.call('slow')
    const started = performance.now()
    const ended = server.close()
    await pause(2_000)
    server.child.kill('SIGTERM')
    expect(await ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - started).toBeLessThan(4_000)
    expect(server.messages.at(-1)).toMatchObject({ id: 'hang', error: { data: { code: 'SHUTTING_DOWN' } } })
  }, 60_000)

  it('ends at once when it is asked a second time', async () => {
    const server = await startSlow()
    server.send(callTool('hang', {}, 'hang'))
    await server.call('slow')
    const started = performance.now()
    const ended = server.end('SIGTERM')
    await pause(300)
    server.child.kill('SIGTERM')
    expect(await ended).toEqual({ code: 143, signal: null })
    expect(performance.now() - started).toBeLessThan(2_000)
  }, 60_000)

  it('does not wait for a browser that holds connections open', async () => {
    const server = await start()
    const { hostname, port } = new URL(server.pagesUrl)
    const sockets = [connect(Number(port), hostname), connect(Number(port), hostname)]
    for (const socket of sockets) socket.on('error', () => undefined)
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    sockets[0]?.write('GET /authsec/login/x HTTP/1.1\r\nHo')
    await pause(50)
    const started = performance.now()
    expect(await server.close()).toEqual({ code: 0, signal: null })
    expect(performance.now() - started).toBeLessThan(3_500)
    for (const socket of sockets) socket.destroy()
  }, 60_000)

  it('goes on after the program itself has closed the app', async () => {
    const server = await startSlow()
    await server.call('close')
    expect(await server.finished()).toMatchObject({ code: 0, stderr: expect.stringMatching(/^closed$/m) })
    expect(server.strayOutput).toEqual([])
  }, 60_000)

  it('ends when its client is killed', async () => {
    const entry = resolve('samples/quickstart/dist/stdio.js')
    const parent = spawn(process.execPath, [join(folder, 'client.mjs'), entry], {
      env: { ...cleanEnvironment(), AUTHSEC_HOME: home.path, AUTHSEC_LOG_LEVEL: 'debug' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [pid] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string]
    expect(isAlive(Number(pid))).toBe(true)
    parent.kill('SIGKILL')
    await until(() => !isAlive(Number(pid)), 10_000)
  }, 60_000)
})

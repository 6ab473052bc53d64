import { cp, mkdir, rm, symlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { appSource, ScratchApp } from '../support/scratch-app.js'
import { startServerProcess } from '../support/server-process.js'

/** Says when a port is opened, so that a test sees it. */
const probe = `import net from 'node:net'
const { listen } = net.Server.prototype
net.Server.prototype.listen = function (...args) { console.error('PORT OPENED'); return listen.apply(this, args) }
`
const imports = "import { createAuthSecApp, protectedByAuthSec, runMcpServerWithOAuth, McpServer } from 'authsec'\n"
const made =
  "const app = createAuthSecApp({ tools: [protectedByAuthSec('hello', {}, () => 'hi')], clientId: 'scratch' })\n"
const exported = 'export default app\n'

describe('the app that a command reads', () => {
  let scratch: ScratchApp
  beforeAll(async () => {
    scratch = await ScratchApp.create({ 'app.mjs': appSource({ hello: '{}' }) })
  })
  afterAll(async () => {
    await scratch?.remove()
  })
  const matrixOf = (file: string) => scratch.run('matrix', '--app', file)

  it('is what --app names, else what package.json names, else dist/app.js', async () => {
    expect(await matrixOf('app.mjs')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hello +· +✓$/m) })
    expect(await scratch.run('matrix')).toMatchObject({ code: 3, stderr: expect.stringContaining('no dist/app.js') })
    await scratch.write('src/server.ts', 'await runMcpServerWithOAuth(Server)')
    expect(await scratch.run('matrix')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /no dist\/app\.js: put what createAuthSecApp returns into src\/app\.ts .* start it from src\/server\.ts.*--app/,
      ),
    })
    await scratch.write('src/app.ts', 'export default createAuthSecApp({})')
    expect(await scratch.run('matrix')).toMatchObject({ code: 3, stderr: expect.stringContaining('build it first') })
    await scratch.write('dist/app.mjs', appSource({ usual: '{}' }))
    await scratch.write('dist/app.js', "export { default } from './app.mjs'\n")
    await scratch.write('package.json', '{ "type": "module" }')
    expect(await scratch.run('matrix')).toMatchObject({ code: 0, stdout: expect.stringContaining('usual') })
    await scratch.write('listed.mjs', appSource({ listed: '{}' }))
    await scratch.write('package.json', '{ "type": "module", "authsec": { "app": "listed.mjs" } }')
    expect(await scratch.run('matrix')).toMatchObject({ code: 0, stdout: expect.stringContaining('listed') })
    expect(await scratch.homeFiles()).toEqual([])
  }, 60_000)

  it.each([
    ['is not there', undefined, /there is no bad\.mjs: build it first/],
    ['exports nothing', 'export const app = 1', /bad\.mjs has no default export/],
    [
      'exports something else',
      'export default { listen() {} }',
      /default export of bad\.mjs is not what createAuthSecApp/,
    ],
    ['throws', "throw new TypeError('no luck')", /bad\.mjs cannot be loaded: TypeError: no luck\n {4}at .*bad\.mjs/],
    ['throws no error', "throw 'no luck'", /bad\.mjs cannot be loaded: no luck/],
    ['is no JavaScript', 'export default {', /bad\.mjs cannot be loaded: SyntaxError/],
    ['imports what is not installed', "import 'not-installed'", /cannot be loaded: .*not-installed/],
    ['ends the process', 'process.exit(0)', /bad\.mjs ended the process/],
    ['forbids itself', `${imports}export default createAuthSecApp({ servers: [class {}] })`, /@McpServer/],
  ])('is refused when it %s', async (_name, text, message) => {
    await rm(scratch.path('bad.mjs'), { force: true })
    if (text !== undefined) await scratch.write('bad.mjs', text)
    const finished = await matrixOf('bad.mjs')
    expect(finished).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(message) })
  })

  it('is built JavaScript', async () => {
    await scratch.write('src/app.ts', 'export default 1')
    expect(await matrixOf('src/app.ts')).toMatchObject({ code: 3, stderr: expect.stringMatching(/build it first/) })
    expect(await matrixOf('src')).toMatchObject({ code: 3, stderr: expect.stringMatching(/src is no file/) })
  })

  it('may leave timers behind, and print where it does not disturb', async () => {
    const noise =
      "setInterval(() => undefined, 50)\nconsole.log('noise')\nimport fs from 'node:fs'\nfs.writeSync(1, 'noise')\n"
    await scratch.write('noisy.mjs', `${noise}${imports}${made}${exported}`)
    const { code, stderr, stdout } = await scratch.run('matrix', '--app', 'noisy.mjs', '--json')
    expect(code).toBe(0)
    expect(stderr).toContain('noise')
    expect(JSON.parse(stdout)).toMatchObject({ operations: [{ name: 'hello' }] })
  })

  it('has no say in the exit code', async () => {
    const meddling =
      "setInterval(() => { process.exitCode = 0 }, 1)\nprocess.on('exit', () => { process.exitCode = 0 })\n"
    await scratch.write('meddling.mjs', `${meddling}${imports}${made}${exported}`)
    const [checked, drawn] = await Promise.all([
      scratch.run('matrix', '--app', 'meddling.mjs', '--check', 'absent.json'),
      scratch.run('matrix', '--app', 'meddling.mjs'),
    ])
    expect(checked).toMatchObject({ code: 3, stdout: '' })
    expect(drawn).toMatchObject({ code: 0, stdout: expect.stringContaining('hello') })
  })

  it('may come from another copy of the package', async () => {
    await mkdir(scratch.path('copy/node_modules/authsec'), { recursive: true })
    await cp('dist', scratch.path('copy/node_modules/authsec/dist'), { recursive: true })
    await cp('package.json', scratch.path('copy/node_modules/authsec/package.json'))
    await symlink(resolve('node_modules'), scratch.path('copy/node_modules/authsec/node_modules'), 'junction')
    await scratch.write('copy/app.mjs', appSource({ copied: '{}' }))
    expect(await matrixOf('copy/app.mjs')).toMatchObject({ code: 0, stdout: expect.stringContaining('copied') })
    await scratch.write('copy/main.mjs', `${probe}${imports}${made}await app.listen()\n${exported}`)
    expect(await matrixOf('copy/main.mjs')).toMatchObject({ code: 3, stderr: expect.stringContaining('starts itself') })
  }, 60_000)

  describe('that starts itself when it is imported', () => {
    const started = /^authsec: main\.mjs starts itself when it is imported, with (.+), so it cannot be read/m

    it.each([
      ['awaits listen()', `${made}await app.listen()\n${exported}`, 'listen()'],
      ['forgets listen()', `${made}app.listen()\n${exported}`, 'listen()'],
      [
        'starts in a function of its own',
        `${made};(async () => { await null; await app.listen() })()\n${exported}`,
        'listen()',
      ],
      ['exports nothing', `${made}await app.listen()`, 'listen()'],
      ['swallows the error', `${made}await app.listen().catch(() => undefined)\n${exported}`, 'listen()'],
      [
        'ends the process on errors',
        `${made}app.listen().catch(() => process.exit(1))\nawait new Promise(() => {})`,
        'listen()',
      ],
      ['uses stdio()', `${made}await app.stdio()\n${exported}`, 'stdio()'],
      ['imports authsec/stdio', `import 'authsec/stdio'\n${made}${exported}`, "'authsec/stdio'"],
      [
        'runs a server',
        `class S {}\nMcpServer({ name: 's', version: '1' })(S)\nawait runMcpServerWithOAuth(S, { clientId: 's' })`,
        'runMcpServerWithOAuth()',
      ],
    ])('is refused and nothing is started: it %s', async (_name, text, call) => {
      await scratch.write('main.mjs', `${probe}${imports}${text}`)
      const finished = await matrixOf('main.mjs')
      expect(finished).toMatchObject({ code: 3, stdout: '' })
      expect(started.exec(finished.stderr)?.[1]).toBe(call)
      expect(finished.stderr).not.toMatch(/PORT OPENED|AuthSec ready/)
      expect(await scratch.homeFiles()).toEqual([])
    })

    it('is refused when that comes while the command works, also where the error is swallowed', async () => {
      const late = 'app.testCallers[Symbol.iterator] = () => { START; return [].values() }\n'
      const starts = ['void app.listen()', 'app.listen().catch(() => undefined)', 'setTimeout(() => app.listen())']
      for (const start of starts) {
        await scratch.write('main.mjs', `${probe}${imports}${made}${late.replace('START', start)}${exported}`)
        const finished = await matrixOf('main.mjs')
        expect(finished).toMatchObject({ code: 3, stdout: '' })
        expect(started.exec(finished.stderr)?.[1]).toBe('listen()')
        expect(finished.stderr).not.toMatch(/PORT OPENED|triggerUncaughtException|^\s+at /m)
      }
    })

    it.each([0, 20, 50])('never ends in a dump when that comes %i ms later', async (delay) => {
      await scratch.write('main.mjs', `${probe}${imports}${made}setTimeout(() => app.listen(), ${delay})\n${exported}`)
      const { code, stderr, stdout } = await matrixOf('main.mjs')
      // It may also come too late to happen at all.
      const told = started.exec(stderr)?.[1] === 'listen()'
      expect([code, stdout === '']).toEqual(told ? [3, true] : [0, false])
      expect(stderr).not.toMatch(/PORT OPENED|triggerUncaughtException|^\s+at /m)
    })

    it('starts when it is run', async () => {
      await scratch.write('main.mjs', `${probe}${imports}${made}await app.listen()`)
      const server = await startServerProcess({ home: scratch.home, entry: scratch.path('main.mjs') })
      expect(server.stderr()).toContain('PORT OPENED')
      expect(await server.stop()).toBe(0)
    }, 60_000)
  })
})

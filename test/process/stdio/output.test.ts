import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { call, callTool, initialize } from '../../support/mcp-harness.js'
import { cleanEnvironment, temporaryHome, type TemporaryHome } from '../../support/server-process.js'
import { StdioProcess } from '../../support/stdio-process.js'
import { until } from '../../support/until.js'

const run = promisify(execFile)
const href = (path: string): string => JSON.stringify(pathToFileURL(path).href)

/** Ways to write to standard output, by name; each says `<name>!`. */
const noises: Readonly<Record<string, string>> = {
  log: `console.log('log!')`,
  dir: `console.dir('dir!')`,
  table: `console.table(['table!'])`,
  group: `console.group('group!'); console.groupEnd()`,
  write: `process.stdout.write('write!\\n')`,
  callback: `await new Promise((done) => process.stdout.write('callback!\\n', 'utf8', done))`,
  end: `await new Promise((done) => process.stdout.end('end!\\n', done))`,
  pipe: `Readable.from(['pipe!\\n']).pipe(process.stdout); await pause(20)`,
  pipeline: `await pipeline(Readable.from(['pipeline!\\n']), process.stdout)`,
  console: `new console.Console(process.stdout).log('console!')`,
  pino: `pino().info('pino!')`,
  descriptor: `pino(pino.destination(1)).info('descriptor!')`,
  async: `const d = pino.destination({ fd: 1, sync: false }); pino(d).info('async!'); d.flushSync()`,
  transport: `pino({ transport: { target: 'pino/file' } }).info('transport!'); await pause(800)`,
  writeSync: `fs.writeSync(1, 'writeSync!\\n')`,
  named: `writeSync(1, 'named!\\n')`,
  fsWrite: `await promisify(fs.write)(1, 'fsWrite!\\n')`,
  writev: `fs.writevSync(1, [Buffer.from('writev!\\n')])`,
  writeFile: `fs.writeFileSync(1, 'writeFile!\\n')`,
  append: `fs.appendFileSync(1, 'append!\\n')`,
  stream: `const s = fs.createWriteStream('', { fd: 1 }); s.end('stream!\\n'); await once(s, 'close')`,
  spawn: `await once(spawn('echo', ['spawn!'], { stdio: 'inherit' }), 'close')`,
  array: `await once(spawn('echo', ['array!'], { stdio: ['ignore', 'inherit', 'ignore'] }), 'close')`,
  number: `await once(spawn('echo', ['number!'], { stdio: ['ignore', 1, 'ignore'] }), 'close')`,
  object: `await once(spawn('echo', ['object!'], { stdio: ['ignore', process.stdout, 'ignore'] }), 'close')`,
  other: `await once(spawn('sh', ['-c', 'echo other! >&3'], { stdio: ['ignore', 'ignore', 'ignore', 1] }), 'close')`,
  fork: `await once(fork(new URL('noisy-child.mjs', import.meta.url)), 'close')`,
  execSync: `execSync('echo execSync!', { stdio: 'inherit' })`,
  execFileSync: `execFileSync('echo', ['execFileSync!'], { stdio: 'inherit' })`,
  spawnSync: `spawnSync('echo', ['spawnSync!'], { stdio: [0, 1, 2] })`,
  thread: `await once(new Worker("console.log('thread!')", { eval: true }), 'exit')`,
  threadWrites: `await once(new Worker("require('fs').writeSync(1, 'threadWrites!\\\\n')", { eval: true }), 'exit')`,
  flags: `await once(new Worker("console.log('flags!')", { eval: true, execArgv: ['--no-warnings'] }), 'exit')`,
  warning: `process.emitWarning('warning!')`,
  trace: `console.trace('trace!')`,
  rejection: `void Promise.reject(new TypeError('rejection!'))`,
  throwing: `console.log('throwing!'); throw new TypeError('hunter2')`,
}

const program = `
import ${href('dist/stdio.js')}
import './noisy-module.mjs'
import { once } from 'node:events'
import fs, { writeSync } from 'node:fs'
import { execFileSync, execSync, fork, spawn, spawnSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import pino from ${href('node_modules/pino/pino.js')}
import { createAuthSecApp, publicTool } from ${href('dist/index.js')}
const tools = [
${Object.entries(noises)
  .map(([name, code]) => `  publicTool('${name}', { description: '${name}' }, async () => { ${code}; return 'said' }),`)
  .join('\n')}
  publicTool('output', { description: 'What children say' }, () => execSync('echo kept').toString() + spawnSync('echo', ['too']).stdout),
  publicTool('explode', { description: 'Ends the process' }, () => { setTimeout(() => { throw new TypeError('explode!') }); return 'said' }),
]
await createAuthSecApp({ tools, clientId: 'noisy' }).stdio()
`

describe('standard output', () => {
  let folder = ''
  let home: TemporaryHome
  let server: StdioProcess
  const entry = (): string => join(folder, 'main.mjs')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'authsec-stdio-'))
    home = await temporaryHome()
    await writeFile(entry(), program)
    await writeFile(
      join(folder, 'noisy-module.mjs'),
      `import { writeSync } from 'node:fs'\nconsole.log('imported!')\nwriteSync(1, 'imported, too!\\n')\n`,
    )
    await writeFile(join(folder, 'noisy-child.mjs'), `console.log('fork!')\n`)
    server = await StdioProcess.start({ home: home.path, entry: entry() })
  }, 90_000)
  afterAll(async () => {
    await server?.close()
    await StdioProcess.killAll()
    await rm(folder, { recursive: true })
    await home.remove()
  })

  it.each(Object.keys(noises))('is kept for the protocol from %s, which goes to standard error', async (name) => {
    const said = await server.call(name)
    expect(said).toMatch(name === 'throwing' ? /^Tool failed \(ref / : /^said$/)
    await until(() => server.stderr.includes(`${name}!`))
    expect(server.strayOutput).toEqual([])
    expect(await server.list()).toContain('log')
  })

  it('is kept from modules that are loaded after authsec/stdio', () => {
    expect(server.stderr).toContain('imported!\nimported, too!\n')
  })

  it('leaves to a program what its children say to it', async () => {
    expect(await server.call('output')).toBe('kept\ntoo\n')
  })

  it('stays with the protocol when an exception that nobody caught ends the process', async () => {
    const doomed = await StdioProcess.start({ home: home.path, entry: entry() })
    doomed.send(callTool('explode', {}, 'explode'))
    const { code, stderr } = await doomed.finished()
    expect({ code, stray: doomed.strayOutput }).toEqual({ code: 1, stray: [] })
    expect(stderr).toContain('explode!')
    expect(doomed.messages.at(-1)).toMatchObject({ id: 'explode', result: { content: [{ text: 'said' }] } })
  }, 60_000)

  const requests = [initialize(), callTool('log', {}, 'a'), callTool('writeSync', {}, 'b'), callTool('spawn', {}, 'c')]
  it.each([
    ['a pipe', '| cat'],
    ['a file', '> out.txt && cat out.txt'],
  ])(
    'is clean as %s too, and complete before the process ends',
    async (_name, target) => {
      const input = [...requests, call('tools/list', undefined, 'd')]
        .map((request) => JSON.stringify(request))
        .join('\n')
      await writeFile(join(folder, 'requests'), `${input}\n`)
      const command = `${process.execPath} main.mjs < requests 2> err.txt ${target}`
      const env = { ...cleanEnvironment(), AUTHSEC_HOME: home.path, AUTHSEC_LOG_LEVEL: 'warn' }
      const { stdout } = await run('sh', ['-c', command], { cwd: folder, env })
      const ids = stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: unknown }).id)
      expect(ids.toSorted()).toEqual([0, 'a', 'b', 'c', 'd'])
      const errors = await readFile(join(folder, 'err.txt'), 'utf8')
      for (const noise of ['log!', 'writeSync!', 'spawn!']) expect(errors).toContain(noise)
    },
    60_000,
  )

  it('outlives a client that closes its standard error', async () => {
    const deaf = await StdioProcess.start({ home: home.path, entry: entry() })
    deaf.child.stderr.destroy()
    for (const name of ['log', 'write', 'writeSync', 'pino', 'rejection']) await deaf.call(name)
    expect(await deaf.call('output')).toBe('kept\ntoo\n')
    expect(await deaf.close()).toEqual({ code: 0, signal: null })
    expect(deaf.strayOutput).toEqual([])
  }, 60_000)
})

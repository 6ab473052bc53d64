import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const root = fileURLToPath(new URL('../../', import.meta.url))
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

const shared = `import { ProtectedByAuthSec } from 'authsec'

export const adminsOnly = () => ProtectedByAuthSec({ roles: ['admin'] })
export const readersOnly = ProtectedByAuthSec({ scopes: ['read'] })

export abstract class Base {
  @ProtectedByAuthSec() // inherited
  inherited(): string {
    return 'inherited'
  }
}
`

const right = `import * as authsec from 'authsec'
import type { TestApp } from 'authsec/testing'
import { McpServer, ProtectedByAuthSec, Public, Tool, createAuthSecApp, publicTool, type UserContext } from 'authsec'
import { adminsOnly, Base, readersOnly } from './shared.js'

export type Tested = TestApp
declare const console: { log(text: string): void }

@McpServer({ name: 'Right', version: '1.0.0' })
class Right extends Base {
  @Public() // plain
  plain(): string {
    return 'plain'
  }

  @Tool({ title: 'Several' })
  @ProtectedByAuthSec({ // several
    roles: ['admin'],
  })
  several(): string {
    return 'several'
  }

  @adminsOnly() // composed
  composed(): string {
    return 'composed'
  }

  @readersOnly // reused
  reused(): string {
    return 'reused'
  }

  @authsec.Public() // namespace
  namespace(): string {
    return 'namespace'
  }
}

const called = publicTool('called', {}, () => 'called') // called

const { catalogue } = createAuthSecApp({ servers: [Right], tools: [called] })
console.log(JSON.stringify(Object.fromEntries(catalogue.all().map(({ name, declaredAt }) => [name, declaredAt]))))
`

const wrong = `import { Arg, Injectable, McpServer, ProtectedByAuthSec, Public, createAuthSecApp, type UserContext } from 'authsec'

declare const console: { log(text: string): void }

interface Clock {
  now(): number
}

@Injectable() // injectable
class Deadlines {
  constructor(readonly clock: Clock) {}
}

@McpServer({ name: 'Wrong', version: '1.0.0' })
class Wrong {
  constructor(readonly deadlines: Deadlines) {}

  @Public('oauth_start') // name
  start(): void {}

  @ProtectedByAuthSec() // type import
  user(_user: UserContext): void {}

  @ProtectedByAuthSec() // argument
  list(@Arg('names') _names: readonly string[]): void {}
}

try {
  createAuthSecApp({ servers: [Wrong] })
} catch (error) {
  const { faults } = error as { faults: { code: string; declaredAt: string; message: string }[] }
  console.log(JSON.stringify(faults.map(({ code, declaredAt, message }) => ({ code, declaredAt, message }))))
}
`

const mistyped = `import { Public } from 'authsec'

class Mistyped {
  @Public({ description: 'fine' })
  fine(): void {}

  @Public({ descripion: 'mistyped' } as object) // mistyped
  mistyped(): void {}
}

new Mistyped()
`

const sources = { shared, right, wrong, mistyped }

/** A project of a user's, compiled with \`tsc\` and run by plain Node. */
class UserProject {
  readonly #folder = mkdtempSync(join(tmpdir(), 'authsec-declared-'))

  constructor(options: Readonly<Record<string, unknown>>) {
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      types: [],
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      rootDir: 'src',
      outDir: 'dist',
      ...options,
    }
    this.#write('package.json', JSON.stringify({ name: 'user', type: 'module' }))
    this.#write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }))
    for (const [name, text] of Object.entries(sources)) this.#write(join('src', `${name}.ts`), text)
    mkdirSync(join(this.#folder, 'node_modules'))
    for (const [name, target] of [
      ['authsec', root],
      ['tslib', join(root, 'node_modules', 'tslib')],
    ] as const) {
      symlinkSync(target, join(this.#folder, 'node_modules', name), 'junction')
    }
    const compiled = this.#node(tsc, '-p', '.')
    if (compiled.status !== 0) throw new TypeError(compiled.stdout)
  }

  run(name: keyof typeof sources, ...flags: readonly string[]): { readonly stdout: string; readonly stderr: string } {
    return this.#node(...flags, join('dist', `${name}.js`))
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #node(...args: readonly string[]) {
    return spawnSync(process.execPath, args, { cwd: this.#folder, encoding: 'utf8', timeout: 25_000 })
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(join(this.#folder, path)), { recursive: true })
    writeFileSync(join(this.#folder, path), text)
  }
}

function lineOf(name: keyof typeof sources, mark: string): string {
  const line = sources[name].split('\n').findIndex((text) => text.endsWith(`// ${mark}`))
  return `src/${name}.ts:${line + 1}`
}

describe.each([
  ['a map beside the output', { sourceMap: true }, []],
  ['a map in the output', { inlineSourceMap: true }, []],
  ['a map that Node reads as well', { sourceMap: true }, ['--enable-source-maps']],
  ['helpers imported', { sourceMap: true, importHelpers: true, sourceRoot: '', target: 'es2022' }, []],
])('a server compiled by tsc with %s and run by plain node', (_case, options, flags) => {
  const projects: UserProject[] = []
  beforeAll(() => {
    projects.push(new UserProject(options))
  })
  afterAll(() => {
    for (const project of projects) project.remove()
  })
  const run = (name: keyof typeof sources) => projects.map((project) => project.run(name, ...flags))[0]

  it('knows the line of each operation in the source', () => {
    expect(JSON.parse(run('right')?.stdout ?? '')).toEqual({
      inherited: `${lineOf('shared', 'inherited')}:3`,
      plain: `${lineOf('right', 'plain')}:3`,
      several: `${lineOf('right', 'several')}:3`,
      composed: `${lineOf('right', 'composed')}:3`,
      reused: `${lineOf('right', 'reused')}:3`,
      namespace: `${lineOf('right', 'namespace')}:3`,
      called: `${lineOf('right', 'called')}:16`,
    })
  })

  it('names the line of every fault that stops the start', () => {
    const faults: readonly { code: string; declaredAt: string; message: string }[] = JSON.parse(
      run('wrong')?.stdout ?? '',
    )
    expect(faults.map(({ code, declaredAt }) => [code, declaredAt])).toEqual([
      ['ERR_CONFIG_NAME', `${lineOf('wrong', 'name')}:3`],
      ['ERR_CONFIG_PARAMETER', `${lineOf('wrong', 'injectable')}:1`],
      ['ERR_CONFIG_PARAMETER', `${lineOf('wrong', 'type import')}:3`],
      ['ERR_CONFIG_PARAMETER', `${lineOf('wrong', 'argument')}:3`],
    ])
    for (const { declaredAt, message } of faults) expect(message).toContain(`(${declaredAt})`)
    expect(faults[2]?.message).toContain('recorded as Function')
  })

  it('names the line of a decorator that is wrong by itself', () => {
    expect(run('mistyped')?.stderr).toContain(`(${lineOf('mistyped', 'mistyped')}:3)`)
  })
})

describe('a server compiled without a map', () => {
  it('knows the line in the output', () => {
    const project = new UserProject({ sourceMap: false })
    const positions: Readonly<Record<string, string>> = JSON.parse(project.run('right').stdout)
    project.remove()
    for (const position of Object.values(positions)) expect(position).toMatch(/^dist\/(right|shared)\.js:\d+:\d+$/)
  })
})

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { ScratchProject } from '../support/scratch-project.js'

const lines = (count: number): string => 'void 0\n'.repeat(count)
const anAsync = 'declare function work(): Promise<void>\n'

/** Ways to ask others that go past the checks of `src/adapter/net`. */
const bareFetches = Object.entries({
  call: "export const answer = fetch('https://idp.example/')\n",
  value: 'export const options = { fetch }\n',
  member: "export const answer = globalThis.fetch('https://idp.example/')\n",
  'computed-member': "export const answer = globalThis['fetch']('https://idp.example/')\n",
  'node-global': "export const answer = global.fetch('https://idp.example/')\n",
  destructured: 'export const { fetch: ask } = globalThis\n',
  socket: "export const socket = new WebSocket('wss://idp.example/')\n",
  events: "export const events = new EventSource('https://idp.example/')\n",
  request: "import { request } from 'node:https'\nexport const ask = request\n",
  renamed: "import { get as ask } from 'node:http'\nexport { ask }\n",
  default: "import https from 'https'\nexport const ask = https.request\n",
  namespace: "import * as http from 'node:http'\nexport const ask = http.request\n",
  exported: "export { request } from 'node:http'\n",
  dynamic: "export const load = (): Promise<unknown> => import('node:https')\n",
  connection: "import { connect } from 'node:tls'\nexport const dial = connect\n",
  http2: "import { connect } from 'node:http2'\nexport const dial = connect\n",
}).map(([form, text]) => [`src/adapter/token/${form}.ts`, text, 'authsec(no-bare-fetch)'] as const)

/** File, what is in it, and the one rule it breaks. */
const violations = [
  ...bareFetches,
  ['src/service/fetch.ts', "export const answer = fetch('https://idp.example/')\n", 'authsec(no-bare-fetch)'],
  ['src/app/any.ts', 'export function show(value: any): void {\n  void value\n}\n', 'typescript(no-explicit-any)'],
  ['src/app/await.ts', 'export const three = async (): Promise<number> => await 3\n', 'typescript(await-thenable)'],
  ['src/app/bare-error.ts', "throw new Error('bare')\n", 'authsec(no-bare-error)'],
  ['src/app/bare-call.ts', "throw Error('bare')\n", 'authsec(no-bare-error)'],
  ['src/app/console.ts', "console.log('noise')\n", 'eslint(no-console)'],
  ['src/app/debugger.ts', 'debugger\n', 'eslint(no-debugger)'],
  ['src/app/default.ts', 'export default 1\n', 'import(no-default-export)'],
  ['src/app/equal.ts', 'export const same = (a: string, b: string): boolean => a == b\n', 'eslint(eqeqeq)'],
  ['src/app/export-all.ts', "export * from './long-enough.js'\n", 'authsec(no-export-all)'],
  ['src/app/export-all-as.ts', "export * as all from './long-enough.js'\n", 'authsec(no-export-all)'],
  ['src/app/floating.ts', `${anAsync}work()\n`, 'typescript(no-floating-promises)'],
  ['src/app/ignored.ts', '// @ts-ignore\nexport const one: string = 1\n', 'typescript(ban-ts-comment)'],
  ['src/app/long.ts', lines(301), 'eslint(max-lines)'],
  [
    'src/app/misused.ts',
    `${anAsync};[1].forEach(async () => {\n  await work()\n})\n`,
    'typescript(no-misused-promises)',
  ],
  ['src/app/not-null.ts', 'export const n = (a?: string): number => a!.length\n', 'typescript(no-non-null-assertion)'],
  ['src/app/only-error.ts', "throw 'text'\n", 'typescript(only-throw-error)'],
  [
    'src/app/switch.ts',
    "export function f(a: 'b' | 'c'): void {\n  switch (a) {\n    case 'b':\n      break\n  }\n}\n",
    'typescript(switch-exhaustiveness-check)',
  ],
  ['test/long.ts', lines(501), 'eslint(max-lines)'],
  ['samples/one/src/tool.ts', 'export default 1\n', 'import(no-default-export)'],
] as const

/** Allowed twins of the above. */
const allowed = {
  'src/adapter/net/ask.ts': "import { request } from 'node:https'\nexport const ask = [request, fetch]\n",
  'src/app/ask.ts': "export const answer = fetch('https://idp.example/')\n",
  'src/adapter/token/given.ts':
    'export type Fetch = typeof globalThis.fetch\nexport type Other = typeof fetch\nexport type Open = WebSocket\nexport const ask = (fetch: Fetch) => fetch("https://idp.example/")\n',
  'src/adapter/token/own.ts':
    'export class Own {\n  readonly fetch = (): number => 1\n  readonly twice = (): number => this.fetch() * 2\n}\n',
  'src/adapter/token/serve.ts':
    "import { IncomingMessage, type Agent } from 'node:http'\nimport type { connect } from 'node:net'\nimport { isIP, Socket } from 'node:net'\nexport { IncomingMessage, isIP, Socket }\nexport type { Agent, connect }\n",
  'src/app/long-enough.ts': `// comments and blank lines are free\n\n${lines(299)}export const end = 1\n`,
  'src/app/misuse.ts': "export const refuse = (): never => {\n  throw new TypeError('misuse')\n}\n",
  'src/cli/print.ts': "console.log('output')\n",
  'test/long-enough.ts': lines(500),
  'test/bare-error.ts': "throw new Error('a test may')\n",
  'samples/one/src/app.ts': 'export default 1\n',
}

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[]
}

interface Configuration {
  readonly rules: Readonly<Record<string, unknown>>
  readonly overrides: readonly { readonly rules: Readonly<Record<string, unknown>> }[]
}

const oxlint = 'node_modules/oxlint/bin/oxlint'
const project = new ScratchProject({ ...Object.fromEntries(violations), ...allowed })
const linted = project.run(oxlint, '--format=json', 'src', 'test', 'samples')

afterAll(() => {
  project.remove()
})

describe('lint', () => {
  const { diagnostics } = JSON.parse(linted.output) as Report
  const rulesBrokenIn = (path: string): string[] =>
    diagnostics.filter(({ filename }) => filename.endsWith(path)).map(({ code }) => code)

  it('fails when a rule is broken', () => {
    expect(linted.status).toBe(1)
  })

  it.each(violations)('refuses %s', (path, _text, rule) => {
    expect(rulesBrokenIn(path)).toEqual([rule])
  })

  it.each(Object.keys(allowed))('accepts %s', (path) => {
    expect(rulesBrokenIn(path)).toEqual([])
  })

  it('has a violation here for every rule that is on', () => {
    const { rules, overrides } = JSON.parse(readFileSync('.oxlintrc.json', 'utf8')) as Configuration
    const settings = [rules, ...overrides.map((override) => override.rules)].flatMap((part) => Object.entries(part))
    const on = settings.filter(([, setting]) => setting !== 'off').map(([name]) => name.replace(/\/(.*)$/, '($1)'))
    expect(new Set(violations.map(([, , rule]) => rule))).toEqual(new Set(on))
  })
})

describe('rules', () => {
  const directive = new RegExp(['(ox|es)lint-disable', '@ts-nocheck', 'prettier-ignore'].join('|'))

  it.each(['src', 'test', 'samples'])('are disabled nowhere in %s', (folder) => {
    expect(sourcesBelow(folder).filter((file) => directive.test(readFileSync(file, 'utf8')))).toEqual([])
  })
})

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith('.ts') && !/[\\/]dist[\\/]/.test(name) && !name.endsWith('lint.test.ts'))
}

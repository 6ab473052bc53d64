import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { protectedByAuthSec, ServiceAccess } from '../../../src/index.js'
import { listenInProcess, type TestServer } from '../../support/listening-app.js'
import { postMcp } from '../../support/mcp-post.js'
import { runProgram, type Finished } from '../../support/server-process.js'
import { listenHttp, type TestListener } from '../../support/test-listener.js'
import { VaultSite } from '../../support/vault/vault-site.js'

const token = 'gho_8sKq2LwXv0'
const params = [ServiceAccess] as const
const tools = [
  protectedByAuthSec('list_repositories', { services: ['GitHub'], params }, async (services) =>
    (await services.fetch('GitHub', '/user/repos')).json(),
  ),
  protectedByAuthSec('leak', { services: ['GitHub'], params }, async (services) =>
    (await services.getServiceToken('GitHub')).reveal(),
  ),
  protectedByAuthSec('other', { services: ['Mail'], params }, async (services) =>
    (await services.fetch('Mail', '/')).text(),
  ),
]

let api: TestListener
let requests: IncomingMessage[] = []

beforeAll(async () => {
  api = await listenHttp((request, response) => {
    requests.push(request)
    const isKnown = request.headers.authorization === `Bearer ${token}`
    response.writeHead(isKnown ? 200 : 401).end(JSON.stringify({ repositories: isKnown ? ['a/b'] : [] }))
  }, '127.0.0.1')
})
afterAll(() => api?.close())

/** A server with its command line. */
class Site {
  readonly #server: TestServer
  readonly #env: Readonly<Record<string, string>>

  constructor(server: TestServer, env: Readonly<Record<string, string>>) {
    this.#server = server
    this.#env = env
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<Site> {
    return new Site(
      await listenInProcess(
        { tools, clientId: 'services', tenants: 'any', login: 'oauth', sessions: 'stateless' },
        env,
      ),
      env,
    )
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  async service(...args: readonly (string | Readonly<Record<string, string>>)[]): Promise<Finished> {
    const [env = {}] = args.filter((arg) => typeof arg === 'object')
    const words = args.filter((arg) => typeof arg === 'string')
    return this.#run(['service', ...words, '--tenant', 'acme-corp'], env)
  }

  /** While Vault is sealed the tenant stays; afterwards nothing that was kept for it is left, known to it or not. */
  async endTenant({ vault, administrator }: VaultSite): Promise<void> {
    const [, tenant] = /tenants\/([0-9a-f-]+)\/services/.exec(vault.journal.map(({ path }) => path).join()) ?? []
    const services = `secret/metadata/tenants/${tenant}/services`
    const forgotten = '5e7f1c00-0000-4000-8000-000000000001/accounts/5e7f1c00-0000-4000-8000-000000000002'
    await administrator.ask('POST', `secret/data/tenants/${tenant}/services/${forgotten}`, { data: { token: 'x' } })
    const end = () => this.#run(['tenant', 'delete', 'acme-corp', '--confirm', 'acme-corp', '--no-export'])
    vault.sealed = true
    expect(await end()).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(
        'acme-corp is suspended and not deleted: its credentials are still in HashiCorp Vault',
      ),
    })
    vault.sealed = false
    expect((await administrator.ask('GET', `${services}?list=true`)).data?.['keys']).toHaveLength(2)
    expect(await end()).toMatchObject({ code: 0, stdout: 'deleted acme-corp\n' })
    await expect(administrator.ask('GET', `${services}?list=true`)).rejects.toThrow('404')
  }

  async add(...requirement: readonly string[]): Promise<void> {
    const place = ['--url', `http://127.0.0.1:${api.port}`, '--private-network', '--auth', 'bearer_token']
    expect((await this.service('add', 'GitHub', ...place, ...requirement)).code).toBe(0)
    await this.give(token)
  }

  async give(secret: string): Promise<void> {
    const file = join(this.#server.home, 'secret.txt')
    await writeFile(file, secret, { mode: 0o600 })
    expect((await this.service('set-credential', 'GitHub', '--from-file', file)).code).toBe(0)
  }

  async tokenOf(user: string): Promise<string> {
    const { code, stdout } = await this.#run(['token', '--user', user])
    expect(code).toBe(0)
    return stdout.trim()
  }

  async call(bearer: string, name: string): Promise<string> {
    const { body } = await postMcp(this.#server.url, bearer, 'tools/call', { name, arguments: {} })
    return body.result?.content?.[0]?.text ?? JSON.stringify(body.error)
  }

  /** Commands have the environment of the server. */
  #run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    return runProgram(['dist/cli/main.js', ...args], { AUTHSEC_HOME: this.#server.home, ...this.#env, ...env })
  }
}

const vaultEnv = async (vault: VaultSite): Promise<Readonly<Record<string, string>>> => {
  const secretId = await vault.administrator.newSecretId('approle', 'authsec')
  return {
    AUTHSEC_VAULT_ADDR: vault.vault.origin,
    AUTHSEC_VAULT_ROLE_ID: vault.roleId,
    AUTHSEC_VAULT_SECRET_ID: secretId.reveal(),
  }
}

describe('a tool that uses a service of its tenant', () => {
  it('calls it with a credential of the local store, as long as the service and its user may', async () => {
    const site = await Site.start()
    try {
      const john = await site.tokenOf('john@company.com')
      expect(await site.call(john, 'list_repositories')).toMatch(/^GitHub is not set up here/)
      await site.add('--everybody')
      requests = []
      expect(await site.call(john, 'list_repositories')).toBe('{"repositories":["a/b"]}')
      expect(requests.map(({ headers, url }) => [url, headers.authorization])).toEqual([
        ['/user/repos', `Bearer ${token}`],
      ])
      expect(await site.call(john, 'leak')).toMatch(/^The result was withheld/)
      expect(await site.call(john, 'other')).toMatch(/^Mail is not set up here/)

      await site.give('gho_another_one_1')
      expect(await site.call(john, 'list_repositories')).toBe('{"repositories":[]}')
      expect((await site.service('delete', 'GitHub', '--yes')).code).toBe(0)
      await site.add('--role', 'nobody-has-this')
      requests = []
      expect(await site.call(john, 'list_repositories')).toMatch(/^Not permitted/)
      expect(requests).toEqual([])
    } finally {
      await site.close()
    }
  }, 120_000)

  it('calls it with a credential of HashiCorp Vault, and says what is the matter while that is sealed', async () => {
    const vault = await VaultSite.open()
    const roles = 'acme-corp=database/creds/reports'
    const site = await Site.start({ ...(await vaultEnv(vault)), AUTHSEC_VAULT_ENGINE_ROLES: roles })
    try {
      const made = (role: string) => [
        '--url',
        'https://db.example',
        '--auth',
        'basic_auth',
        '--everybody',
        '--dynamic',
        role,
      ]
      expect((await site.service('add', 'Reports', ...made('database/creds/reports'))).code).toBe(0)
      expect(await site.service('add', 'Foreign', ...made('database/creds/of-another-tenant'))).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('the tenant acme-corp may not use the role database/creds/of-another-tenant'),
      })
      await site.add('--everybody')
      const john = await site.tokenOf('john@company.com')
      expect(await site.call(john, 'list_repositories')).toBe('{"repositories":["a/b"]}')
      expect(
        vault.vault.journal.some(({ path }) => /^secret\/data\/tenants\/[0-9a-f-]+\/services\/[0-9a-f-]+/.test(path)),
      ).toBe(true)
      await site.give('gho_another_one_2')
      vault.vault.sealed = true
      expect(await site.call(john, 'list_repositories')).toMatch(/^The credentials of external services cannot be read/)
      vault.vault.sealed = false
      await expect(
        (async () => {
          for (let answer = ''; answer !== '{"repositories":[]}'; answer = await site.call(john, 'list_repositories'))
            continue
        })(),
      ).resolves.toBeUndefined()

      const wrapped = await vault.administrator.newWrappedSecretId('approle', 'authsec')
      const once = { AUTHSEC_VAULT_SECRET_ID: '', AUTHSEC_VAULT_ROLE: 'authsec' }
      const env = { ...once, AUTHSEC_VAULT_WRAPPED_SECRET_ID: wrapped.reveal() }
      expect(await site.service('delete', 'GitHub', '--yes', env)).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('can be unwrapped once, and that is for the server'),
      })
      expect(vault.vault.count(/wrapping/)).toBe(0)
      await site.endTenant(vault)
    } finally {
      await site.close()
      await vault.close()
    }
  }, 120_000)
})

import { describe, expect, it } from '@jest/globals'
import { createTestApp, type TestAppOptions, type TestService } from '../../../src/testing/index.js'
import { McpServer, ProtectedByAuthSec, ServiceAccess } from '../../../src/index.js'

@McpServer({ name: 'repositories', version: '1.0.0' })
class Repositories {
  @ProtectedByAuthSec({ services: ['GitHub'] })
  async list(services: ServiceAccess): Promise<string> {
    return (await services.fetch('GitHub', '/user/repos?per_page=2')).text()
  }

  @ProtectedByAuthSec({ services: ['GitHub'] })
  async create(services: ServiceAccess): Promise<string> {
    const sent = { method: 'POST', body: '{"title":"x"}', headers: { 'user-agent': 'Mine' } } as const
    return String((await services.fetch('GitHub', '/issues', sent)).status)
  }

  @ProtectedByAuthSec({ services: ['GitHub'] })
  async leak(services: ServiceAccess): Promise<string> {
    return (await services.getServiceToken('GitHub')).reveal()
  }

  @ProtectedByAuthSec({ services: ['Mail'] })
  async undeclared(services: ServiceAccess): Promise<string> {
    return (await services.fetch('GitHub', '/')).text()
  }
}

const seen: Request[] = []
const repositories: TestService = {
  answer: (request) => {
    seen.push(request)
    return Response.json([{ full_name: 'a/b' }])
  },
}
const open = (services: TestAppOptions['services']) =>
  createTestApp({ servers: [Repositories], ...(services === undefined ? {} : { services }) })

describe('services in createTestApp', () => {
  it('answer in the place of the real ones, asked with a credential of their kind', async () => {
    const app = await open({ GitHub: { ...repositories, url: 'https://api.github.test/v3' } })
    const user = app.as({})
    expect(await user.call('list')).toMatchObject({ text: '[{"full_name":"a/b"}]', isError: false })
    expect(await user.call('create')).toMatchObject({ text: '200' })
    const [listed, created] = seen.splice(0)
    expect(listed?.url).toBe('https://api.github.test/v3/user/repos?per_page=2')
    expect(listed?.headers.get('authorization')).toMatch(/^Bearer test-/)
    expect(listed?.headers.get('user-agent')).toBe('AuthSec')
    expect(created?.headers.get('user-agent')).toBe('Mine')
    expect([created?.method, await created?.text()]).toEqual(['POST', '{"title":"x"}'])
    expect(app.audit.filter(({ type }) => type === 'credential.read')).toHaveLength(2)
  })

  it('are used by whom their requirement admits, and nobody else', async () => {
    const app = await open({ GitHub: { ...repositories, requirement: { roles: ['developer'] } } })
    expect(await app.as({ roles: ['developer'] }).call('list')).toMatchObject({ isError: false })
    seen.splice(0)
    expect(await app.as({ roles: ['admin'] }).call('list')).toMatchObject({ isError: true })
    expect(seen).toEqual([])
  })

  it('are withheld where the tool shows their credential, declares another, or there is none', async () => {
    const app = await open({
      GitHub: { ...repositories, auth: { type: 'api_key', name: 'X-Key' }, credential: { api_key: 'key-0123456789' } },
    })
    const text = async (name: string): Promise<string> => (await app.as({}).call(name)).text
    expect(await text('leak')).toMatch(/^The result was withheld/)
    expect(await text('undeclared')).toMatch(/^Tool failed/)
    expect(await text('list')).toBe('[{"full_name":"a/b"}]')
    expect(seen.splice(0).at(-1)?.headers.get('x-key')).toBe('key-0123456789')
    const none = await open(undefined)
    expect((await none.as({}).call('list')).isError).toBe(true)
  })

  it('ask a user who has not signed in there to do so, where each has to', async () => {
    const service: TestService = {
      ...repositories,
      auth: {
        type: 'oauth2',
        grant: 'authorization_code',
        authorizationEndpoint: 'https://github.test/authorize',
        tokenEndpoint: 'https://github.test/token',
      },
      connected: (subject) => subject === 'ada',
    }
    const app = await open({ GitHub: service })
    expect(await app.as({ subject: 'ada' }).call('list')).toMatchObject({ isError: false })
    expect(await app.as({ subject: 'bob' }).call('list')).toMatchObject({ isError: true })
    expect(seen.splice(0)).toHaveLength(1)
  })

  it('stop with what is wrong where no tenant could have them, and never follow a redirect', async () => {
    await expect(open({ GitHub: { ...repositories, url: 'ftp://x.test' } })).rejects.toMatchObject({
      code: 'ERR_CONFIG_SERVICE',
    })
    const app = await open({ GitHub: { answer: () => Response.redirect('https://elsewhere.test/', 302) } })
    expect(await app.as({}).call('list')).toMatchObject({ isError: true, text: expect.not.stringMatching(/elsewhere/) })
  })
})

import { describe, expect, it } from '@jest/globals'
import { ConfigurationError } from '../../../../src/core/error/configuration-error.js'
import { readServiceOptions, serviceOptionsOf } from '../../../../src/core/external-service/read-service-options.js'

const plain = { url: 'https://api.example.com', auth: { type: 'bearer_token' }, requirement: {} }
const oauth = {
  ...{ type: 'oauth2', grant: 'authorization_code', tokenEndpoint: 'https://id.example.com/token' },
  authorizationEndpoint: 'https://id.example.com/authorize?audience=api',
}

const faultsOf = (written: unknown): string => {
  try {
    readServiceOptions(written)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return error instanceof ConfigurationError ? error.message : ''
  }
  return ''
}
const read = (changes: Readonly<Record<string, unknown>> = {}) => readServiceOptions({ ...plain, ...changes })
const fault = (changes: Readonly<Record<string, unknown>>): string => faultsOf({ ...plain, ...changes })

describe('a service, as it is written', () => {
  it('is read with everything decided', () => {
    expect(read()).toEqual({
      ...{ url: 'https://api.example.com', auth: { type: 'bearer_token' }, source: { from: 'store' }, reach: 'public' },
      ...{ requirement: { kind: 'allOf', of: [] }, description: undefined, tags: [] },
    })
    expect(read({ auth: { type: 'api_key', name: 'X-Api-Key' } }).auth).toEqual({
      ...{ type: 'api_key', in: 'header', name: 'X-Api-Key', prefix: '' },
    })
    expect(read({ auth: oauth }).auth).toEqual({ ...oauth, scopes: [], secretIn: 'header' })
  })

  it('is the same when it is read from what was decided', () => {
    const auths = [
      ...[
        { type: 'api_key', in: 'query', name: 'key' },
        { type: 'api_key', name: 'Authorization', prefix: 'Token ' },
      ],
      ...[{ type: 'basic_auth' }, { ...oauth, scopes: ['a', 'b'], secretIn: 'body' }],
      { type: 'oauth2', grant: 'client_credentials', tokenEndpoint: 'https://id.example.com/token' },
    ]
    for (const auth of auths) {
      const settings = read({ auth, description: 'What it is', tags: ['a', 'b'], requirement: { roles: ['x', 'y'] } })
      expect(readServiceOptions(JSON.parse(JSON.stringify(serviceOptionsOf(settings))))).toEqual(settings)
    }
  })

  it('has everything that is wrong with it said at once, and nothing that was written in a secret place', () => {
    const message = faultsOf({
      ...{ url: 'http://api.example.com', auth: { type: 'api_key', in: 'cookie', password: 'hunter2-hunter2' } },
      ...{ requirement: { policy: 'OfficeHours' }, tags: 'a', network: 'anywhere', colour: 'red' },
    })
    for (const word of ['url does not use https', 'auth.in is none of', 'auth.name is missing', '"colour" is unknown'])
      expect(message).toContain(word)
    for (const word of ['auth."password" is unknown', 'names no policy', 'tags is not a list', 'network is none of'])
      expect(message).toContain(word)
    expect(message).not.toContain('hunter2')
    expect(faultsOf({})).toMatch(/url is missing[^]*auth is missing[^]*requirement is missing: say who may use it/)
    for (const none of [undefined, null, 'x', []]) expect(faultsOf(none)).toBe('the service is not an object')
  })

  it.each([
    ['https://API.Example.com:443/v1/', 'https://api.example.com/v1'],
    ['https://api.example.com/', 'https://api.example.com'],
    ['https://api.example.com:8443/a.b/c~d', 'https://api.example.com:8443/a.b/c~d'],
  ])('has its address %s in one form', (url, normal) => {
    expect(read({ url }).url).toBe(normal)
  })

  it.each([
    ['https://user@api.example.com', 'a user'],
    ['https://user:pass@api.example.com', 'a user'],
    ['https://api.example.com/?x=1', 'a query'],
    ['https://api.example.com/?', 'a query'],
    ['https://api.example.com/#x', 'a fragment'],
    ['https://api.example.com/#', 'a fragment'],
    ['https://api.example.com/v1/../v2', 'dot'],
    ['https://api.example.com/v1/./v2', 'dot'],
    ['https://api.example.com/v1/%2e%2e/v2', 'encoded'],
    ['https://api.example.com/v1%2fv2', 'encoded'],
    ['https://api.example.com//v1', 'empty'],
    ['https://api.example.com/v1;x=..', 'encoded'],
    ['https:\\\\api.example.com\\v1', 'path plainly'],
    ['ftp://api.example.com', 'https'],
    ['http://api.example.com', 'https'],
    ['api.example.com', 'absolute URL'],
    ['https://api.example.com/v1\n', 'characters that all show'],
  ])('is not at %j', (url, word) => {
    expect(fault({ url })).toContain(word)
  })

  it('is on this computer without TLS only where its requests may go there', () => {
    const url = 'http://127.0.0.1:8080/v1'
    expect(fault({ url })).toContain('(--private-network)')
    expect(read({ url, network: 'private' })).toMatchObject({ url, reach: 'private' })
    expect(fault({ url: 'http://10.0.0.1', network: 'private' })).toContain('https')
  })

  it('takes a key in a header of its own or in Authorization, and in none that says something else', () => {
    for (const name of ['X-API-Key', 'authorization', 'PRIVATE-TOKEN'])
      expect(fault({ auth: { type: 'api_key', name } })).toBe('')
    for (const name of ['Host', 'cookie', 'Content-Length', 'X-Forwarded-For', 'proxy-authorization', 'Via'])
      expect(fault({ auth: { type: 'api_key', name } })).toContain('which says something else')
    for (const name of ['a b', 'a:b', 'ключ', 'x\r\ny']) expect(fault({ auth: { type: 'api_key', name } })).not.toBe('')
    expect(fault({ auth: { type: 'api_key', name: 'key', in: 'query' } })).toBe('')
    expect(fault({ auth: { type: 'api_key', name: 'a&b', in: 'query' } })).toContain('not the name of a parameter')
    expect(fault({ auth: { type: 'api_key', name: 'key', in: 'query', prefix: 'x' } })).toContain(
      'prefix is for headers',
    )
    for (const prefix of [' Token', 'Tökén ', 'a\nb'])
      expect(fault({ auth: { type: 'api_key', name: 'X-Key', prefix } })).toContain('prefix')
  })

  it('says of OAuth what its grant needs, and no more', () => {
    const client = { type: 'oauth2', grant: 'client_credentials', tokenEndpoint: 'https://id.example.com/token' }
    expect(fault({ auth: client })).toBe('')
    expect(fault({ auth: { ...client, authorizationEndpoint: 'https://id.example.com' } })).toContain('leave it out')
    expect(fault({ auth: { ...oauth, authorizationEndpoint: undefined } })).toContain(
      'authorizationEndpoint is missing',
    )
    expect(fault({ auth: { ...oauth, tokenEndpoint: 'http://id.example.com' } })).toContain(
      'tokenEndpoint does not use https',
    )
    expect(fault({ auth: { ...oauth, scopes: ['a b'] } })).toContain('scopes has one')
    expect(fault({ auth: { ...oauth, secretIn: 'query' } })).toContain('secretIn is none of header, body')
    expect(fault({ auth: { type: 'oauth2' } })).toMatch(/grant is missing[^]*tokenEndpoint is missing/)
    expect(fault({ auth: { type: 'bearer_token', name: 'x' } })).toContain('"name" is unknown')
  })

  it('says who may use it, by grants alone', () => {
    expect(read({ requirement: { roles: ['admin'] } }).requirement).toEqual({
      ...{ kind: 'grant', category: 'roles', name: 'admin' },
    })
    expect(fault({ requirement: undefined })).toContain('requirement is missing')
    expect(fault({ requirement: { policy: 'OfficeHours' } })).toContain('names no policy')
    expect(fault({ requirement: { rolles: ['admin'] } })).toContain('requirement is none')
    expect(fault({ requirement: { roles: [] } })).toContain('requirement is none')
  })

  it.each([
    ['dynamic', 'database/creds/reports'],
    ['dynamic', 'team-a/aws/creds/deploy.role'],
    ['static', 'database/static-creds/reports'],
  ])('has a credential that an engine makes: %s %s', (from, path) => {
    expect(read({ auth: { type: 'basic_auth' }, source: { from, path } }).source).toEqual({ from, path })
  })

  it.each([
    ['dynamic', 'database/static-creds/reports'],
    ['static', 'ldap/static-cred/reports'],
    ['static', 'database/creds/reports'],
    ['dynamic', 'secret/data/tenants/creds/x'],
    ['dynamic', 'secret/Metadata/creds/x'],
    ['dynamic', 'sys/creds/x'],
    ['dynamic', 'database/../secret/creds/x'],
    ['dynamic', 'database/creds/..'],
    ['dynamic', 'database/creds/a%2fb'],
    ['dynamic', '/database/creds/x'],
    ['dynamic', 'database/creds/x?version=1'],
    ['dynamic', 'creds/x'],
    ['dynamic', undefined],
    ['store', 'database/creds/reports'],
  ])('has no credential that an engine makes at %s %s: other things are there', (from, path) => {
    expect(fault({ source: { from, path } })).toContain('source.path')
  })

  it('keeps what OAuth needs in the store', () => {
    expect(fault({ auth: oauth, source: { from: 'dynamic', path: 'database/creds/x' } })).toContain('in the store')
    expect(fault({ source: {} })).toContain('source.from is missing')
    expect(read({ auth: oauth, source: { from: 'store' } }).source).toEqual({ from: 'store' })
  })

  it('is described within bounds', () => {
    expect(fault({ tags: Array.from({ length: 21 }, (_, at) => `tag ${at}`) })).toContain('tags are more than 20')
    expect(fault({ description: 'x'.repeat(1001) })).toContain('description')
    expect(fault({ tags: ['a\u202eb'] })).toContain('tags')
    expect(read({ tags: [] }).tags).toEqual([])
  })
})

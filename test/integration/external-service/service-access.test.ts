import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { inspect } from 'node:util'
import type { ExternalService } from '../../../src/core/external-service/external-service.js'
import type { ServiceAccess } from '../../../src/core/external-service/service-access.js'
import { UpstreamError } from '../../../src/core/error/upstream-error.js'
import type { Caller } from '../../../src/core/identity/caller.js'
import { ToolError } from '../../../src/core/operation/tool-error.js'
import { role } from '../../../src/core/permission/requirement/builders.js'
import { globex, sampleCaller } from '../../support/core-samples.js'
import { passMilliseconds, stopPassing } from '../../support/pass-milliseconds.js'
import { ServiceBench } from '../../support/service-bench.js'

const token = 'tok_5Zx81qLmVw0R'
let bench: ServiceBench

beforeEach(async () => {
  bench = new ServiceBench()
  await bench.open()
})

afterEach(async () => {
  stopPassing()
  await bench.close()
})

const repositories = async (services: ServiceAccess): Promise<unknown> =>
  (await services.fetch('GitHub', '/user/repos?per_page=5')).json()

describe('a declared service', () => {
  it('is asked with its credential, which is on record before', async () => {
    await bench.provide({}, { access_token: token })
    expect(await bench.call(repositories)).toEqual({ text: '{"repositories":42}', isError: false })
    expect(bench.seen).toMatchObject([
      { method: 'GET', url: '/user/repos?per_page=5', headers: { authorization: `Bearer ${token}` } },
    ])
    expect(bench.audit.rows.map(({ type, reason, detail }) => ({ type, reason, detail }))).toMatchObject([
      { type: 'operation.allowed' },
      { type: 'credential.read', detail: { service: 'GitHub', version: 1 } },
      { type: 'credential.outcome', reason: 'succeeded', detail: { service: 'GitHub', version: 1 } },
      { type: 'operation.outcome', reason: 'succeeded' },
    ])
    const [allowed, read, came, outcome] = bench.audit.rows
    expect(read?.intentId).toMatch(/^[0-9a-f-]{36}$/)
    expect([came?.intentId, allowed?.intentId]).toEqual([read?.intentId, outcome?.intentId])
    expect(read?.intentId).not.toBe(allowed?.intentId)
    expect(came?.milliseconds).toBeGreaterThanOrEqual(0)
    expect(JSON.stringify(bench.audit.events)).not.toContain(token)
  })

  it.each<[string, ExternalService['auth'], Record<string, string>, unknown]>([
    [
      'an API key in a header',
      { type: 'api_key', in: 'header', name: 'X-Api-Key', prefix: '' },
      { api_key: token },
      { headers: { 'x-api-key': token } },
    ],
    [
      'an API key with a prefix',
      { type: 'api_key', in: 'header', name: 'Authorization', prefix: 'Token ' },
      { api_key: token },
      { headers: { authorization: `Token ${token}` } },
    ],
    [
      'an API key in the query',
      { type: 'api_key', in: 'query', name: 'key', prefix: '' },
      { api_key: 'a&b=c d' },
      { url: '/user?q=1&key=a%26b%3Dc+d' },
    ],
    [
      'basic authentication',
      { type: 'basic_auth' },
      { username: 'ada', password: 'pä:ss' },
      { headers: { authorization: `Basic ${Buffer.from('ada:pä:ss').toString('base64')}` } },
    ],
  ])('may want %s', async (_name, auth, members, seen) => {
    await bench.provide({ auth }, members)
    const { isError } = await bench.call((services) =>
      services.fetch('GitHub', '/user?q=1').then(({ status }) => status),
    )
    expect(isError).toBe(false)
    expect(bench.seen).toMatchObject([seen])
  })

  it('may want a key in the query, where the rest stays as the operation wrote it', async () => {
    await bench.provide({ auth: { type: 'api_key', in: 'query', name: 'key', prefix: '' } }, { api_key: token })
    const written = ['/a?b=c%20d+e&f&g==&h=%7e', '/a?', '/a', '/a?x=~(1)!&']
    await bench.call(async (services) => {
      for (const path of written) await services.fetch('GitHub', path)
    })
    expect(bench.seen.map(({ url }) => url)).toEqual([
      `${written[0]}&key=${token}`,
      `/a?key=${token}`,
      `/a?key=${token}`,
      `${written[3]}&key=${token}`,
    ])
  })

  it('takes methods, headers and bodies', async () => {
    await bench.provide({}, { access_token: token })
    await bench.call(async (services) => {
      const headers = { accept: 'application/vnd.github+json' }
      await services.fetch('GitHub', '/a', { method: 'POST', headers, body: 'text' })
      await services.fetch('GitHub', '/b', { method: 'PUT', body: Uint8Array.of(1, 2) })
      await services.fetch('GitHub', '/c', { method: 'PATCH', body: new URLSearchParams({ a: 'b c' }) })
      await services.fetch('GitHub', '/d', { method: 'DELETE' })
      await services.fetch('GitHub', '/e', { method: 'HEAD', headers: new Headers({ 'if-match': '"1"' }) })
    })
    expect(bench.seen).toMatchObject([
      { method: 'POST', body: 'text', headers: { accept: 'application/vnd.github+json' } },
      { method: 'PUT', body: '\u0001\u0002' },
      {
        method: 'PATCH',
        body: 'a=b+c',
        headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
      },
      { method: 'DELETE' },
      { method: 'HEAD', headers: { 'if-match': '"1"' } },
    ])
  })

  it('answers with whatever it says, cookies excepted', async () => {
    await bench.provide({}, { access_token: token })
    bench.answer = (_request, response) =>
      void response.writeHead(404, { 'set-cookie': 'a=b', 'x-left': '9' }).end('gone')
    const { text } = await bench.call(async (services) => {
      const answer = await services.fetch('GitHub', '/user')
      return [answer.status, answer.headers.get('x-left'), answer.headers.get('set-cookie'), await answer.text()].join()
    })
    expect(text).toBe('404,9,,gone')
  })

  it.each([204, 205, 304])('may answer without a body (%i)', async (status) => {
    await bench.provide({}, { access_token: token })
    bench.answer = (_request, response) => void response.writeHead(status).end()
    expect(await bench.call(async (services) => (await services.fetch('GitHub', '/user')).status)).toEqual({
      text: String(status),
      isError: false,
    })
  })

  it('ends with the call, or when the operation wants no more', async () => {
    await bench.provide({}, { access_token: token })
    bench.answer = () => undefined
    const { text } = await bench.call((services) =>
      services.fetch('GitHub', '/user', { signal: AbortSignal.timeout(50) }).catch((error: Error) => error.name),
    )
    expect(text).toBe('TimeoutError')
    const ending = new AbortController()
    const called = bench.call((services) => services.fetch('GitHub', '/user'), { channel: { signal: ending.signal } })
    ending.abort()
    expect((await called).isError).toBe(true)
  })

  it('is of no use to whoever keeps it longer than the call', async () => {
    await bench.provide({}, { access_token: token })
    let kept: ServiceAccess | undefined
    await bench.call((services) => void (kept = services))
    await expect(kept?.fetch('GitHub', '/user')).rejects.toThrow('has ended')
    await expect(kept?.getServiceToken('GitHub')).rejects.toThrow('has ended')
    expect(bench.seen).toEqual([])
  })
})

describe('a call that takes its time', () => {
  /** Asks three times: at once, a moment later, and when what is known of the caller is old. */
  const slowly = async (services: ServiceAccess): Promise<string> => {
    const said = []
    for (const wait of [0, 0, 250]) {
      passMilliseconds(wait)
      const asked = services.fetch('GitHub', '/user').then(({ status }) => String(status))
      said.push(await asked.catch((error: { readonly code: string }) => error.code))
    }
    return said.join()
  }
  const caller = () => ({ ...sampleCaller({ roles: ['clerk'] }), readAt: performance.now() })

  beforeEach(() => passMilliseconds(0))

  it('goes on with a service as long as its user may, which is looked up now and then', async () => {
    await bench.provide({ requirement: role('clerk') }, { access_token: token })
    let looked = 0
    const renew = async (same: Caller) => {
      looked += 1
      return { ...same, readAt: performance.now() }
    }
    expect((await bench.call(slowly, { caller: caller(), renew })).text).toBe('200,200,200')
    expect(looked).toBe(1)
  })

  it.each<[string, () => Promise<Caller | undefined>, string]>([
    ['is nobody any more', async () => undefined, 'ERR_SERVICE_DENIED'],
    ['lacks what the service demands', async () => ({ ...caller(), ...sampleCaller() }), 'ERR_SERVICE_DENIED'],
    [
      'cannot be looked up',
      () => Promise.reject(new UpstreamError('TENANT_UNAVAILABLE', 'the database is down')),
      'ERR_TENANT_UNAVAILABLE',
    ],
  ])('uses no service once its user %s', async (_what, renew, code) => {
    await bench.provide({ requirement: role('clerk') }, { access_token: token })
    expect((await bench.call(slowly, { caller: caller(), renew })).text).toBe(`200,200,${code}`)
    expect(bench.seen).toHaveLength(2)
    const denied = bench.audit.rows.filter(({ reason }) => reason === 'ERR_SERVICE_DENIED')
    expect(denied).toHaveLength(code === 'ERR_SERVICE_DENIED' ? 1 : 0)
  })

  it('hands out no credential either, and none of an operation that its user has lost', async () => {
    await bench.provide({}, { access_token: token })
    const { text } = await bench.call(
      async (services) => {
        passMilliseconds(250)
        const asked = [services.getServiceToken('GitHub'), services.getServiceCredentials('GitHub')]
        return (await Promise.allSettled(asked)).map(({ status }) => status)
      },
      { caller: caller(), renew: async () => undefined },
    )
    expect(JSON.parse(text)).toEqual(['rejected', 'rejected'])
    expect(bench.credentials.reads).toBe(0)
  })
})

describe('a service is refused', () => {
  const used = (name: string) => (services: ServiceAccess) => services.fetch(name, '/user').then(({ status }) => status)

  it('that the operation does not declare (V5)', async () => {
    await bench.provide({}, { access_token: token })
    const answer = await bench.call(used('GitHub'), { services: ['Other'] })
    expect(answer).toMatchObject({ isError: true, text: expect.stringMatching(/^Tool failed/) })
    expect(bench.lines.join()).toContain('add it to `services`')
    expect(bench.audit.rows).toContainEqual(
      expect.objectContaining({ type: 'credential.read', reason: 'ERR_SERVICE_UNDECLARED' }),
    )
    expect([bench.seen, bench.credentials.reads]).toEqual([[], 0])
  })

  it('that the tenant does not have, though another tenant does', async () => {
    await bench.provide({}, { access_token: token }, globex)
    expect(await bench.call(used('GitHub'))).toMatchObject({ isError: true })
    expect(bench.audit.rows).toContainEqual(expect.objectContaining({ reason: 'ERR_SERVICE_UNKNOWN' }))
    expect([bench.seen, bench.credentials.reads]).toEqual([[], 0])
  })

  it('without a credential, in words for the administrator', async () => {
    await bench.provide({ credentialVersion: 0 }, {})
    const { text } = await bench.call(used('GitHub'))
    expect(text).toMatch(/^GitHub cannot be used: its administrator has to set its credential/)
  })

  it('while its credential cannot be read, in words for the user, and not afterwards', async () => {
    await bench.provide({}, { access_token: token })
    bench.credentials.available = false
    expect((await bench.call(used('GitHub'))).text).toMatch(/cannot be read at the moment, try again later/)
    const detail = { service: 'GitHub', version: 1 }
    const rows = bench.audit.rows.filter(({ type }) => type.startsWith('credential.'))
    expect(rows).toMatchObject([
      { type: 'credential.read', detail },
      { type: 'credential.outcome', detail, reason: 'ERR_SECRETS_UNAVAILABLE', intentId: rows[0]?.intentId },
    ])
    expect(rows[0]?.reason).toBeUndefined()
    bench.credentials.mend = 'administrator'
    expect((await bench.call(used('GitHub'))).text).toMatch(/cannot be read: tell the administrator of this server/)
    bench.credentials.available = true
    expect(await bench.call(used('GitHub'))).toEqual({ text: '200', isError: false })
  })

  it('never by what came of reading it: that is kept until it can be recorded', async () => {
    await bench.provide({}, { access_token: token })
    bench.audit.refuse('credential.outcome')
    expect(await bench.call(used('GitHub'))).toEqual({ text: '200', isError: false })
    expect(bench.audit.retained).toMatchObject([{ type: 'credential.outcome', reason: 'succeeded' }])
  })

  it.each<[string, string, Record<string, unknown>]>([
    ['whose path leads elsewhere', '//evil.example/', {}],
    ['whose path leaves the base path', '/../admin', {}],
    ['that names another host', '/user', { headers: { Host: 'evil.example' } }],
    ['that says itself who asks', '/user', { headers: { authorization: 'Bearer x' } }],
    ['that pretends to come from elsewhere', '/user', { headers: { 'X-Forwarded-For': '10.0.0.1' } }],
    ['that names another path', '/user', { headers: { 'X-Original-URL': '/admin' } }],
    ['that names another path to others', '/user', { headers: { 'X-Rewrite-Url': '/admin' } }],
    ['that names another method', '/user', { headers: { 'x-http-method-override': 'DELETE' } }],
    ['that pretends with an underscore', '/user', { headers: { X_Forwarded_Host: 'evil.example' } }],
    ['that says how long it is', '/user', { method: 'POST', body: 'a', headers: { 'transfer-encoding': 'chunked' } }],
    ['whose header holds a line end', '/user', { headers: { 'x-a': 'b\r\nx-c: d' } }],
    ['whose header has no name', '/user', { headers: { 'x a': 'b' } }],
    ['of a method that is none', '/user', { method: 'CONNECT' }],
    ['of a method in other letters', '/user', { method: 'get' }],
    ['with a body that GET does not have', '/user', { body: 'a' }],
    ['with a body that is none', '/user', { method: 'POST', body: { a: 1 } }],
  ])('a request %s, before the credential is read', async (_name, path, init) => {
    await bench.provide({ url: `${bench.url}/v3` }, { access_token: token })
    expect(await bench.call((services) => services.fetch('GitHub', path, init))).toMatchObject({ isError: true })
    expect([bench.seen, bench.credentials.reads]).toEqual([[], 0])
    expect(bench.lines.join()).toMatch(/a (request to|path of) GitHub/)
  })

  it('a redirect, and its target sees nothing', async () => {
    await bench.provide({}, { access_token: token })
    const elsewhere = new ServiceBench()
    await elsewhere.open()
    bench.answer = (_request, response) => void response.writeHead(307, { location: `${elsewhere.url}/steal` }).end()
    expect((await bench.call(used('GitHub'))).text).toMatch(/^GitHub cannot be used as it is set up: tell its admin/)
    expect([bench.seen.length, elsewhere.seen.length]).toEqual([1, 0])
    await elsewhere.close()
  })

  it('that is out of reach for now, in words that say so', async () => {
    await bench.provide({}, { access_token: token })
    bench.answer = (_request, response) => void response.destroy()
    expect((await bench.call(used('GitHub'))).text).toMatch(/^GitHub gave no answer, try again later/)
  })

  it('an address inside the network, unless that is allowed (V11)', async () => {
    await bench.provide({ url: bench.url.replace('http:', 'https:'), reach: 'public' }, { access_token: token })
    expect((await bench.call(used('GitHub'))).text).toMatch(/^GitHub cannot be used as it is set up: tell its admin/)
    expect(bench.seen).toEqual([])
  })
})

describe('of three tools and three users', () => {
  it('each pair reaches what both may use, and nothing else (V5)', async () => {
    const services = ['Mail', 'Code', 'Bank']
    for (const [index, name] of services.entries()) {
      const id = `5e7f1c00-0000-4000-8000-00000000000${index}`
      await bench.provide({ id, name, requirement: role(`uses-${name}`) }, { access_token: `${token}-${name}` })
    }
    const seen = []
    for (const declared of services) {
      for (const held of services) {
        const caller = sampleCaller({ roles: [`uses-${held}`] })
        for (const name of services) {
          const use = (access: ServiceAccess) => access.fetch(name, '/').then(({ status }) => status)
          const { isError } = await bench.call(use, { caller, services: [declared] })
          if (!isError) seen.push([declared, held, name])
        }
      }
    }
    expect(seen).toEqual(services.map((name) => [name, name, name]))
    expect(bench.seen.map(({ headers }) => headers['authorization'])).toEqual(
      services.map((name) => `Bearer ${token}-${name}`),
    )
  })
})

describe('a credential', () => {
  it('is read once for fifty calls at once, and once more when there is a new version (V9)', async () => {
    const service = await bench.provide({}, { access_token: token })
    const calls = Array.from({ length: 50 }, () => bench.call(repositories))
    expect((await Promise.all(calls)).filter(({ isError }) => isError)).toEqual([])
    expect(bench.credentials.reads).toBe(1)
    await bench.provide({ ...service, credentialVersion: 2 }, { access_token: `${token}-new` })
    await bench.call(repositories)
    expect(bench.credentials.reads).toBe(2)
    expect(bench.seen.at(-1)?.headers['authorization']).toBe(`Bearer ${token}-new`)
  })

  it('is read again after the service did not take it, at most once in ten seconds', async () => {
    await bench.provide({}, { access_token: token })
    bench.answer = (_request, response) => void response.writeHead(401).end('{}')
    for (let times = 0; times < 3; times += 1) await bench.call(repositories)
    expect(bench.credentials.reads).toBe(1)
    passMilliseconds(10_000)
    for (let times = 0; times < 3; times += 1) await bench.call(repositories)
    expect(bench.credentials.reads).toBe(2)
  })

  it('of another tenant is never used, whatever the ids are (V10)', async () => {
    await bench.provide({}, { access_token: token })
    await bench.provide({}, { access_token: 'tok_of_globex_123' }, globex)
    await bench.call(repositories)
    await bench.call(repositories, { caller: { ...sampleCaller(), tenant: globex } })
    expect(bench.seen.map(({ headers }) => headers['authorization'])).toEqual([
      `Bearer ${token}`,
      'Bearer tok_of_globex_123',
    ])
  })

  it('is shown by nothing that prints, and by no template (V4)', async () => {
    await bench.provide({}, { access_token: token })
    const shown: string[] = []
    await bench.call(async (services) => {
      const secret = await services.getServiceToken('GitHub')
      const members = await services.getServiceCredentials('GitHub')
      for (const value of [secret, members, services, { secret }, [secret]]) {
        shown.push(JSON.stringify(value), inspect(value, { depth: 9, showHidden: true }), Object.keys(value).join())
      }
      expect(() => `${String(secret)}`).toThrow('reveal()')
      expect(() => 'Bearer ' + (secret as unknown as string)).toThrow('reveal()')
      expect(secret.reveal()).toBe(token)
    })
    expect(shown.join('\n')).not.toContain(token)
    expect(shown[0]).toBe('"[redacted]"')
  })

  it.each<[string, (secret: string, services: ServiceAccess) => unknown]>([
    ['in a text', (secret) => `the token is ${secret}`],
    ['in an object', (secret) => ({ token: secret })],
    ['in the name of a member', (secret) => ({ [secret]: 1 })],
    ['in base64', (secret) => Buffer.from(`user:${secret}`).toString('base64')],
    [
      'URL-encoded',
      (secret) => `https://x.example/?t=${secret.replaceAll(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`)}`,
    ],
    ['split over parts', (secret) => [...secret].map((text) => ({ type: 'text', text }))],
    [
      'in an image',
      (secret) => [{ type: 'image', mimeType: 'image/png', data: Buffer.from(secret).toString('base64') }],
    ],
    ['backwards and in a link', (secret) => [{ type: 'resource_link', uri: `x:${secret}`, name: 'x' }]],
    ['echoed by the service', async (_secret, services) => (await services.fetch('GitHub', '/echo')).text()],
    ['in an error', (secret) => ({ content: [{ type: 'text', text: secret }], isError: true })],
  ])('that a tool answers with is withheld: %s', async (_name, use) => {
    await bench.provide({}, { access_token: token })
    bench.answer = (request, response) => void response.end(JSON.stringify(request.headers))
    const { text, isError } = await bench.call(async (services) =>
      use((await services.getServiceToken('GitHub')).reveal(), services),
    )
    expect(text).toMatch(/^The result was withheld/)
    expect(isError).toBe(true)
    expect(bench.audit.rows.at(-1)).toMatchObject({ type: 'operation.outcome', reason: 'leaked' })
    expect(bench.lines.join('\n')).not.toContain(token)
  })

  it.each<[string, (secret: string) => unknown]>([
    ['in the message', (secret) => new TypeError(`cannot use ${secret}`)],
    ['in the cause', (secret) => new TypeError('cannot', { cause: new TypeError(secret) })],
    ['in a member', (secret) => Object.assign(new TypeError('cannot'), { request: { headers: { secret } } })],
    ['as what is thrown', (secret) => secret],
    ['in one of several', (secret) => new AggregateError([new TypeError(secret)])],
    [
      'in a request that leads back to itself',
      (secret) => {
        const request: Record<string, unknown> = { headers: { authorization: `Bearer ${secret}` } }
        request['response'] = { request }
        return Object.assign(new TypeError('401'), { request })
      },
    ],
  ])('that a tool throws is neither told nor logged: %s', async (_name, failure) => {
    await bench.provide({}, { access_token: token })
    const { text } = await bench.call(async (services) => {
      throw failure((await services.getServiceToken('GitHub')).reveal())
    })
    expect(text).toMatch(/^Tool failed/)
    expect(bench.lines.join('\n')).toContain('a failure that would show a secret')
    expect(bench.lines.join('\n')).not.toContain(token)
  })

  it('that a tool tells as its own words is withheld (V4)', async () => {
    await bench.provide({}, { access_token: token })
    const { text } = await bench.call(async (services) => {
      throw new ToolError(`no: ${(await services.getServiceToken('GitHub')).reveal()}`)
    })
    expect(text).toMatch(/^The result was withheld/)
  })

  it('that leads back to itself in a failure keeps nobody from being answered', async () => {
    await bench.provide({}, { access_token: token })
    const { text } = await bench.call(async (services) => {
      await services.getServiceToken('GitHub')
      const failure = Object.assign(new TypeError('broken'), { bytes: Buffer.alloc(1_000_000), self: {} })
      failure.self = failure
      throw failure
    })
    expect(text).toMatch(/^Tool failed/)
    expect(bench.lines.join()).toContain('an operation failed')
  })

  it('is not told from a guess that a caller sends and a tool echoes', async () => {
    await bench.provide({}, { access_token: token })
    await bench.call((services) => services.getServiceToken('GitHub'))
    const echo = (guess: string) => bench.call(() => `you said ${guess}`, { args: { guess } })
    for (const guess of [token, 'tok_another_guess'])
      expect(await echo(guess)).toEqual({ text: `you said ${guess}`, isError: false })
    expect((await bench.call(() => token, { args: { guess: 'tok_another_guess' } })).text).toMatch(
      /^The result was withheld/,
    )
  })

  it('of one tenant that a tool has kept is withheld from another tenant, too', async () => {
    await bench.provide({}, { access_token: token })
    let kept = ''
    await bench.call(async (services) => void (kept = (await services.getServiceToken('GitHub')).reveal()))
    const elsewhere = { ...sampleCaller(), tenant: globex }
    expect((await bench.call(() => kept, { caller: elsewhere })).text).toMatch(/^The result was withheld/)
  })

  it('that a tool keeps for another call of the tenant is withheld there, too', async () => {
    await bench.provide({}, { access_token: token })
    let kept = ''
    await bench.call(async (services) => void (kept = (await services.getServiceToken('GitHub')).reveal()))
    expect((await bench.call(() => kept)).text).toMatch(/^The result was withheld/)
    expect((await bench.call(() => 'all is well')).text).toBe('all is well')
  })

  it('does not go out with progress, logs and questions', async () => {
    await bench.provide({}, { access_token: token })
    const heard: unknown[] = []
    const say = async (...said: readonly unknown[]): Promise<void> => void heard.push(said)
    const channel = { signal: new AbortController().signal, progress: say, log: say }
    await bench.call(
      async (services, call) => {
        const secret = (await services.getServiceToken('GitHub')).reveal()
        await call.progress(1, 2, `with ${secret}`)
        await call.log('info', { secret })
        await call.progress(2, 2, 'done')
      },
      { channel },
    )
    expect(heard).toEqual([[2, 2, 'done']])
  })
})

describe('what is known about services without a credential', () => {
  it('says which can be used, and why not', async () => {
    await bench.provide({}, { access_token: token })
    await bench.provide({ id: '5e7f1c00-0000-4000-8000-000000000002', name: 'Empty', credentialVersion: 0 }, {})
    await bench.provide({ id: '5e7f1c00-0000-4000-8000-000000000003', name: 'Bank', requirement: role('clerk') }, {})
    const { text } = await bench.call((services) => services.healthCheck(), {
      services: ['GitHub', 'Empty', 'Bank', 'None'],
    })
    expect(JSON.parse(text)).toEqual({
      GitHub: 'ready',
      Empty: 'no_credential',
      Bank: 'not_allowed',
      None: 'not_allowed',
    })
    expect([bench.seen, bench.credentials.reads]).toEqual([[], 0])
  })

  it('says for whom a service is used', async () => {
    await bench.provide({}, { access_token: token })
    const { text } = await bench.call((services) => services.getServiceUserDetails('GitHub'))
    expect(JSON.parse(text)).toEqual({ service: 'GitHub', actsAs: 'tenant', subject: 'ada', email: 'ada@acme.example' })
  })
})

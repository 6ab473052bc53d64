import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createFetcher, type FetcherOptions } from '../../../src/adapter/net/create-fetcher.js'
import { FetchError, type FetchAnswer, type FetchRequest } from '../../../src/core/runtime/fetcher.js'
import { listenHttp, listenSilently, type TestListener } from '../../support/test-listener.js'
import { until } from '../../support/until.js'

const listeners: TestListener[] = []

async function serve(answer: RequestListener): Promise<TestListener> {
  const listener = await listenHttp(answer)
  listeners.push(listener)
  return listener
}

async function ask(
  answer: RequestListener,
  { options, ...request }: Partial<FetchRequest> & { readonly options?: FetcherOptions } = {},
): Promise<FetchAnswer> {
  const { port } = await serve(answer)
  const fetcher = createFetcher({ milliseconds: 500, ...options })
  return await fetcher.fetch({ url: `http://127.0.0.1:${port}/`, reach: 'private', ...request })
}

afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close()
})

describe('an answer', () => {
  it('comes whole, whatever its status is', async () => {
    const answer = await ask((_request, response) => {
      response.setHeader('X-Two', ['1', '2'])
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not here')
    })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('text/plain')
    expect(answer.headers.get('x-two')).toBe('1, 2')
    expect(Buffer.from(answer.body).toString()).toBe('not here')
  })

  it.each([300, 301, 302, 303, 305, 306, 307, 308, 399])('is not followed elsewhere: %i', async (status) => {
    const canary = await serve((_request, response) => response.end())
    const asked = ask((_request, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${canary.port}/` }).end()
    })
    await expect(asked).rejects.toMatchObject({ name: 'FetchError', failure: 'redirect' })
    expect(canary.hits()).toBe(0)
  })

  it('is an answer where it says that nothing has changed (304)', async () => {
    const answer = await ask((_request, response) => void response.writeHead(304, { etag: '"1"' }).end())
    expect([answer.status, answer.headers.get('etag'), answer.body.length]).toEqual([304, '"1"', 0])
  })

  it('points nowhere by a header of an ordinary one', async () => {
    const canary = await serve((_request, response) => response.end())
    const answer = await ask((_request, response) => {
      const location = `http://127.0.0.1:${canary.port}/`
      response.writeHead(200, { location, refresh: `0; url=${location}` }).end()
    })
    expect({ status: answer.status, hits: canary.hits() }).toEqual({ status: 200, hits: 0 })
  })
})

describe('the time of a request', () => {
  it.each<[string, RequestListener]>([
    ['headers that never come', () => undefined],
    [
      'a body that never comes',
      (_request, response) => response.writeHead(200, { 'content-length': 10 }).flushHeaders(),
    ],
    ['interim answers without end', (_request, response) => drip(() => void response.writeProcessing(), response)],
    ['a body that drips', (_request, response) => drip(() => void response.write(' '), response)],
  ])('ends %s', async (_what, answer) => {
    const startedAt = performance.now()
    await expect(ask(answer)).rejects.toMatchObject({ failure: 'timeout' })
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  it('ends a lookup that never answers, and one that is late leads nowhere', async () => {
    const { port, hits } = await serve((_request, response) => response.end())
    let resolveLate: (addresses: readonly string[]) => void = () => undefined
    const late = new Promise<readonly string[]>((resolve) => (resolveLate = resolve))
    const fetcher = createFetcher({ milliseconds: 100, lookup: () => late })
    const asked = fetcher.fetch({ url: `http://idp.example:${port}/`, reach: 'private' })
    await expect(asked).rejects.toMatchObject({ failure: 'timeout' })
    resolveLate(['127.0.0.1'])
    await fetcher.fetch({ url: `http://127.0.0.1:${port}/`, reach: 'private' })
    expect(hits()).toBe(1)
  })

  it('ends a handshake that never goes on', async () => {
    const silent = await listenSilently()
    listeners.push(silent)
    const fetcher = createFetcher({ milliseconds: 300 })
    const asked = fetcher.fetch({ url: `https://127.0.0.1:${silent.port}/`, reach: 'private' })
    await expect(asked).rejects.toMatchObject({ failure: 'timeout' })
    expect(silent.hits()).toBe(1)
  })

  it('is three seconds unless told', async () => {
    const { port } = await serve(() => undefined)
    const startedAt = performance.now()
    const asked = createFetcher().fetch({ url: `http://127.0.0.1:${port}/`, reach: 'private' })
    await expect(asked).rejects.toMatchObject({ failure: 'timeout' })
    expect(performance.now() - startedAt).toBeGreaterThan(2_900)
  })

  it('is enough for a body that is slow and ends', async () => {
    const answer = await ask((_request, response) => {
      response.write('slow ')
      setTimeout(() => response.end('but sure'), 50)
    })
    expect(Buffer.from(answer.body).toString()).toBe('slow but sure')
  })
})

describe('the size of an answer', () => {
  const most = 256 * 1024

  it.each<[string, RequestListener]>([
    ['a body that is too large and says so', (_request, response) => response.end(Buffer.alloc(most + 1))],
    [
      'a body that says it will be too large',
      (_request, response) => response.writeHead(200, { 'content-length': most + 1 }).flushHeaders(),
    ],
    ['a body that is too large and does not say so', (_request, response) => chunked(response, most + 1)],
    ['a body without end', (_request, response) => void flood(response)],
    ['a compressed body', (_request, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('{}'))],
    [
      'a body of an unknown coding',
      (_request, response) => response.setHeader('content-encoding', 'br, identity').end('{}'),
    ],
    ['headers that are too large', (_request, response) => response.setHeader('x-long', 'x'.repeat(20_000)).end()],
    ['too many headers', (_request, response) => manyHeaders(response)],
  ])('bounds %s', async (_what, answer) => {
    await expect(ask(answer)).rejects.toMatchObject({ failure: 'too-large' })
  })

  it.each<[string, RequestListener, number]>([
    ['a body that just fits', (_request, response) => response.end(Buffer.alloc(most)), most],
    ['one that does not say its size', (_request, response) => chunked(response, most), most],
    [
      'one that says that it is as it is',
      (_request, response) => response.setHeader('content-encoding', 'identity').end('{}'),
      2,
    ],
    ['long headers', (_request, response) => response.setHeader('x-long', 'x'.repeat(8_000)).end(), 0],
  ])('has room for %s', async (_what, answer, size) => {
    expect((await ask(answer)).body).toHaveLength(size)
  })

  it('asks for a body as it is', async () => {
    let asked: string | undefined
    await ask(
      (request, response) => {
        asked = request.headers['accept-encoding']
        response.end()
      },
      { headers: { 'Accept-Encoding': 'gzip' } },
    )
    expect(asked).toBe('identity')
  })
})

describe('an answer that is none', () => {
  it.each<[string, RequestListener]>([
    ['a connection that is cut', (request) => void request.socket.destroy()],
    [
      'a body that is cut',
      (_request, response) =>
        response.writeHead(200, { 'content-length': 10 }).write('{}', () => void response.destroy()),
    ],
    ['no HTTP', (request) => void request.socket.end('SSH-2.0-OpenSSH\r\n')],
    [
      'two lengths',
      (request) => void request.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}'),
    ],
    ['a bare line feed', (request) => void request.socket.end('HTTP/1.1 200 OK\ncontent-length: 2\n\n{}')],
    [
      'another protocol',
      (request) =>
        void request.socket.end(
          'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
        ),
    ],
  ])('fails: %s', async (_what, answer) => {
    await expect(ask(answer)).rejects.toMatchObject({ failure: 'unreachable' })
  })

  it('fails where nobody listens', async () => {
    const { port, close } = await listenHttp((_request, response) => response.end())
    await close()
    const asked = createFetcher().fetch({ url: `http://127.0.0.1:${port}/`, reach: 'private' })
    await expect(asked).rejects.toMatchObject({
      failure: 'unreachable',
      message: `127.0.0.1:${port}: it cannot be reached (ECONNREFUSED)`,
    })
  })

  it('fails where the name is unknown', async () => {
    const unknown = Object.assign(new TypeError('getaddrinfo ENOTFOUND idp.example'), { code: 'ENOTFOUND' })
    const fetcher = createFetcher({ lookup: () => Promise.reject(unknown) })
    const asked = fetcher.fetch({ url: 'https://idp.example/' })
    await expect(asked).rejects.toMatchObject({
      failure: 'unreachable',
      message: 'idp.example: it cannot be reached (ENOTFOUND)',
    })
  })
})

describe('several addresses of a name', () => {
  it('are tried until one answers', async () => {
    const listener = await listenHttp((_request, response) => response.end(), '127.0.0.1')
    listeners.push(listener)
    const fetcher = createFetcher({ lookup: () => Promise.resolve(['::1', '127.0.0.9', '127.0.0.1']) })
    const { status } = await fetcher.fetch({ url: `http://idp.example:${listener.port}/`, reach: 'private' })
    expect(status).toBe(200)
  })

  it('fail together where none answers', async () => {
    const { port, close } = await listenHttp((_request, response) => response.end())
    await close()
    const fetcher = createFetcher({ lookup: () => Promise.resolve(['::1', '127.0.0.1']) })
    const asked = fetcher.fetch({ url: `http://idp.example:${port}/`, reach: 'private' })
    const message = `idp.example:${port}: it cannot be reached (ECONNREFUSED)`
    await expect(asked).rejects.toMatchObject({ failure: 'unreachable', message })
  })
})

describe('what is sent', () => {
  it('is the method, the headers and the body of the request, without cookies of earlier ones', async () => {
    const seen: unknown[] = []
    const { port } = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method, url, headers } = request
        seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
        response.setHeader('set-cookie', 'session=1; Path=/').end()
      })
    })
    const fetcher = createFetcher()
    const url = `http://localhost:${port}/introspect?x=1`
    const request = {
      url,
      method: 'POST',
      headers: { Authorization: 'Basic eA==', Host: 'evil.example' },
      body: 'a=b',
      reach: 'private',
    } as const
    await fetcher.fetch(request)
    await fetcher.fetch(request)
    const headers = {
      authorization: 'Basic eA==',
      host: `localhost:${port}`,
      'accept-encoding': 'identity',
      connection: 'close',
      'content-length': '3',
    }
    const sent = { method: 'POST', url: '/introspect?x=1', headers, body: 'a=b' }
    expect(seen).toEqual([sent, sent])
  })

  it('stands in no error, also where the answer repeats it', async () => {
    const secret = 'very-secret-text'
    const failing: RequestListener[] = [
      (request) => void request.socket.end(`${request.headers.authorization ?? ''} HTTP\r\n\r\n`),
      (request, response) => response.writeHead(302, { location: request.url }).end(),
      (request) => void request.socket.end(`HTTP/1.1 200 OK\r\nx: ${request.url ?? ''}\nbad header\r\n\r\n`),
      () => undefined,
    ]
    for (const answer of failing) {
      const { port } = await serve(answer)
      const url = `http://127.0.0.1:${port}/${secret}?token=${secret}`
      const request = {
        url,
        method: 'POST',
        headers: { authorization: secret },
        body: secret,
        reach: 'private',
      } as const
      const error: unknown = await createFetcher({ milliseconds: 300 })
        .fetch(request)
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(FetchError)
      expect(wholeOf(error)).not.toContain(secret)
    }
  })

  it('goes past no proxy of the environment', async () => {
    const canary = await serve((_request, response) => response.end())
    const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'] as const
    const before = names.map((name) => [name, process.env[name]] as const)
    for (const name of names)
      process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.1:${canary.port}`
    try {
      expect((await ask((_request, response) => response.end())).status).toBe(200)
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    }
    expect(canary.hits()).toBe(0)
  })
})

describe('a host that hangs', () => {
  it('does not hold up another', async () => {
    const hanging = await serve(() => undefined)
    const sound = await serve((_request, response) => response.end('here'))
    const fetcher = createFetcher({ milliseconds: 1_500 })
    const url = `http://127.0.0.1:${hanging.port}/`
    const hung = Array.from({ length: 50 }, () => fetcher.fetch({ url, reach: 'private' }))
    const settled = Promise.allSettled(hung)
    await until(() => hanging.hits() === 8)
    const answer = fetcher.fetch({ url: `http://127.0.0.1:${sound.port}/`, reach: 'private' })
    expect(await Promise.race([answer, settled])).toMatchObject({ status: 200 })
    const failures = (await settled).map(
      (result) => result.status === 'rejected' && (result.reason as FetchError).failure,
    )
    expect(new Set(failures)).toEqual(new Set(['timeout']))
  })

  it('is looked up once at a time, and again later', async () => {
    const { port } = await serve((_request, response) => response.end())
    let lookups = 0
    const fetcher = createFetcher({ lookup: () => Promise.resolve((lookups += 1)).then(() => ['127.0.0.1']) })
    const request = { url: `http://idp.example:${port}/`, reach: 'private' } as const
    await Promise.all(Array.from({ length: 5 }, () => fetcher.fetch(request)))
    expect(lookups).toBe(1)
    await fetcher.fetch(request)
    expect(lookups).toBe(2)
  })

  it('is waited for by a hundred, and the next is told at once', async () => {
    const hanging = await serve(() => undefined)
    const request = { url: `http://127.0.0.1:${hanging.port}/`, reach: 'private' } as const
    const fetcher = createFetcher({ milliseconds: 1_000 })
    const waiting = Promise.allSettled(Array.from({ length: 108 }, () => fetcher.fetch(request)))
    const next = fetcher.fetch(request).catch((thrown: unknown) => thrown)
    const message = expect.stringContaining('too many requests wait for it') as unknown
    expect(await Promise.race([next, waiting])).toMatchObject({ failure: 'timeout', message })
    await waiting
  })

  it('serves many who ask it, a few at a time', async () => {
    let inside = 0
    let most = 0
    const { port } = await serve((_request, response) => {
      inside += 1
      most = Math.max(most, inside)
      setTimeout(() => {
        inside -= 1
        response.end()
      }, 20)
    })
    const fetcher = createFetcher({ atOnce: 3 })
    const request = { url: `http://127.0.0.1:${port}/`, reach: 'private' } as const
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetcher.fetch(request)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(most).toBe(3)
  })
})

/** Everything that a log could make of an error. */
function wholeOf(error: unknown): string {
  const names = Object.getOwnPropertyNames(error)
  return names.map((name) => String((error as Record<string, unknown>)[name])).join('\n')
}

type Response = Parameters<RequestListener>[1]

function drip(drop: () => void, response: Response): void {
  const timer = setInterval(drop, 20)
  response.once('close', () => {
    clearInterval(timer)
  })
}

function chunked(response: Response, size: number): void {
  response.write(Buffer.alloc(size - 1))
  response.end('x')
}

function flood(response: Response): void {
  const more = (): void => void response.write(Buffer.alloc(16_384), () => (response.destroyed ? undefined : more()))
  more()
}

function manyHeaders(response: Response): void {
  for (let index = 0; index < 2_000; index += 1) response.setHeader(`x-${index}`, 'xxxxxxxx')
  response.end()
}

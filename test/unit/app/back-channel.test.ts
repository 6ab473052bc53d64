import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createBackChannel } from '../../../src/app/back-channel.js'
import { hostAndPort } from '../../../src/app/host-and-port.js'
import { until } from '../../support/until.js'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const publicUrl = 'https://mcp.example.test'

describe('the way from a server to itself', () => {
  let server: Server | undefined
  afterEach(async () => {
    server?.closeAllConnections()
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined))
    server = undefined
  })

  const channel = async (answer: RequestListener): Promise<typeof fetch> => {
    server = createServer(answer).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return createBackChannel({ host: '0.0.0.0', port, publicUrl })
  }

  const read = async (request: IncomingMessage): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array))
    return Buffer.concat(chunks).toString('utf8')
  }

  it('goes straight to the listener, under the public name, which resolves nowhere', async () => {
    const ask = await channel((request, response) => {
      const { method, url, headers } = request
      response.setHeader('content-type', 'application/json')
      void read(request).then((body) =>
        response.end(JSON.stringify({ method, url, host: headers.host, type: headers['content-type'], body })),
      )
    })
    const body = new URLSearchParams({ code: 'a b' })
    const answer = await ask(`${publicUrl}/oauth/token?x=1`, { method: 'POST', body })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.json()).toEqual({
      ...{ method: 'POST', url: '/oauth/token?x=1', host: 'mcp.example.test', body: 'code=a+b' },
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
    })
    const plain = await ask(new URL(`${publicUrl}/oauth/jwks`), { headers: { host: 'evil.example' } })
    expect(await plain.json()).toMatchObject({ method: 'GET', host: 'mcp.example.test', body: '' })
  })

  it.each([
    'http://mcp.example.test/oauth/token',
    'https://mcp.example.test:444/oauth/token',
    'https://mcp.example.test.evil.example/oauth/token',
    'https://user@evil.example/',
    'http://127.0.0.1/oauth/token',
    'file:///etc/passwd',
    'data:text/plain,x',
  ])('leads nowhere else: %s', async (url) => {
    let asked = 0
    const ask = await channel((_request, response) => {
      asked += 1
      response.end()
    })
    await expect(ask(url)).rejects.toThrow(/this server only|credentials/)
    expect(asked).toBe(0)
  })

  it('does not follow redirects', async () => {
    const seen: (string | undefined)[] = []
    const ask = await channel((request, response) => {
      seen.push(request.url)
      response.writeHead(303, { location: `${publicUrl}/elsewhere` }).end()
    })
    const answer = await ask(`${publicUrl}/oauth/token`)
    expect({ status: answer.status, redirected: answer.redirected, seen }).toEqual({
      ...{ status: 303, redirected: false, seen: ['/oauth/token'] },
    })
  })

  it('takes 256 KiB and not a byte more', async () => {
    const ask = await channel((request, response) => response.end('x'.repeat(Number(request.url?.slice(1)))))
    expect(await (await ask(`${publicUrl}/262144`)).text()).toHaveLength(262_144)
    await expect(ask(`${publicUrl}/262145`)).rejects.toThrow('too large')
    await expect(ask(`${publicUrl}/99999999`)).rejects.toThrow('too large')
  })

  it.each([204, 304, 400, 503])('answers %i as it is', async (status) => {
    const ask = await channel((_request, response) => response.writeHead(status).end())
    expect((await ask(publicUrl)).status).toBe(status)
  })

  it.each<[string, RequestListener]>([
    ['says nothing', () => undefined],
    ['never ends', (_request, response) => response.writeHead(200).write('{')],
  ])('gives up after five seconds on an answer that %s', async (_name, answer) => {
    const ask = await channel(answer)
    const started = performance.now()
    // What waits must not be lost to the garbage collector.
    const collecting = setInterval(collect, 250)
    await expect(ask(publicUrl)).rejects.toThrow()
    clearInterval(collecting)
    const elapsed = performance.now() - started
    expect(elapsed).toBeGreaterThan(4_500)
    expect(elapsed).toBeLessThan(15_000)
  })

  it('gives up when it is told to', async () => {
    const ask = await channel(() => undefined)
    const controller = new AbortController()
    const asked = ask(publicUrl, { signal: controller.signal })
    controller.abort()
    await expect(asked).rejects.toThrow()
    await expect(ask(publicUrl, { signal: AbortSignal.abort() })).rejects.toThrow()
  })

  it.each<[string, RequestListener]>([
    ['nothing', (request) => request.socket.destroy()],
    [
      'half an answer',
      (request, response) => {
        response.writeHead(200, { 'content-length': 10 }).write('half')
        setImmediate(() => request.socket.destroy())
      },
    ],
  ])('fails where it gets %s', async (_name, answer) => {
    const ask = await channel(answer)
    await expect(ask(publicUrl)).rejects.toThrow()
  })

  it('is not kept open: a listener that closes need not wait for it', async () => {
    const ask = await channel((_request, response) => response.end('ok'))
    await (await ask(publicUrl)).text()
    const open = () =>
      new Promise<number>((resolve) => server?.getConnections((_error, count) => resolve(count)) ?? resolve(0))
    await until(async () => (await open()) === 0, 1_000)
  })
})

describe('where a listener is reached', () => {
  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['[::]', '::1'],
    ['::', '::1'],
    ['[::1]', '::1'],
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['192.168.1.5', '192.168.1.5'],
    ['[fe80::1]', 'fe80::1'],
  ])('that is bound to %s is %s', (bound, host) => {
    expect(hostAndPort(bound)).toEqual({ host })
  })
})

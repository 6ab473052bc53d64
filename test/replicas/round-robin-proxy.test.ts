import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { addressedFetch, LostInFlight } from './addressed-fetch.js'
import { Journal } from './load.js'
import { RoundRobinProxy, type Backend } from './round-robin-proxy.js'

let proxy: RoundRobinProxy
const servers: Server[] = []

beforeEach(async () => {
  proxy = await RoundRobinProxy.open()
})
afterEach(async () => {
  await proxy.close()
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** A server behind the proxy; `asked` counts what reached it. */
async function add(name: string, answer: RequestListener): Promise<{ readonly backend: Backend; asked: number }> {
  const added = { backend: { name, port: 0, killed: false }, asked: 0 }
  const server = createServer((request, response) => {
    added.asked += 1
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  added.backend.port = (server.address() as AddressInfo).port
  proxy.put(added.backend)
  return added
}

const ask = (address = '127.0.0.1') =>
  addressedFetch({ origin: proxy.origin, port: proxy.port, address, proxy })(`${proxy.origin}/`, {
    method: 'POST',
    body: 'x',
  })

describe('the load balancer of the test', () => {
  it('goes from server to server, with the address of the client', async () => {
    for (const name of ['a', 'b'])
      await add(name, ({ socket }, response) => response.end(`${name} ${socket.remoteAddress}`))
    const seen = []
    for (let count = 0; count < 4; count += 1) seen.push(await (await ask('127.3.2.1')).text())
    expect(seen).toEqual(['a 127.3.2.1', 'b 127.3.2.1', 'a 127.3.2.1', 'b 127.3.2.1'])
  })

  it('goes on to the next server where no connection can be made', async () => {
    proxy.put({ name: 'absent', port: 1, killed: true })
    await add('b', (_request, response) => response.end('b'))
    expect(await (await ask()).text()).toBe('b')
    expect(proxy.broken).toEqual([])
  })

  it('sends nothing twice: what a killed server had is lost', async () => {
    const first = await add('a', ({ socket }) => {
      first.backend.killed = true
      socket.destroy()
    })
    const second = await add('b', (_request, response) => response.end('b'))
    await expect(ask()).rejects.toThrow(LostInFlight)
    expect([first.asked, second.asked]).toEqual([1, 0])
  })

  it('takes half an answer of a killed server for none', async () => {
    const first = await add('a', (_request, response) => {
      response.write('half', () => {
        first.backend.killed = true
        response.destroy()
      })
    })
    await expect(ask()).rejects.toThrow(LostInFlight)
  })

  it('lets nothing pass for lost that a living server broke off or refused', async () => {
    await add('a', ({ socket }) => socket.destroy())
    const journal = new Journal()
    await journal.note('list', async () => {
      const { status } = await ask()
      if (status !== 200) throw new TypeError(`answered with ${status}`)
    })
    expect(journal.faults).toEqual(['list: answered with 502'])
    expect(journal.tallies.get('list')).toMatchObject({ done: 0, lost: 0 })
    expect(proxy.broken).toMatchObject([{ backend: { name: 'a', killed: false } }])
  })
})

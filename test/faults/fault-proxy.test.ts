import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { FaultProxy } from '../support/fault-proxy.js'
import { until } from '../support/until.js'

let echo: Server
let proxy: FaultProxy
beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const address = echo.address()
  proxy = await FaultProxy.open({
    host: '127.0.0.1',
    port: typeof address === 'object' && address !== null ? address.port : 0,
  })
})
afterEach(async () => {
  await proxy.close()
  echo.close()
})

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** What comes back for `said`, and after how many milliseconds. */
async function said(words: string): Promise<{ readonly heard: string; readonly milliseconds: number }> {
  const startedAt = performance.now()
  const socket = await open()
  socket.end(words)
  const heard = await text(socket).catch((error: NodeJS.ErrnoException) => String(error.code))
  return { heard, milliseconds: performance.now() - startedAt }
}

describe('the fault proxy', () => {
  it('passes everything on, and counts it', async () => {
    expect((await said('hello')).heard).toBe('hello')
    expect(proxy.counts).toMatchObject({ accepted: 1, bytes: 10 })
    await until(() => proxy.counts.open === 0)
  })

  it('delays and throttles', async () => {
    await proxy.set({ latency: 150 })
    expect(await said('hello')).toMatchObject({ heard: 'hello' })
    expect((await said('hello')).milliseconds).toBeGreaterThan(290)
    await proxy.set({ throttle: 100 })
    const slow = await said('x'.repeat(40))
    expect(slow.heard).toHaveLength(40)
    expect(slow.milliseconds).toBeGreaterThan(390)
  })

  it('swallows what is said on connections old and new', async () => {
    const socket = await open()
    let heard = ''
    socket.on('data', (piece: Buffer) => (heard += String(piece)))
    await proxy.set('blackhole')
    socket.write('hello')
    const late = await open()
    late.on('data', (piece: Buffer) => (heard += String(piece)))
    late.write('hello')
    await pause(200)
    expect(heard).toBe('')
    expect(proxy.counts).toMatchObject({ open: 2, bytes: 0 })
    await proxy.set('pass')
    socket.write('again')
    await until(() => heard === 'again')
    for (const one of [socket, late]) one.destroy()
  })

  it('refuses, takes connections again, and resets', async () => {
    const socket = await open()
    await proxy.set('refuse')
    await once(socket, 'close')
    await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await proxy.set('pass')
    expect((await said('hello')).heard).toBe('hello')
    const standing = await open()
    const failed = once(standing, 'error')
    await proxy.set('reset')
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }])
  })

  it('cuts after so many bytes, and flips bits', async () => {
    await proxy.set({ cutAfter: 7 })
    expect((await said('hello')).heard).toBe('he')
    await proxy.set('corrupt')
    const { heard } = await said('hello')
    expect(heard).not.toBe('hello')
  })
})

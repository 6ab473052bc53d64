import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createHealthHandler } from '../../src/app/health.js'
import { openListener, type Listener } from '../../src/app/listener.js'

describe('listener', () => {
  let listener: Listener | undefined
  afterEach(() => listener?.close(0))

  const open = async (): Promise<Listener> => {
    listener = await openListener({ host: '127.0.0.1', port: 0, log: { write: () => undefined } })
    return listener
  }

  it('keeps requests waiting until it is told what to serve', async () => {
    const { port, serve } = await open()
    let answered = false
    const answer = fetch(`http://127.0.0.1:${port}/healthz`).then(async (response) => {
      answered = true
      return response.text()
    })
    await pause(50)
    expect(answered).toBe(false)
    serve([createHealthHandler({ isReady: async () => true })])
    expect(await answer).toBe('ok\n')
  })

  it.each([
    ['/healthz', true, 200],
    ['/readyz', true, 200],
    ['/readyz', false, 503],
    ['/healthz', false, 200],
    ['/elsewhere', true, 404],
    ['/HEALTHZ', true, 404],
  ])('answers %s, ready: %p, with status %i, every security header and no detail', async (path, ready, status) => {
    const { port, serve } = await open()
    serve([createHealthHandler({ isReady: async () => ready })])
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(
      status === 200 ? 'ok\n' : status === 503 ? 'not ready\n' : '{"error":"not found"}',
    )
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
  })

  it('answers 500 without a word about a handler that throws', async () => {
    const { port, serve } = await open()
    serve([() => Promise.reject(new TypeError('secret path'))])
    const response = await fetch(`http://127.0.0.1:${port}/`)
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 500,
      body: { error: 'internal error' },
    })
  })

  it('ends connections that say nothing when it closes, and takes no new ones', async () => {
    const { port, serve, close } = await open()
    serve([])
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const ended = once(socket, 'close')
    await Promise.all([close(200), close(200), ended])
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
  })
})

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createOtlpReceiver } from '../../../src/adapter/audit-stream/create-otlp-receiver.js'
import { createSyslogReceiver } from '../../../src/adapter/audit-stream/create-syslog-receiver.js'
import { createFetcher } from '../../../src/adapter/net/create-fetcher.js'
import type { AuditRecord } from '../../../src/core/audit/audit-record.js'
import { CertificateAuthority } from '../../support/certificates.js'
import { openCollector, type CollectorAnswer } from '../../support/otlp-collector.js'
import { openSyslogSink, type SyslogSink } from '../../support/syslog-receiver.js'
import { usualRecord } from '../../unit/core/audit/random-audit-record.js'

const origin = { version: '1.2.3', host: 'web-1', process: '4711' }
const patient = (): AbortSignal => AbortSignal.timeout(10_000)
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

function records(many: number, first = 1): readonly AuditRecord[] {
  return Array.from({ length: many }, (_, index) => ({
    ...usualRecord,
    requestId: `r-${first + index}`,
    position: { chain: 'c1', sequence: first + index },
  }))
}

async function openSink(...how: Parameters<typeof openSyslogSink>): Promise<SyslogSink> {
  const sink = await openSyslogSink(...how)
  closers.push(() => sink.close())
  return sink
}

const requestsIn = (messages: readonly string[]) => messages.map((message) => / request="([^"]+)"/.exec(message)?.[1])

describe('a receiver of syslog', () => {
  const overTcp = (port: number, ca: readonly string[] = []) =>
    createSyslogReceiver({ target: { transport: 'tcp', host: '127.0.0.1', port }, ca, origin })

  it('gets each record as a message with its length before it, over TCP', async () => {
    const sink = await openSink()
    const receiver = overTcp(sink.port)
    expect(receiver.destination).toBe(`syslog tcp://127.0.0.1:${sink.port}`)
    expect(await receiver.deliver(records(300), patient())).toBe(300)
    expect(requestsIn(sink.messages)).toEqual(records(300).map(({ requestId }) => requestId))
    expect(sink.messages[0]).toMatch(
      /^<108>1 2026-11-26T10:20:30\.405Z web-1 authsec 4711 operation\.denied \[authsec@/,
    )
  })

  it('gets them over TLS, if its certificate is good and of its name', async () => {
    const authority = new CertificateAuthority()
    const overTls = async (name: string, ca: readonly string[]) => {
      const sink = await openSink(authority.issue({ names: [name] }))
      const receiver = createSyslogReceiver({
        target: { transport: 'tls', host: 'localhost', port: sink.port },
        ca,
        origin,
      })
      return { sink, taken: receiver.deliver(records(2), patient()) }
    }
    const good = await overTls('localhost', [authority.pem])
    expect(await good.taken).toBe(2)
    expect(requestsIn(good.sink.messages)).toEqual(['r-1', 'r-2'])
    const untrusted = /: its certificate is not trusted \(UNABLE_TO_VERIFY\w+\): .*AUTHSEC_AUDIT_CA$/
    for (const { bad, words } of [
      { bad: await overTls('localhost', []), words: untrusted },
      { bad: await overTls('other.example', [authority.pem]), words: /cannot be reached \(ERR_TLS_CERT_ALTNAME/ },
    ]) {
      const fault = await bad.taken.catch((error: unknown) => error)
      expect(fault).toMatchObject({ name: 'AuditDeliveryError', message: expect.stringMatching(words) })
      expect(String(fault)).toContain(`localhost:${bad.sink.port}: `)
      expect(bad.sink.messages).toEqual([])
    }
  })

  it('has taken nothing for sure where it breaks off in the middle, or is not there', async () => {
    const sink = await openSink()
    const { port } = sink
    sink.cutAfter(1000)
    await expect(overTcp(port).deliver(records(200), patient())).rejects.toMatchObject({ name: 'AuditDeliveryError' })
    sink.cutAfter(undefined)
    expect(await overTcp(port).deliver(records(200), patient())).toBe(200)
    expect(new Set(requestsIn(sink.messages)).size).toBe(200)
    await closers.pop()?.()
    await expect(overTcp(port).deliver(records(1), patient())).rejects.toMatchObject({
      message: expect.stringMatching(/^127\.0\.0\.1:\d+: it cannot be reached/),
    })
  })

  it('gets datagrams over UDP', async () => {
    const socket = createSocket('udp4')
    const messages: string[] = []
    socket.on('message', (message) => messages.push(message.toString()))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    const receiver = createSyslogReceiver({ target: { transport: 'udp', host: '127.0.0.1', port }, ca: [], origin })
    const arrived = once(socket, 'message')
    expect(await receiver.deliver(records(1), patient())).toBe(1)
    await arrived
    socket.close()
    expect(requestsIn(messages)).toEqual(['r-1'])
    expect(messages[0]).toMatch(/^<108>1 /)
  })
})

describe('a receiver of OpenTelemetry logs', () => {
  async function open(answer: (records: number) => CollectorAnswer) {
    const collector = await openCollector(({ logs }) => answer(logs.length))
    closers.push(() => collector.close())
    const logged: unknown[] = []
    const { requests, url } = collector
    const receiver = createOtlpReceiver({
      url,
      headers: new Map([['authorization', 'Bearer of-the-collector']]),
      origin,
      fetcher: createFetcher(),
      log: { write: (level, _message, fields) => logged.push({ level, ...fields }) },
    })
    return { logged, receiver, requests, url }
  }

  it('gets them as JSON, with the headers by which it knows us', async () => {
    const { receiver, requests, url } = await open(() => ({ status: 200 }))
    expect(receiver.destination).toBe(`otlp ${url}`)
    expect(await receiver.deliver(records(3), patient())).toBe(3)
    expect(requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer of-the-collector',
    })
    expect(requests[0]?.logs).toHaveLength(3)
  })

  it('is not sent again what it refuses of what it takes, which is in the log', async () => {
    const refused = { partialSuccess: { rejectedLogRecords: '2', errorMessage: 'too old' } }
    const { logged, receiver } = await open(() => ({ status: 200, body: refused }))
    expect(await receiver.deliver(records(3), patient())).toBe(3)
    expect(logged).toEqual([expect.objectContaining({ level: 'error', rejected: 2, message: 'too old' })])
  })

  it('gets fewer at once where they are too much for it', async () => {
    const { receiver, requests } = await open((many) => ({ status: many > 3 ? 413 : 200 }))
    expect(await receiver.deliver(records(10), patient())).toBe(3)
    expect(requests.map(({ logs }) => logs.length)).toEqual([10, 5, 3])
  })

  it('never gets more than a mebibyte at once', async () => {
    const { receiver, requests } = await open(() => ({ status: 200 }))
    const large = records(40).map((record) => ({ ...record, detail: { text: 'x'.repeat(50_000) } }))
    expect(await receiver.deliver(large, patient())).toBe(20)
    expect(requests.map(({ body }) => body.length < 2 ** 20)).toEqual([true])
  })

  it.each([
    [503, { 'retry-after': '7' }, 7],
    [429, { 'retry-after': new Date(Date.now() + 100_000).toUTCString() }, 100],
    [429, {}, undefined],
    [401, {}, undefined],
  ])(
    'has taken nothing where it answers %d, and is left alone as long as it says',
    async (status, headers, seconds) => {
      const { receiver } = await open(() => ({ status, headers }))
      const failure: unknown = await receiver.deliver(records(1), patient()).catch((error: unknown) => error)
      expect(failure).toMatchObject({
        name: 'AuditDeliveryError',
        message: expect.stringContaining(`answers ${status}`),
      })
      const { retryAfterSeconds } = failure as { readonly retryAfterSeconds: number | undefined }
      if (seconds === undefined) expect(retryAfterSeconds).toBeUndefined()
      else expect(Math.abs(Number(retryAfterSeconds) - seconds)).toBeLessThan(5)
    },
  )
})

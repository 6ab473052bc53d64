import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { request } from 'node:http'
import { marker, ObservedServer } from '../../support/observed-server.js'
import { until } from '../../support/until.js'

let observed: ObservedServer

beforeAll(async () => {
  observed = await ObservedServer.start({ AUTHSEC_METRICS_PORT: '0' })
}, 120_000)
afterAll(() => observed?.close())

function metricsUrl(path = '/metrics'): URL {
  return new URL(path, observed.server.metricsUrl)
}

async function read(): Promise<string> {
  return (await fetch(metricsUrl())).text()
}

/** The value of a series, by its name and labels as they stand in the text; 0 where there is none. */
async function valueOf(series: string): Promise<number> {
  const line = (await read()).split('\n').find((text) => text.startsWith(`${series} `))
  return line === undefined ? 0 : Number(line.slice(series.length + 1))
}

/** How much a series grows while something is done; it is counted when it is over. */
async function growth(series: string, act: () => Promise<unknown>): Promise<number> {
  const before = await valueOf(series)
  await act()
  await until(async () => (await valueOf(series)) > before)
  return (await valueOf(series)) - before
}

describe('metrics', () => {
  it('count an allowed call, with how long it took', async () => {
    const call = () => observed.call('close_books')
    const succeeded = 'authsec_calls_total{operation="close_books",outcome="succeeded"}'
    expect(await growth(succeeded, call)).toBe(1)
    expect(await growth('authsec_decisions_total{decision="allowed",reason="none"}', call)).toBe(1)
    expect(await growth('authsec_call_duration_seconds_count{operation="close_books"}', call)).toBe(1)
    expect(await growth('authsec_http_requests_total{method="POST",route="/mcp",status="200"}', call)).toBe(1)
    expect(await growth('authsec_http_request_duration_seconds_count{method="POST",route="/mcp"}', call)).toBe(1)
  })

  it('count a denied call by its code, and no handler', async () => {
    const call = () => observed.call('book_entry')
    const handled = await valueOf('authsec_call_duration_seconds_count{operation="book_entry"}')
    expect(await growth('authsec_calls_total{operation="book_entry",outcome="denied"}', call)).toBe(1)
    const denied = 'authsec_decisions_total{decision="denied",reason="ERR_PERMISSION_DENIED"}'
    expect(await growth(denied, call)).toBe(1)
    expect(await valueOf('authsec_call_duration_seconds_count{operation="book_entry"}')).toBe(handled)
  })

  it('count a failed handler, and a token that is refused', async () => {
    const failed = 'authsec_calls_total{operation="break_down",outcome="failed"}'
    expect(await growth(failed, () => observed.call('break_down'))).toBe(1)
    const refused = 'authsec_tokens_refused_total{reason="ERR_TOKEN_MALFORMED"}'
    expect(await growth(refused, () => observed.call('close_books', { token: 'x' }))).toBe(1)
  })

  it('keep their labels to words of ours, whatever callers send', async () => {
    const series = async (): Promise<number> =>
      (await read()).split('\n').filter((line) => line.startsWith('authsec_')).length
    await observed.call('nonsense')
    await fetch(new URL('/nonsense', observed.server.url))
    const before = await series()
    for (let count = 0; count < 50; count += 1) {
      await observed.call(`${marker}-${count}`)
      await fetch(new URL(`/${marker}/${count}`, observed.server.url))
    }
    await observed.call(`x",outcome="succeeded"} 1\nauthsec_forged 1`)
    const text = await read()
    expect(await series()).toBe(before)
    for (const secret of [marker, 'forged', observed.token, 'acme', 'ana@']) expect(text).not.toContain(secret)
    expect(await valueOf('authsec_calls_total{operation="unknown",outcome="denied"}')).toBeGreaterThanOrEqual(52)
  })

  it('say how the server is doing: pools, audit, sessions, streams, changes, and the process', async () => {
    await until(async () => (await valueOf('authsec_change_feed_alive')) === 1)
    const text = await read()
    for (const name of [
      'authsec_database_connections{pool="master",state="idle"}',
      'authsec_database_connections{pool="tenant",state="used"}',
      'authsec_database_waiting{pool="tenant"}',
      'authsec_database_waits_total{pool="master"}',
      'authsec_database_refusals_total{pool="tenant"}',
      'authsec_audit_backlog_events 0',
      'authsec_sessions 0',
      'authsec_open_streams 0',
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
    ]) {
      expect(text).toContain(`\n${name}`)
    }
  })

  it('are on a port of their own, which answers nothing else', async () => {
    const { origin } = new URL(observed.server.url)
    expect(metricsUrl().hostname).toBe('127.0.0.1')
    expect(metricsUrl().origin).not.toBe(origin)
    expect((await fetch(new URL('/metrics', origin))).status).toBe(404)
    for (const path of ['/', '/mcp', '/healthz', '/metrics/', '/metrics?x=1', '/oauth/jwks']) {
      expect((await fetch(metricsUrl(path))).status).toBe(404)
    }
    expect((await fetch(metricsUrl(), { method: 'POST' })).status).toBe(405)
    expect((await fetch(metricsUrl())).headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  })

  it('are not for a web page that has given our address another name', async () => {
    const status = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(metricsUrl(), { headers: { host } }, (answer) => resolve(answer.resume().statusCode))
        sent.on('error', reject).end()
      })
    expect(await status(`evil.example:${metricsUrl().port}`)).toBe(404)
    expect(await status(`localhost:${metricsUrl().port}`)).toBe(200)
  })
})

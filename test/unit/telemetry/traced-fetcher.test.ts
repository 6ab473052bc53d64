import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFetcher } from '../../../src/adapter/net/create-fetcher.js'
import { createTracer } from '../../../src/adapter/telemetry/create-tracer.js'
import { SpanRecorder } from '../../support/span-recorder.js'
import { listenHttp } from '../../support/test-listener.js'

let recorder: SpanRecorder
beforeEach(() => {
  recorder = new SpanRecorder()
})
afterEach(() => recorder.close())

/** Asks an issuer that answers like this, as a step of a request. */
async function ask(answer: RequestListener): Promise<number> {
  const { port, close } = await listenHttp(answer)
  const tracer = createTracer()
  const fetcher = createFetcher({ tracer })
  const url = `http://127.0.0.1:${port}/introspect?token=hunter2`
  const headers = { authorization: 'Basic hunter2' }
  await tracer.trace({ name: 'request', kind: 'server' }, async () => {
    const request = { url, method: 'POST', headers, body: 'token=hunter2', reach: 'private' } as const
    await fetcher.fetch(request).catch(() => undefined)
  })
  await close()
  return port
}

describe('a request to an address that somebody named', () => {
  it('is a step that says whom it went to and how that answered, and nothing that was sent', async () => {
    const port = await ask((_request, response) => response.writeHead(401).end('hunter2'))
    const [asked, request] = recorder.spans
    expect(asked).toMatchObject({ name: 'POST', kind: SpanKind.CLIENT })
    expect(asked?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
    expect(asked?.attributes).toEqual({
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'server.port': port,
      'http.response.status_code': 401,
    })
    expect(recorder.dump()).not.toContain('hunter2')
  })

  it('is a step that failed where there is no answer', async () => {
    await ask((request, response) => response.writeHead(302, { location: request.url }).end())
    const [asked] = recorder.spans
    expect(asked?.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(asked?.attributes).toMatchObject({ 'server.address': '127.0.0.1', 'authsec.reason': 'redirect' })
    expect(recorder.dump()).not.toContain('hunter2')
  })
})

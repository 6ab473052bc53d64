import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { boundedFetch, type Fetch } from '../../../src/adapter/oauth/bounded-fetch.js'
import { tracedFetch } from '../../../src/adapter/oauth/traced-fetch.js'
import { createTracer } from '../../../src/adapter/telemetry/create-tracer.js'
import { SpanRecorder } from '../../support/span-recorder.js'

let recorder: SpanRecorder
beforeEach(() => {
  recorder = new SpanRecorder()
})
afterEach(() => recorder.close())

/** Asks a provider that answers like this, as a step of a request. */
async function ask(fetch: Fetch): Promise<void> {
  const tracer = createTracer()
  const send = tracedFetch(boundedFetch(fetch), tracer)
  const url = 'https://idp.example/token?code=hunter2'
  const headers = { authorization: 'Basic hunter2' }
  const body = new URLSearchParams({ code: 'hunter2' })
  await tracer.trace({ name: 'request', kind: 'server' }, async () => {
    await send(url, { method: 'POST', body, headers, redirect: 'manual' }).catch(() => undefined)
  })
}

describe('a request to an identity provider', () => {
  it('is a step that says which provider and how it answered, and nothing that was sent', async () => {
    await ask(async () => new Response('{"access_token":"hunter2"}', { status: 400 }))
    const [asked, request] = recorder.spans
    expect(asked).toMatchObject({ name: 'POST', kind: SpanKind.CLIENT })
    expect(asked?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
    expect(asked?.attributes).toEqual({
      'http.request.method': 'POST',
      'server.address': 'idp.example',
      'server.port': 443,
      'http.response.status_code': 400,
    })
    expect(recorder.dump()).not.toContain('hunter2')
  })

  it.each<readonly [string, Fetch]>([
    ['is down', () => Promise.reject(new TypeError('connect ECONNREFUSED hunter2'))],
    ['answers 500', async () => new Response('hunter2', { status: 500 })],
  ])('is a step that failed where the provider %s', async (_how, fetch) => {
    await ask(fetch)
    const [asked] = recorder.spans
    expect(asked?.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(asked?.attributes).toMatchObject({ 'server.address': 'idp.example', 'error.type': 'ERR_IDP_UNAVAILABLE' })
    expect(recorder.dump()).not.toContain('hunter2')
  })
})

import type { ServerResponse } from 'node:http'

/** An object of JSON. */
export type Members = Readonly<Record<string, unknown>>

/** Changes what a handler answers with, where that is JSON and no error; members that are `undefined` then are left out. */
export function changeAnswer(response: ServerResponse, change: (body: Members) => Members): void {
  const end = response.end.bind(response)
  const endChanged = (body?: unknown): ServerResponse => {
    if (response.statusCode !== 200 || body === undefined) return end(body)
    const value: unknown = JSON.parse(String(body))
    const text = JSON.stringify(change({ ...Object(value) }))
    response.setHeader('content-length', Buffer.byteLength(text))
    return end(text)
  }
  Object.assign(response, { end: endChanged })
}

import type { RequestListener, ServerResponse } from 'node:http'
import { sendJson } from './hostile-provider.js'

/** What a path does instead of answering as it should. */
export type Fault = 'status-500' | 'hang' | 'cut' | 'drip' | 'huge' | 'redirect' | 'garbage' | 'html' | 'empty' | 'gzip'

/** How each fault answers. A redirect leads to `elsewhere`. */
export function answerFaulty(fault: Fault, elsewhere: string): RequestListener {
  const faults: Readonly<Record<Fault, (response: ServerResponse) => void>> = {
    'status-500': (response) => sendJson(response, { error: 'server_error' }, 500),
    hang: () => undefined,
    cut: (response) => void response.socket?.destroy(),
    drip,
    huge: (response) => sendJson(response, { keys: [], padding: 'x'.repeat(2 * 2 ** 20) }),
    redirect: (response) => void response.writeHead(302, { location: elsewhere }).end(),
    garbage: (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":['),
    html: (response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'),
    empty: (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(),
    gzip: (response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(),
  }
  return (_request, response) => {
    faults[fault](response)
  }
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => void response.write(' '), 20)
  response.once('close', () => {
    clearInterval(timer)
  })
}

import { request as send, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { FetchError, type FetchAnswer, type FetchRequest } from '../../core/runtime/fetcher.js'
import type { FetchTarget } from './fetch-target.js'

/** A request that has a connection of its own. */
export interface Exchange {
  readonly request: FetchRequest
  readonly target: FetchTarget
  readonly socket: Socket
  readonly mostBytes: number
}

const mostHeaderBytes = 16 * 1024

/** Sends the request and reads the answer to its end. Throws `FetchError` (`redirect`, `too-large`), or what Node says. */
export async function exchange(parts: Exchange): Promise<FetchAnswer> {
  const answer = await answerTo(parts)
  const { rawHeaders, statusCode: status = 0 } = answer
  refuseUseless(answer, parts)
  const body = await readBody(answer, parts)
  return { status, headers: joinHeaders(rawHeaders), body }
}

function answerTo({ request, target, socket }: Exchange): Promise<IncomingMessage> {
  const { method = 'GET', headers, body } = request
  return new Promise((resolve, reject) => {
    const outgoing = send({
      ...{ method, path: target.path, setHost: false, maxHeaderSize: mostHeaderBytes, insecureHTTPParser: false },
      headers: { ...headers, host: target.host, 'accept-encoding': 'identity' },
      createConnection: () => socket,
    })
    outgoing.once('response', resolve)
    outgoing.once('close', () => {
      reject(new TypeError('closed before it answered'))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function refuseUseless({ statusCode: status = 0, headers }: IncomingMessage, { target, mostBytes }: Exchange): void {
  const { host } = target
  // 304 says that what the other end has is good still, and where nothing else is (RFC 9110 §15.4.5).
  if (status >= 300 && status < 400 && status !== 304) throw new FetchError('redirect', `${host}: it points elsewhere`)
  const { 'content-encoding': encoding = 'identity', 'content-length': length = '0' } = headers
  // Its size is only known when it is too late.
  if (encoding !== 'identity')
    throw new FetchError('too-large', `${host}: its answer is compressed, which nobody asked for`)
  if (Number(length) > mostBytes) throw tooLarge(host)
}

async function readBody(answer: IncomingMessage, { target, mostBytes }: Exchange): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let received = 0
  for await (const chunk of answer) {
    const bytes = chunk as Uint8Array
    received += bytes.length
    if (received > mostBytes) throw tooLarge(target.host)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

function tooLarge(host: string): FetchError {
  return new FetchError('too-large', `${host}: its answer is too large`)
}

function joinHeaders(raw: readonly string[]): ReadonlyMap<string, string> {
  const joined = new Map<string, string>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const before = joined.get(name)
    const value = raw[index + 1] ?? ''
    joined.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return joined
}

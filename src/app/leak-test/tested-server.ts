import { hasCode } from '../../core/error/has-code.js'
import { isResponse, parseMessages, type RpcMessage } from './rpc-message.js'

/** The server does not answer, or not as an MCP server does. The CLI exits with 4. */
export class ServerSilentError extends Error {
  override readonly name = 'ServerSilentError'
}

export interface Sent {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly url?: URL
  readonly token: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
}

export interface Seen {
  readonly status: number
  readonly headers: Headers
  /** Empty where a stream was opened that nobody asked anything. */
  readonly text: string
  readonly messages: readonly RpcMessage[]
}

const requestMilliseconds = 10_000
const mostCharacters = 4 * 2 ** 20

/** The server that is looked at, spoken to over HTTP like any client does. Follows no redirect, so that no token leaves it. */
export class TestedServer {
  readonly url: URL
  readonly #deadline: AbortSignal
  #requests = 0

  constructor(url: URL, deadline: AbortSignal) {
    this.url = url
    this.#deadline = deadline
  }

  /** How many requests were sent. */
  get requests(): number {
    return this.#requests
  }

  /** Throws `ServerSilentError` where no whole answer comes in time. */
  async send({ body, headers, method, token, url = this.url }: Sent): Promise<Seen> {
    this.#requests += 1
    const ending = new AbortController()
    // Not a timeout signal: one that nothing else holds can be collected as garbage, and then never comes.
    const timer = setTimeout(() => {
      ending.abort(new TypeError(`no answer within ${requestMilliseconds} ms`))
    }, requestMilliseconds)
    try {
      const response = await fetch(url, {
        method,
        redirect: 'manual',
        headers: {
          accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([ending.signal, this.#deadline]),
      })
      const { status } = response
      const text = method === 'GET' && status === 200 ? '' : await readText(response)
      return { status, headers: response.headers, text, messages: parseMessages(text) }
    } catch (error) {
      throw error instanceof ServerSilentError ? error : this.#silent(error)
    } finally {
      clearTimeout(timer)
      ending.abort()
    }
  }

  #silent(error: unknown): ServerSilentError {
    if (this.#deadline.aborted) return new ServerSilentError('the test has taken longer than it may', { cause: error })
    const { origin } = this.url
    const cause = error instanceof Error ? error.cause : undefined
    const refused = hasCode(cause, 'ECONNREFUSED') ? ': nothing listens there' : ''
    return new ServerSilentError(`${origin} does not answer${refused}`, { cause: error })
  }
}

/** A whole body; of a stream as much as holds an answer, because not every server ends it then. */
async function readText({ body, headers }: Response): Promise<string> {
  const streams = headers.get('content-type')?.startsWith('text/event-stream') === true
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > mostCharacters) throw new ServerSilentError('an answer has more than 4 MB')
    if (streams && /\n\r?\n$/.test(text) && parseMessages(text).some(isResponse)) break
  }
  return text
}

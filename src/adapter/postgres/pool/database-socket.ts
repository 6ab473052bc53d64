import dns from 'node:dns'
import { Socket, type LookupFunction, type SocketConnectOpts } from 'node:net'

type Answer = Parameters<LookupFunction>[2]

interface Question {
  /** By `performance.now()`. */
  readonly since: number
  readonly answers: Answer[]
}

/** After this a question is given up for lost, and whoever comes asks again. */
const patienceMilliseconds = 10_000

/** What is being asked of name servers, by host and how it was asked. */
const asking = new Map<string, Question>()

/**
 * The socket of one connection. Bytes that the driver chokes on, because they are no answer of PostgreSQL, break the connection
 * instead of ending the process; and a slow name server is asked once for all, for each question to it holds a thread that
 * passwords and tokens need too.
 */
export class DatabaseSocket extends Socket {
  override connect(options: SocketConnectOpts, listener?: () => void): this
  override connect(port: number, host: string, listener?: () => void): this
  override connect(port: number, listener?: () => void): this
  override connect(path: string, listener?: () => void): this
  override connect(target: SocketConnectOpts | number | string, host?: string | (() => void)): this {
    if (typeof target === 'string') return super.connect({ path: target })
    if (typeof target !== 'number') return super.connect(target)
    return super.connect({ port: target, ...(typeof host === 'string' ? { host } : {}), lookup: lookUpOnce })
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    try {
      return super.emit(event, ...values)
    } catch (error) {
      if (event !== 'data') throw error
      this.destroy(error instanceof Error ? error : new TypeError('what was received cannot be read'))
      return true
    }
  }
}

const lookUpOnce: LookupFunction = (hostname, options, answer) => {
  const key = JSON.stringify([hostname, options])
  const open = asking.get(key)
  if (open !== undefined && performance.now() - open.since < patienceMilliseconds) {
    open.answers.push(answer)
    return
  }
  const question: Question = { since: performance.now(), answers: [answer] }
  asking.set(key, question)
  dns.lookup(hostname, options, (...result) => {
    if (asking.get(key) === question) asking.delete(key)
    for (const tell of question.answers) tell(...result)
  })
}

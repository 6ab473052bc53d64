import dns from 'node:dns'
import { Socket, type LookupFunction, type SocketConnectOpts } from 'node:net'

type Answer = Parameters<LookupFunction>[2]

/** Who waits for the addresses of a host, by how they asked. */
const asking = new Map<string, Answer[]>()

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
  const others = asking.get(key)
  if (others !== undefined) {
    others.push(answer)
    return
  }
  const answers = [answer]
  asking.set(key, answers)
  dns.lookup(hostname, options, (...result) => {
    asking.delete(key)
    for (const tell of answers) tell(...result)
  })
}

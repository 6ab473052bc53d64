import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../src/core/runtime/clock.js'
import { refuse, reply, textIn, type FakeCall, type FakeReply } from './fake-reply.js'

interface Wrapped {
  readonly path: string
  readonly createdAt: number
  readonly seconds: number
  readonly body: object | undefined
}

/** Answers that are handed out wrapped: whoever has the token of one gets it, once. */
export class FakeWrapping {
  readonly #clock: Clock
  readonly #wrapped = new Map<string, Wrapped>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wrap({ path, wrapSeconds: seconds }: FakeCall, body: object | undefined): FakeReply {
    const token = `hvs.wrap-${randomBytes(18).toString('base64url')}`
    const createdAt = this.#clock.now()
    this.#wrapped.set(token, { path, createdAt, seconds, body })
    const wrap_info = { token, ttl: seconds, creation_time: new Date(createdAt).toISOString(), creation_path: path }
    return reply({ wrap_info })
  }

  lookUp({ body, token }: FakeCall): FakeReply {
    const found = this.#find(textIn(body, 'token') || (token ?? ''))
    if (found === undefined) return gone
    const creation_time = new Date(found.createdAt).toISOString()
    return reply({ data: { creation_path: found.path, creation_time, creation_ttl: found.seconds } })
  }

  unwrap({ body, token }: FakeCall): FakeReply {
    const id = textIn(body, 'token') || (token ?? '')
    const found = this.#find(id)
    if (found === undefined) return gone
    this.#wrapped.delete(id)
    return { status: 200, body: found.body }
  }

  #find(token: string): Wrapped | undefined {
    const found = this.#wrapped.get(token)
    return found !== undefined && found.createdAt + found.seconds * 1000 > this.#clock.now() ? found : undefined
  }
}

const gone = refuse(400, 'wrapping token is not valid or does not exist')

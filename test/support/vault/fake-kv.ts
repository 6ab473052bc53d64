import type { Clock } from '../../../src/core/runtime/clock.js'
import { done, notFound, refuse, reply, type FakeCall, type FakeReply } from './fake-reply.js'

interface Version {
  data: object | null
  readonly createdAt: string
  deletedAt: string
  destroyed: boolean
}

interface Entry {
  readonly versions: Map<number, Version>
  current: number
}

/** A secrets engine, mounted somewhere. */
export interface FakeEngine {
  readonly type: string
  readonly options: object | null
  /** Whether what a path below the mount is about exists: a request then updates it. */
  exists(path: string): boolean
  /** `path` is what comes after the mount. */
  answer(path: string, call: FakeCall): FakeReply
}

/** The KV secrets engine, version 2. */
export class FakeKv implements FakeEngine {
  readonly type = 'kv'
  readonly options = { version: '2' }
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  #mostVersions = 10

  constructor(clock: Clock) {
    this.#clock = clock
  }

  exists(path: string): boolean {
    return !path.startsWith('data/') || this.#entries.has(path.slice('data/'.length))
  }

  answer(path: string, call: FakeCall): FakeReply {
    const [kind = ''] = path.split('/', 1)
    const key = path.slice(kind.length + 1)
    const what = `${call.method} ${kind}`
    if (what === 'GET metadata' && call.query.get('list') === 'true') return this.#list(key)
    if (what === 'GET config') return reply({ data: { max_versions: this.#mostVersions, cas_required: false } })
    if (what === 'POST config') return this.#configure(call.body)
    if (key === '') return refuse(405, 'unsupported operation')
    const routes: Readonly<Record<string, () => FakeReply>> = {
      'GET data': () => this.#read(key, Number(call.query.get('version') ?? 0)),
      'POST data': () => this.#write(key, call.body),
      'POST delete': () => this.#delete(key, call.body),
      'GET metadata': () => this.#describe(key),
      'DELETE metadata': () => this.#destroy(key),
    }
    return routes[what]?.() ?? refuse(405, 'unsupported operation')
  }

  #configure({ max_versions: most }: FakeCall['body']): FakeReply {
    this.#mostVersions = Number(most)
    return done
  }

  #read(key: string, asked: number): FakeReply {
    const entry = this.#entries.get(key)
    const number = asked === 0 ? (entry?.current ?? 0) : asked
    const version = entry?.versions.get(number)
    if (version === undefined) return notFound
    const gone = version.deletedAt !== '' || version.destroyed
    const data = { data: gone ? null : version.data, metadata: metadataOf(version, number) }
    return reply({ data }, gone ? 404 : 200)
  }

  #write(key: string, body: FakeCall['body']): FakeReply {
    const { cas } = Object(body['options']) as { readonly cas?: unknown }
    const current = this.#entries.get(key)?.current ?? 0
    if (cas !== undefined && cas !== current) {
      return refuse(400, 'check-and-set parameter did not match the current version')
    }
    if (typeof body['data'] !== 'object') return refuse(400, 'no data provided')
    const entry = this.#entries.get(key) ?? { versions: new Map<number, Version>(), current: 0 }
    entry.current = current + 1
    const createdAt = new Date(this.#clock.now()).toISOString().replace('Z', '000000Z')
    const version: Version = { data: body['data'], createdAt, deletedAt: '', destroyed: false }
    entry.versions.set(entry.current, version)
    entry.versions.delete(entry.current - this.#mostVersions)
    this.#entries.set(key, entry)
    return reply({ data: metadataOf(version, entry.current) })
  }

  #delete(key: string, body: FakeCall['body']): FakeReply {
    const numbers = Array.isArray(body['versions']) ? body['versions'].map(Number) : []
    if (numbers.length === 0) return refuse(400, 'No version number provided')
    for (const number of numbers) {
      const version = this.#entries.get(key)?.versions.get(number)
      if (version !== undefined) version.deletedAt = new Date(this.#clock.now()).toISOString()
    }
    return done
  }

  #describe(key: string): FakeReply {
    const entry = this.#entries.get(key)
    if (entry === undefined) return notFound
    const versions = [...entry.versions].map(([number, version]) => [String(number), metadataOf(version, number)])
    return reply({
      data: { current_version: entry.current, max_versions: 0, versions: Object.fromEntries(versions) as object },
    })
  }

  #destroy(key: string): FakeReply {
    this.#entries.delete(key)
    return done
  }

  #list(folder: string): FakeReply {
    const prefix = folder === '' ? '' : `${folder.replace(/\/$/, '')}/`
    const below = [...this.#entries.keys()].filter((key) => key.startsWith(prefix))
    const keys = new Set(below.map((key) => key.slice(prefix.length).replace(/\/.*$/, '/')))
    return keys.size === 0 ? notFound : reply({ data: { keys: [...keys].toSorted() } })
  }
}

/** The KV secrets engine, version 1: whatever is written lies where it is written, `data/` and all. */
export class FakeOldKv implements FakeEngine {
  readonly type = 'kv'
  readonly options = null
  readonly written = new Map<string, object>()

  exists(path: string): boolean {
    return this.written.has(path)
  }

  answer(path: string, { method, body }: FakeCall): FakeReply {
    if (method === 'POST') this.written.set(path, body)
    if (method === 'POST') return done
    const found = this.written.get(path)
    return found === undefined ? notFound : reply({ data: found })
  }
}

function metadataOf({ createdAt, deletedAt, destroyed }: Version, version: number): object {
  return { created_time: createdAt, custom_metadata: null, deletion_time: deletedAt, destroyed, version }
}

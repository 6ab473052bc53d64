import { randomUUID } from 'node:crypto'

/** A request to the fake Vault, as its parts see it. */
export interface FakeCall {
  readonly method: string
  /** Below `/v1/`, decoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly body: Readonly<Record<string, unknown>>
  /** How long the answer is wrapped for; 0: not at all. */
  readonly wrapSeconds: number
}

export interface FakeReply {
  readonly status: number
  readonly body: object | undefined
}

/** What an envelope of Vault can have besides its defaults. */
export interface FakeEnvelope {
  readonly data?: object | null
  readonly auth?: object
  readonly lease_id?: string
  readonly lease_duration?: number
  readonly renewable?: boolean
  readonly wrap_info?: object
}

/** 200 with the envelope that every answer of Vault has. */
export function reply(envelope: FakeEnvelope, status = 200): FakeReply {
  const defaults = { request_id: randomUUID(), lease_id: '', renewable: false, lease_duration: 0 }
  return { status, body: { ...defaults, data: null, wrap_info: null, warnings: null, auth: null, ...envelope } }
}

/** 204, with nothing. */
export const done: FakeReply = { status: 204, body: undefined }

export function refuse(status: number, ...errors: readonly string[]): FakeReply {
  return { status, body: { errors } }
}

export const denied = refuse(403, '1 error occurred:\n\t* permission denied\n\n')
export const notFound = refuse(404)

export function textIn(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name]
  return typeof value === 'string' ? value : ''
}

/** Seconds, written as a number or as `90`, `90s`, `15m` or `1h`; 0 where nothing is said. */
export function secondsIn(body: Readonly<Record<string, unknown>>, name: string): number {
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600 }
  const [, number = '0', unit = ''] = /^(\d+)([smh]?)$/.exec(String(body[name] ?? '0')) ?? []
  return Number(number) * (units[unit] ?? 1)
}

export function textsIn(body: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = body[name] ?? []
  if (typeof value === 'string') return value.split(',').filter((text) => text !== '')
  return Array.isArray(value) ? value.map(String) : []
}

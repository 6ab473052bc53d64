import { AsyncLocalStorage } from 'node:async_hooks'
import type Provider from 'oidc-provider'
import type { Grant, Interaction, Session } from 'oidc-provider'
import type { RecordBasis, SealedRecords } from '../record/sealed-records.js'
import { grantsOf, takeOver } from './session-grants.js'
import { orUnavailable, writingInPlaceOf, type ErrorsOfProvider } from './oidc-adapter.js'

/** What one request has taken up. */
interface Request {
  /** The id of the interaction that it goes on from, which ends when the session is written that comes of it. */
  resumed?: string | undefined
  /** Ids of the grants that the session had not had before. */
  readonly given: string[]
  /** The codes that were made. */
  readonly codes: string[]
  /** Whether its session could not be written. */
  isUnsaved?: boolean
}

/** Of a browser whose requests never end writing at the same time. */
const mostAttempts = 10

const requests = new AsyncLocalStorage<Request>()

/** Whether the session of the request that is under way could not be written: the browser is to keep what it has. */
export function isUnsaved(): boolean {
  return requests.getStore()?.isUnsaved === true
}

interface Rotated {
  oldId?: string | undefined
}

/**
 * Lets a request write back what it has read of a sign-in only where that stands by then: a session, an interaction and a grant that
 * somebody has ended meanwhile stay ended. Such a request answers with an error of the provider's; its codes and the grants that came
 * with it end.
 */
export function keepEnded(provider: Provider, records: SealedRecords, errors: ErrorsOfProvider): void {
  provider.use((_context, next) => requests.run({ given: [], codes: [] }, next))
  guardSession(provider, records, errors)
  guardInteraction(provider, records, errors)
  provider.on('authorization_code.saved', ({ jti }) => requests.getStore()?.codes.push(jti))
  const { prototype } = provider.Grant
  const { save } = prototype
  prototype.save = function (this: Grant, ...terms) {
    if (!isStored(this)) return save.apply(this, terms)
    return writingInPlaceOf([{ model: 'Grant', id: this.jti }], () => save.apply(this, terms))
  }
}

function guardSession(provider: Provider, records: SealedRecords, errors: ErrorsOfProvider): void {
  const { prototype } = provider.Session
  const { grantIdFor, save } = prototype
  const noticing = function (this: Session, clientId: string, value?: string): string | undefined {
    if (value === undefined) return this.authorizations?.[clientId]?.grantId
    if (this.authorizations?.[clientId]?.grantId !== value) requests.getStore()?.given.push(value)
    grantIdFor.call(this, clientId, value)
    return undefined
  }
  Object.assign(prototype, { grantIdFor: noticing })
  prototype.save = async function (this: Session & Rotated, ttl) {
    const request = requests.getStore()
    const read = isStored(this) ? (this.oldId ?? this.jti) : undefined
    try {
      if (read === undefined && request?.resumed === undefined) return await save.call(this, ttl)
      const value = await writeBack(this, { read, request, records, errors }, () => save.call(this, ttl))
      if (request !== undefined) request.resumed = undefined
      return value
    } catch (error) {
      // Its cookie would take the place of that of the session which stands.
      if (request !== undefined) request.isUnsaved = true
      if (!(error instanceof errors.SessionNotFound)) throw error
      // The provider writes nothing more of one that is destroyed.
      Object.assign(this, { destroyed: true })
      const standing = await orUnavailable(records.findByUid('Session', this.uid), errors)
      await orUnavailable(undo(records, request, grantsOf(standing?.payload ?? {})), errors)
      throw error
    }
  }
}

interface WriteBack {
  /** The id that the session had when it was read; `undefined` where it is new. */
  readonly read: string | undefined
  readonly request: Request | undefined
  readonly records: SealedRecords
  readonly errors: ErrorsOfProvider
}

/** Writes a session in the place of what stands of it, with all that other requests of the browser have written meanwhile. */
async function writeBack<T>(session: Session & Rotated, from: WriteBack, write: () => Promise<T>): Promise<T> {
  const { errors, read, records, request } = from
  const { oldId } = session
  const look = async () => (read === undefined ? undefined : orUnavailable(records.standing('Session', read), errors))
  let standing = await look()
  for (let attempt = 1; ; attempt += 1) {
    if (standing !== undefined) takeOver(session, standing.payload['authorizations'], request?.given ?? [])
    // What was rotated away goes in the same step, not before it.
    session.oldId = undefined
    try {
      return await writingInPlaceOf(basisOf({ read, sealed: standing?.sealed }, request), write)
    } catch (error) {
      session.oldId = oldId
      if (!(error instanceof errors.SessionNotFound) || standing === undefined || attempt === mostAttempts) throw error
      const written = await look()
      if (written === undefined || isSame(written.sealed, standing.sealed)) throw error
      standing = written
    }
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** Grants that the standing session names are those of a request that was quicker. */
async function undo(records: SealedRecords, request: Request | undefined, standing: readonly string[]): Promise<void> {
  for (const code of request?.codes ?? []) await records.destroy('AuthorizationCode', code)
  for (const grantId of request?.given ?? []) if (!standing.includes(grantId)) await records.revokeGrant(grantId)
}

function basisOf(
  { read, sealed }: { readonly read: string | undefined; readonly sealed: Uint8Array | undefined },
  request: Request | undefined,
): readonly RecordBasis[] {
  const { resumed } = request ?? {}
  return [
    ...(read === undefined ? [] : [{ model: 'Session', id: read, sealed }]),
    ...(resumed === undefined ? [] : [{ model: 'Interaction', id: resumed }]),
  ]
}

function guardInteraction(provider: Provider, records: SealedRecords, errors: ErrorsOfProvider): void {
  const { prototype } = provider.Interaction
  const { destroy, save } = prototype
  prototype.save = async function (this: Interaction, ttl) {
    if (!isStored(this)) return save.call(this, ttl)
    try {
      return await writingInPlaceOf([{ model: 'Interaction', id: this.jti }], () => save.call(this, ttl))
    } catch (error) {
      const given = this.result?.consent?.grantId
      if (error instanceof errors.SessionNotFound && given !== undefined && given !== this.grantId) {
        await orUnavailable(records.revokeGrant(given), errors)
      }
      throw error
    }
  }
  // Between the end of an interaction and the session that comes of it nothing would be there that could be ended.
  prototype.destroy = async function (this: Interaction) {
    const request = requests.getStore()
    if (request === undefined || this.result?.['error'] !== undefined) return destroy.call(this)
    request.resumed = this.jti
    return undefined
  }
}

/** Whether it was read from the store, or written there: then it says when it expires. */
function isStored({ exp }: { readonly exp?: unknown }): boolean {
  return typeof exp === 'number'
}

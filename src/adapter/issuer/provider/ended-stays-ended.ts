import { AsyncLocalStorage } from 'node:async_hooks'
import type Provider from 'oidc-provider'
import type { Grant, Interaction, Session } from 'oidc-provider'
import type { RecordBasis, SealedRecords } from '../record/sealed-records.js'
import { orUnavailable, writingInPlaceOf, type ErrorsOfProvider } from './oidc-adapter.js'

/** What one request has taken up. */
interface Request {
  /** The id of the interaction that it goes on from, which ends when the session is written that comes of it. */
  resumed?: string | undefined
  /** Ids of the grants that the session had not had before. */
  readonly given: string[]
  /** The codes that were made. */
  readonly codes: string[]
}

const requests = new AsyncLocalStorage<Request>()

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
    const { oldId } = this
    const basis = basisOf(this, request)
    if (basis.length === 0) return save.call(this, ttl)
    // What was rotated away goes in the same step, not before it.
    this.oldId = undefined
    try {
      const value = await writingInPlaceOf(basis, () => save.call(this, ttl))
      if (request !== undefined) request.resumed = undefined
      return value
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) {
        this.oldId = oldId
        throw error
      }
      // The provider writes nothing more of one that is destroyed.
      Object.assign(this, { destroyed: true })
      await orUnavailable(undo(records, request), errors)
      throw error
    }
  }
}

async function undo(records: SealedRecords, request: Request | undefined): Promise<void> {
  for (const code of request?.codes ?? []) await records.destroy('AuthorizationCode', code)
  for (const grantId of request?.given ?? []) await records.revokeGrant(grantId)
}

function basisOf(session: Session & Rotated, request: Request | undefined): readonly RecordBasis[] {
  const { resumed } = request ?? {}
  return [
    ...(isStored(session) ? [{ model: 'Session', id: session.oldId ?? session.jti }] : []),
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

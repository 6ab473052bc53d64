import type { OwnedRecord } from '../../../core/identity/issuer-storage.js'
import type { SignInOrigin } from '../../../core/identity/session-source.js'
import { parseContext } from '../federation/sign-in-context.js'
import { grantsOf } from '../provider/session-grants.js'
import type { RecordPayload } from './sealed-records.js'

/** Models whose records say how their user has signed in; of an interaction, its result does. */
export const tellingModels = ['Session', 'Interaction', 'RefreshToken', 'AuthorizationCode'] as const

/** A record, and what is in it; nothing where it cannot be opened. */
export interface OpenedOwned {
  readonly record: OwnedRecord
  readonly payload: RecordPayload
}

/**
 * Of the records of one account, those of browsers that have signed in that way or are about to, and of the grants that were given
 * then. A grant does not say so itself: it goes by the codes, tokens and browsers that do, and where none is left that could tell, it
 * is among them. A browser that has signed in anew since says nothing of what was given before that.
 */
export function recordsMadeWith(
  opened: readonly OpenedOwned[],
  origin: SignInOrigin,
  keyOfGrant: (grantId: string) => string,
): readonly OwnedRecord[] {
  const [meant, others] = [new Set<string>(), new Set<string>()]
  const browsers: OwnedRecord[] = []
  const given = new Map(opened.map(({ payload, record }) => [record.key, numberOf(payload['iat'])]))
  for (const { payload, record } of opened) {
    if (record.model === 'Grant') continue
    const acr = acrOf(record, payload)
    const isMeant = isOf(acr, origin)
    if (isMeant && (record.model === 'Session' || record.model === 'Interaction')) browsers.push(record)
    if (record.model === 'Interaction') continue
    const since = record.model === 'Session' && !isMeant ? signedInAt(acr, payload) : 0
    const grants = record.model === 'Session' ? grantsOf(payload).map(keyOfGrant) : [record.grant]
    for (const grant of grants) {
      if (grant === undefined) continue
      if (isMeant) meant.add(grant)
      else if ((given.get(grant) ?? 0) >= since) others.add(grant)
    }
  }
  const all = opened.flatMap(({ record }) => (record.model === 'Grant' ? [record] : []))
  return [...all.filter(({ key }) => meant.has(key) || !others.has(key)), ...browsers]
}

/** An interaction that was decided holds who signs in by it. */
function acrOf({ model }: OwnedRecord, payload: RecordPayload): unknown {
  if (model !== 'Interaction') return payload['acr']
  const { login } = Object(payload['result']) as { readonly login?: unknown }
  return (Object(login) as { readonly acr?: unknown }).acr
}

/** When the sign-in that a browser has now was made; where that is not known, nothing was given since. */
function signedInAt(acr: unknown, { loginTs }: RecordPayload): number {
  return parseContext(acr)?.signedInAt ?? (typeof loginTs === 'number' ? loginTs : Number.POSITIVE_INFINITY)
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function isOf(acr: unknown, { provider, subject }: SignInOrigin): boolean {
  const context = parseContext(acr)
  return context?.provider === provider && context.subject === subject
}

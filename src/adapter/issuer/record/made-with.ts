import type { OwnedRecord } from '../../../core/identity/issuer-storage.js'
import type { SignInOrigin } from '../../../core/identity/session-source.js'
import { parseContext } from '../federation/sign-in-context.js'
import { grantsOf } from '../provider/session-grants.js'
import type { RecordPayload } from './sealed-records.js'

/** Models whose records say how their user has signed in. */
export const tellingModels = ['Session', 'RefreshToken', 'AuthorizationCode'] as const

/** A record, and what is in it; nothing where it cannot be opened. */
export interface OpenedOwned {
  readonly record: OwnedRecord
  readonly payload: RecordPayload
}

/**
 * Of the records of one account, those of browsers that have signed in that way, and of the grants that were given then. A grant does
 * not say so itself: it goes by the codes, tokens and browsers that do, and where none is left that could tell, it is among them.
 */
export function recordsMadeWith(
  opened: readonly OpenedOwned[],
  origin: SignInOrigin,
  keyOfGrant: (grantId: string) => string,
): readonly OwnedRecord[] {
  const [meant, others] = [new Set<string>(), new Set<string>()]
  const browsers: OwnedRecord[] = []
  for (const { payload, record } of opened) {
    if (record.model === 'Grant') continue
    const isMeant = isOf(payload['acr'], origin)
    const grants = record.model === 'Session' ? grantsOf(payload).map(keyOfGrant) : [record.grant]
    for (const grant of grants) if (grant !== undefined) (isMeant ? meant : others).add(grant)
    if (isMeant && record.model === 'Session') browsers.push(record)
  }
  const all = opened.flatMap(({ record }) => (record.model === 'Grant' ? [record] : []))
  return [...all.filter(({ key }) => meant.has(key) || !others.has(key)), ...browsers]
}

function isOf(acr: unknown, { provider, subject }: SignInOrigin): boolean {
  const context = parseContext(acr)
  return context?.provider === provider && context.subject === subject
}

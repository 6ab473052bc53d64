import type { SealedRecords } from './sealed-records.js'

const model = 'ConsentedDestination'

export interface NewDestination {
  readonly grantId: string
  readonly redirectUri: string
  /** Seconds, at least as long as the grant lives. */
  readonly expiresIn: number
}

/** Remembers which redirect URI the user saw when a grant was allowed; the record ends with its grant. */
export function rememberDestination(records: SealedRecords, destination: NewDestination): Promise<void> {
  const { grantId, redirectUri, expiresIn } = destination
  return records.put({ model, id: grantId, payload: { redirectUri }, expiresIn, grantId })
}

/** Whether a grant was allowed for exactly this redirect URI: consent to one destination says nothing about another. */
export async function wasAllowedFor(records: SealedRecords, grantId: string, redirectUri: unknown): Promise<boolean> {
  const record = await records.find(model, grantId)
  return record !== undefined && record.payload['redirectUri'] === redirectUri
}

/** The redirect URI that a grant was allowed for; `undefined` where nobody was asked. */
export async function destinationOfGrant(
  records: SealedRecords,
  grantId: string,
): Promise<{ readonly redirectUri: string } | 'unreadable' | undefined> {
  const record = await records.look(model, grantId)
  if (record === undefined || record === 'unreadable') return record
  const { redirectUri } = record.payload
  return typeof redirectUri === 'string' && URL.canParse(redirectUri) ? { redirectUri } : 'unreadable'
}

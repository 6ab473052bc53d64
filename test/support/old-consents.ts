import { SealedRecords } from '../../src/adapter/issuer/record/sealed-records.js'
import { formatSubject } from '../../src/adapter/issuer/sign-in/issuer-subject.js'
import type { Account } from '../../src/core/identity/account-store.js'
import { callbackUri, type IssuerHarness } from './issuer-harness.js'

interface OldConsents {
  readonly clientId?: string
  readonly count: number
  readonly oldest?: string
}

/** What an account of Acme has allowed a client, or the oldest to another one, so many times, one a minute, long ago; answers with the keys, oldest first. */
export async function allowedLongAgo(
  harness: IssuerHarness,
  account: Account,
  { clientId = 'gone', count, oldest = clientId }: OldConsents,
): Promise<readonly string[]> {
  const records = new SealedRecords(harness.storage, harness.keyring, 'app')
  // By which the provider goes.
  const now = Math.floor(Date.now() / 1000)
  const ids = Array.from({ length: count }, (_, index) => `${account.id}-${index}`)
  for (const [index, jti] of ids.entries()) {
    const accountId = formatSubject(harness.acme, account)
    const payload = {
      accountId,
      clientId: index === 0 ? oldest : clientId,
      jti,
      kind: 'Grant',
      iat: now - 60 * (count - index),
    }
    await records.put({ model: 'Grant', id: jti, payload, expiresIn: 24 * 60 * 60 })
    const destination = { redirectUri: callbackUri }
    await records.put({ model: 'ConsentedDestination', id: jti, grantId: jti, payload: destination, expiresIn: 86_400 })
  }
  return ids.map((id) => records.grantDigest(id))
}

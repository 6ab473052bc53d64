import type { CredentialMembers, CredentialPlace } from '../../../core/credential/credential-store.js'
import { MasterKey } from '../../../core/credential/master-key.js'
import { UpstreamError } from '../../../core/error/upstream-error.js'
import { isObject } from '../../../core/trust/option-reader.js'

const credentialPurpose = 'service credential'
const keyPurpose = 'service credential key'

/** A version of a credential at rest. */
export interface SealedCredential {
  /** Under a key of its own. */
  readonly sealed: Uint8Array
  /** That key, under the local key. */
  readonly sealed_key: Uint8Array
  /** The fingerprint of the local key. */
  readonly sealed_by: string
}

/** What a version is sealed for: in another tenant, service or account, or as another version, it cannot be opened. */
export function contextOf({ account, service, tenant }: CredentialPlace, version: number): string {
  return `${tenant.id} ${service} ${account ?? '-'} ${version}`
}

/** Seals a credential with a new key, and that with the local key. */
export function sealCredential(localKey: MasterKey, members: CredentialMembers, context: string): SealedCredential {
  const key = MasterKey.generate()
  return {
    sealed: key.seal(credentialPurpose, Buffer.from(JSON.stringify(members)), context),
    ...sealKey(localKey, key, context),
  }
}

/** Puts the key of a credential under another local key. Throws `UpstreamError` where none of `localKeys` opens it. */
export function resealKey(
  localKeys: readonly MasterKey[],
  to: MasterKey,
  { context, row }: { readonly context: string; readonly row: Omit<SealedCredential, 'sealed'> },
): Omit<SealedCredential, 'sealed'> {
  return sealKey(to, openKey(localKeys, row, context), context)
}

/** The credential. Throws `UpstreamError` (`SECRETS_UNAVAILABLE`) where no local key opens it, and where it was altered or moved. */
export function openCredential(
  localKeys: readonly MasterKey[],
  row: SealedCredential,
  context: string,
): CredentialMembers {
  const key = openKey(localKeys, row, context)
  return attempt(() => {
    const members: unknown = JSON.parse(key.open(credentialPurpose, row.sealed, context).toString())
    if (!isObject(members)) throw new TypeError('no members')
    return Object.fromEntries(Object.entries(members).map(([name, text]) => [name, String(text)]))
  })
}

function sealKey(localKey: MasterKey, key: MasterKey, context: string): Omit<SealedCredential, 'sealed'> {
  const sealed = localKey.seal(keyPurpose, Buffer.from(key.reveal()), context)
  return { sealed_key: sealed, sealed_by: localKey.fingerprint }
}

function openKey(
  localKeys: readonly MasterKey[],
  { sealed_by, sealed_key }: Omit<SealedCredential, 'sealed'>,
  context: string,
): MasterKey {
  const localKey = localKeys.find(({ fingerprint }) => fingerprint === sealed_by)
  if (localKey !== undefined)
    return attempt(() => MasterKey.parse(localKey.open(keyPurpose, sealed_key, context).toString()))
  throw unavailable(
    `a credential was sealed with another local key (fingerprint ${sealed_by}): put that back into AUTHSEC_LOCAL_VAULT_KEY, or into the file that it was in`,
  )
}

/** What is wrong with it would say something about it. */
function attempt<Value>(open: () => Value): Value {
  try {
    return open()
  } catch {
    throw unavailable(
      'a stored credential cannot be opened: it was altered, or is of another tenant, service or account',
    )
  }
}

function unavailable(message: string): UpstreamError {
  return new UpstreamError('SECRETS_UNAVAILABLE', message, { mend: 'administrator' })
}

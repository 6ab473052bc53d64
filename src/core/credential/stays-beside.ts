import type { CredentialPlace, CredentialStore } from './credential-store.js'

/** What an administrator is told where it does not. */
export const tooFewVersions =
  'the store keeps too few versions: with another one it would give up the credential that is used. Raise max_versions of its mount'

/** Whether `version` is still there once the one after `newest` has been written. Throws `UpstreamError`. */
export async function staysBesideNext(
  store: Pick<CredentialStore, 'mostVersions'>,
  place: CredentialPlace,
  { newest, version }: { readonly newest: number; readonly version: number },
): Promise<boolean> {
  return version > newest + 1 - (await store.mostVersions(place))
}

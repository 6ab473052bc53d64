import type { CredentialPlace, CredentialStore } from '../../credential/credential-store.js'
import { Secret } from '../../credential/secret.js'
import type { Log } from '../../runtime/log.js'
import type { ServiceAuthorization, UserServiceClient, UserTokens } from './service-authorization.js'

/**
 * What a service may still take of the versions from `first` on, each once; of the two newest, one of which is used, where that is not
 * known. What renews tokens is enough: what has come of it ends with it (RFC 7009 §2.1). Throws `UpstreamError`.
 */
export async function revocableTokens(
  store: Pick<CredentialStore, 'newest' | 'read'>,
  place: CredentialPlace,
  first?: number,
): Promise<readonly Secret[]> {
  const newest = await store.newest(place)
  const found = new Set<string>()
  for (let version = newest; version >= Math.max(1, first ?? newest - 1); version -= 1) {
    const { access_token: access, refresh_token: refresh } = (await store.read(place, version))?.members ?? {}
    const token = refresh ?? access
    if (token !== undefined) found.add(token)
  }
  return [...found].map((token) => new Secret(token))
}

/** The one of these tokens that the others end with. */
export function revocable({ accessToken, refreshToken }: UserTokens): Secret {
  return refreshToken ?? accessToken
}

/** Takes tokens back at services, as far as that can be done: whoever gives them up does not wait. */
export class TokenRevoker {
  readonly #ports: { readonly authorization: Pick<ServiceAuthorization, 'revoke'>; readonly log: Log }
  readonly #running = new Set<Promise<void>>()

  constructor(ports: { readonly authorization: Pick<ServiceAuthorization, 'revoke'>; readonly log: Log }) {
    this.#ports = ports
  }

  /** Never throws: what could not be taken back is in the log. */
  revoke(client: UserServiceClient, tokens: readonly Secret[]): void {
    const { authorization, log } = this.#ports
    for (const token of tokens) {
      const running = authorization
        .revoke(client, token)
        .catch((error: unknown) => {
          log.write('warn', 'a service did not take back a token that nobody uses any more', { error })
        })
        .finally(() => this.#running.delete(running))
      this.#running.add(running)
    }
  }

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    await Promise.all(this.#running)
  }
}

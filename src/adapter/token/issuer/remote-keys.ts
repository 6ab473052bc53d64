import type { Fetcher } from '../../../core/runtime/fetcher.js'
import type { TrustedIssuer } from '../../../core/trust/trusted-issuer.js'
import { issuerFault, statusOutage } from './issuer-fault.js'
import { ask, objectIn, type IssuerMetadataReader } from './issuer-metadata.js'
import type { PublishedKey } from '../key/verification-key.js'

export interface RemoteKeysOptions {
  readonly trusted: TrustedIssuer
  readonly metadata: IssuerMetadataReader
  readonly fetcher: Fetcher
}

/** The JWK Set of an issuer (RFC 7517 §5), where configuration or its metadata says; no token has a say in it. */
export class RemoteKeys {
  readonly #options: RemoteKeysOptions

  constructor(options: RemoteKeysOptions) {
    this.#options = options
  }

  /** Throws `ConfigurationError` where there is something else, `UpstreamError` where nobody answers. */
  async load(): Promise<readonly PublishedKey[]> {
    const { fetcher, metadata, trusted } = this.#options
    const { issuer, keys, reach } = trusted
    const url = keys.kind === 'jwks' ? keys.url : (await metadata.read()).jwksUri
    const answer = await ask(() => fetcher.fetch({ url, reach, headers: { accept: 'application/json' } }), issuer)
    if (answer.status !== 200) {
      metadata.forget()
      if (answer.status >= 500 || answer.status === 429) throw statusOutage(issuer, url, answer.status)
      throw issuerFault(issuer, `its keys are not at ${url}: status ${answer.status}`)
    }
    const { keys: listed } = objectIn(answer, issuer, 'its key set')
    if (!Array.isArray(listed)) throw issuerFault(issuer, 'its key set has no keys')
    return listed.filter(isObject)
  }
}

function isObject(value: unknown): value is PublishedKey {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

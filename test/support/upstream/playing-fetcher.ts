import type { FetchAnswer, Fetcher, FetchRequest } from '../../../src/core/runtime/fetcher.js'
import { createFetcher } from '../../../src/adapter/net/create-fetcher.js'
import type { OutsideProvider } from './outside-provider.js'

/** Where a provider on the internet has what the one that plays it has at a path. */
export interface PlayedPlaces {
  readonly issuer: string
  readonly authorization: string
  readonly token: string
  readonly keys: string
  readonly userinfo: string
}

/** Lets a provider of a test play one on the internet: what goes there is brought here, and what comes from here bears its name. */
export class PlayingFetcher implements Fetcher {
  /** What was asked, as it was asked. */
  readonly asked: string[] = []
  readonly #provider: OutsideProvider
  readonly #paths: ReadonlyMap<string, string>
  readonly #real = createFetcher()

  constructor(provider: OutsideProvider, places: PlayedPlaces) {
    this.#provider = provider
    this.#paths = new Map([
      [`${places.issuer}/.well-known/openid-configuration`, '/.well-known/openid-configuration'],
      [places.authorization, '/auth'],
      [places.token, '/token'],
      [places.keys, '/jwks'],
      [places.userinfo, '/me'],
    ])
    provider.metadata = {
      ...{ issuer: places.issuer, jwks_uri: places.keys, userinfo_endpoint: places.userinfo },
      ...{ authorization_endpoint: places.authorization, token_endpoint: places.token },
    }
    provider.idToken = { claims: { iss: places.issuer } }
    provider.callback = { iss: places.issuer }
  }

  /** Where the browser finds what it is sent to. */
  here(url: URL): URL {
    const path = this.#paths.get(url.origin + url.pathname)
    if (path === undefined) throw new TypeError(`nobody plays ${url.href}`)
    return new URL(path + url.search, this.#provider.origin)
  }

  async fetch(request: FetchRequest): Promise<FetchAnswer> {
    this.asked.push(request.url)
    return this.#real.fetch({ ...request, url: this.here(new URL(request.url)).href, reach: 'private' })
  }
}

import type { Answer } from './answer.js'
import { methodRefusal } from './answer.js'
import type { McpEndpoint } from './mcp-endpoint.js'

const wellKnown = '/.well-known/oauth-protected-resource'
const methods = 'GET, HEAD, OPTIONS'
/** Public and the same for everybody, so a minute's caching is harmless. */
const headers = ['Content-Type', 'application/json', 'Cache-Control', 'public, max-age=60']
const open = ['Access-Control-Allow-Origin', '*', 'X-Content-Type-Options', 'nosniff'] as const

/** Where the metadata of an endpoint is found (RFC 9728 §3.1). */
export function metadataUrl(publicUrl: string, endpoint: McpEndpoint): string {
  return publicUrl.replace(/\/$/, '') + wellKnown + endpoint.path
}

export interface ProtectedResourceOptions {
  readonly endpoints: readonly McpEndpoint[]
  readonly rootEndpoint: string
  readonly authorizationServers: () => Promise<readonly string[]>
  readonly resourceName: string
}

/** The RFC 9728 documents of all endpoints, by path. */
export class ProtectedResourceMetadata {
  readonly #options: ProtectedResourceOptions
  readonly #endpoints: ReadonlyMap<string, McpEndpoint>

  /** Throws `TypeError` when the root document has no endpoint to describe. */
  constructor(options: ProtectedResourceOptions) {
    const endpoints = new Map(options.endpoints.map((endpoint) => [wellKnown + endpoint.path, endpoint]))
    const root = endpoints.get(wellKnown + options.rootEndpoint)
    if (root === undefined) throw new TypeError('the root endpoint must be one of the endpoints')
    this.#options = options
    this.#endpoints = endpoints.set(wellKnown, root)
  }

  /** The answer at this path, or `undefined` where there is no document. */
  async answer(path: string, method: string | undefined): Promise<Answer | undefined> {
    const endpoint = this.#endpoints.get(path)
    if (endpoint === undefined) return undefined
    if (method === 'GET' || method === 'HEAD') {
      const body = documentOf(endpoint, this.#options.resourceName, await this.#options.authorizationServers())
      return { status: 200, headers: [...open, ...headers], body }
    }
    if (method !== 'OPTIONS') return methodRefusal(methods)
    const allowed = ['Allow', methods, 'Access-Control-Allow-Methods', methods, 'Access-Control-Allow-Headers', '*']
    return { status: 204, headers: [...open, ...allowed, 'Access-Control-Max-Age', '600'], body: undefined }
  }
}

function documentOf(endpoint: McpEndpoint, resourceName: string, authorizationServers: readonly string[]): string {
  return JSON.stringify({
    resource: endpoint.resource,
    ...(authorizationServers.length === 0 ? {} : { authorization_servers: authorizationServers }),
    // RFC 9728 §3.2: parameters with zero values are omitted.
    ...(endpoint.scopes.length === 0 ? {} : { scopes_supported: endpoint.scopes }),
    bearer_methods_supported: ['header'],
    resource_name: resourceName,
  })
}

/** One path of a server, a protected resource of its own (RFC 9728). */
export interface McpEndpoint {
  /** `/mcp` or `/mcp/oauth`; matched byte for byte. */
  readonly path: string
  /** The canonical URI: the audience that tokens must have (RFC 8707). */
  readonly resource: string
  /** `scopes_supported` of the metadata and `scope` of the challenge. */
  readonly scopes: readonly string[]
  /** `tools`: requests without a token are served too, and their sessions sign in with the five tools. `oauth`: they are challenged. */
  readonly login: 'tools' | 'oauth'
}

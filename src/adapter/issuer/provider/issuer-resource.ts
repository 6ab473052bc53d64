/** A protected resource that tokens can be issued for. */
export interface IssuerResource {
  /** The resource identifier (RFC 8707), byte-exact, and the audience of its tokens. */
  readonly resource: string
  readonly name: string
  readonly scopes: readonly string[]
  /** What the application says that a scope lets a client do, for the consent page. */
  readonly scopeWords?: Readonly<Record<string, string>> | undefined
}

/** Who acts on behalf of a token's subject, such as an agent: the `act` claim of a token exchange (RFC 8693 §4.1). */
export interface Actor {
  /** As the issuer of the token calls it, unless `issuer` says who else does. */
  readonly subject: string
  readonly issuer?: string | undefined
  readonly clientId?: string | undefined
  /** Who acted before in the chain of delegation. It is on record and decides nothing. */
  readonly actor?: Actor | undefined
}

/** Who acts on behalf of a token's subject, such as an agent: the `act` claim of a token exchange (RFC 8693 §4.1). */
export interface Actor {
  /** As the issuer of the token calls it, unless `issuer` says who else does. */
  readonly subject: string
  readonly issuer?: string | undefined
  readonly clientId?: string | undefined
  /** Who acted before in the chain of delegation. It is on record and decides nothing. */
  readonly actor?: Actor | undefined
}

const longestChain = 8
const longestText = 255

/**
 * The chain of delegation for the record, from who acts now to who acted first: `subject:scheduler`, `client:agents`, `issuer:…` of
 * each, cut to a length. Nothing where nobody acts for the user.
 */
export function actorLabels(actor: Actor | undefined): readonly string[] {
  const labels: string[] = []
  let link = actor
  for (let depth = 0; link !== undefined && depth < longestChain; depth += 1) {
    labels.push(label('subject', link.subject))
    if (link.clientId !== undefined) labels.push(label('client', link.clientId))
    if (link.issuer !== undefined) labels.push(label('issuer', link.issuer))
    link = link.actor
  }
  return link === undefined ? labels : [...labels, 'and others']
}

function label(name: 'subject' | 'client' | 'issuer', text: string): string {
  return `${name}:${text.length > longestText ? `${text.slice(0, longestText)}…` : text}`
}

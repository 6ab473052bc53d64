import { UpstreamError } from '../../core/error/upstream-error.js'
import type { TrustedIssuer } from '../../core/trust/trusted-issuer.js'
import type { JoinedIssuerBook } from './joined-issuer-book.js'

const discovery = '/.well-known/openid-configuration'

/**
 * The authorization servers that clients are told of (RFC 9728 §2): issuers as they are trusted now, or were a moment ago while that
 * cannot be told, and our own after them.
 */
export async function advertisedIssuers(
  book: Pick<JoinedIssuerBook, 'latest' | 'read'>,
  ownIssuer: string | undefined,
): Promise<readonly string[]> {
  const { issuers } = await book.read().catch((error: unknown) => {
    if (error instanceof UpstreamError) return book.latest
    throw error
  })
  const others = issuers.filter(({ advertised }) => advertised === 'yes').map(addressOf)
  return ownIssuer === undefined ? others : [...others, ownIssuer]
}

/** Where one name stands for many issuers, clients go to the one place that they have in common. */
function addressOf({ issuer, keys }: TrustedIssuer): string {
  const [metadataUrl] = keys.kind === 'discovery' ? keys.metadataUrls : []
  const isTemplate = issuer.includes('{tid}')
  return isTemplate && metadataUrl?.endsWith(discovery) === true ? metadataUrl.slice(0, -discovery.length) : issuer
}

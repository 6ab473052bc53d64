import { isIPv6 } from 'node:net'
import { AuditDeliveryError } from '../../core/audit/stream/audit-receiver.js'
import { FetchError } from '../../core/runtime/fetcher.js'

/** What TLS says of a certificate that no authority vouches for whom we know. */
const untrusted: ReadonlySet<unknown> = new Set([
  ...['CERT_UNTRUSTED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT'],
  ...['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
])

/** What kept a message from its receiver, without what Node attaches to its errors. */
export function faultOf(where: string, error: unknown): AuditDeliveryError {
  const { code } = Object(error) as { readonly code?: unknown }
  const reason = typeof code === 'string' ? ` (${code})` : ''
  if (untrusted.has(code)) {
    const words = `${where}: its certificate is not trusted${reason}: say whose it is with AUTHSEC_AUDIT_CA`
    return new AuditDeliveryError(words, { cause: error })
  }
  const words = error instanceof FetchError ? error.message : `${where}: it cannot be reached${reason}`
  return new AuditDeliveryError(words, { cause: error })
}

/** Where somebody listens, as in a URL. */
export function whereOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`
}

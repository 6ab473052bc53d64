import { VaultError, type VaultErrorKind } from './vault-error.js'

/** What the HTTP client throws, as far as it is looked at. */
interface ClientError {
  readonly code?: unknown
  readonly message?: unknown
  readonly response?: { readonly status: number; readonly data: unknown }
}

const certificateFaults =
  /^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA$|HOSTNAME_MISMATCH$)/

const messages: Readonly<Record<number, readonly [VaultErrorKind, string]>> = {
  403: ['forbidden', 'Vault does not let this server do that: look at the policies of its token'],
  412: ['standby', 'Vault has not caught up with what was written a moment ago'],
  429: ['standby', 'Vault is a standby, or takes no more requests for now'],
  472: ['standby', 'Vault is the standby of a disaster recovery'],
  473: ['standby', 'Vault is a standby for performance'],
  501: ['sealed', 'Vault has not been initialized'],
  503: ['sealed', 'Vault is sealed, or down for maintenance'],
}

/**
 * What went wrong, without what the client attaches to its errors: the token of the request, what was written, and what came back.
 */
export function failureOf(error: unknown): VaultError {
  if (error instanceof VaultError) return error
  const { code, message, response } = Object(error) as ClientError
  if (response !== undefined) return refusalOf(response.status, response.data)
  const reason = typeof code === 'string' ? code : 'unknown'
  if (['ERR_CANCELED', 'ECONNABORTED', 'ETIMEDOUT'].includes(reason)) {
    return new VaultError({ kind: 'timeout' }, 'Vault does not answer in time')
  }
  if (/maxContentLength/.test(String(message))) {
    return new VaultError({ kind: 'too-large' }, 'the answer of Vault is too large')
  }
  if (certificateFaults.test(reason)) {
    return new VaultError({ kind: 'untrusted' }, `the certificate of Vault is not accepted (${reason})`)
  }
  return new VaultError({ kind: 'unreachable' }, `Vault cannot be reached (${reason})`)
}

function refusalOf(status: number, body: unknown): VaultError {
  const known = messages[status]
  if (known !== undefined) return new VaultError({ kind: known[0], status }, known[1])
  if (status === 400) return invalid(body)
  if (status === 404) return absent(body)
  if (status >= 300 && status < 400) {
    return new VaultError(
      { kind: 'redirect', status },
      'Vault points elsewhere, which is never followed: give its address',
    )
  }
  return new VaultError({ kind: 'failed', status }, `Vault answers with status ${status}`)
}

/** A proxy that knows no Vault answers so as well: that there is nothing is for Vault to say. */
function absent(body: unknown): VaultError {
  if (isOfVault(body)) return new VaultError({ kind: 'missing', status: 404 }, 'Vault has nothing there')
  return new VaultError({ kind: 'malformed', status: 404 }, 'what answers at the address of Vault is not Vault')
}

function isOfVault(body: unknown): boolean {
  try {
    const { data, errors } = Object(JSON.parse(String(body))) as { readonly data?: unknown; readonly errors?: unknown }
    return Array.isArray(errors) || (typeof data === 'object' && data !== null)
  } catch {
    return false
  }
}

/** What Vault says is only looked at: it may repeat what it was sent. */
function invalid(body: unknown): VaultError {
  if (typeof body === 'string' && body.includes('check-and-set')) {
    return new VaultError({ kind: 'conflict', status: 400 }, 'somebody else has written there meanwhile')
  }
  return new VaultError({ kind: 'invalid', status: 400 }, 'Vault does not accept what it is asked')
}

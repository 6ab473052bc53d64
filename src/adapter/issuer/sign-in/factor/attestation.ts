/**
 * Whether a new passkey, by its attestation object in base64url (WebAuthn §6.5.4), vouches for itself at most. Attestation is not
 * asked for, and must not be looked at: what a certificate says of revocation lists is followed by the library to any address, and
 * users can write such certificates.
 */
export async function bringsNoCertificate(attestationObject: string): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  try {
    const attestation = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')))
    const format = attestation.get('fmt')
    return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined)
  } catch {
    return false
  }
}

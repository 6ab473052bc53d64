import type { AccessToken, ClientCredentials, JWTStructured, KoaContextWithOIDC } from 'oidc-provider'
import { accessTokenClaims } from './access-token-claims.js'
import { IssuerAccount } from '../sign-in/issuer-account.js'
import type { ErrorsOfProvider } from './oidc-adapter.js'
import type { SealedRecords } from '../record/sealed-records.js'

export type TokenCustomizer = (
  context: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
  parts: JWTStructured,
) => void

/**
 * Replaces the claims of an access token by ours, read from the account that was looked up in this request. The scope
 * in the answer follows, so that the client is told what it really got (RFC 6749 §5.1).
 */
export function createTokenCustomizer(
  issuer: string,
  records: SealedRecords,
  errors: ErrorsOfProvider,
): TokenCustomizer {
  return ({ oidc }, token, parts) => {
    const { account } = oidc
    const { aud, jti, iat, exp } = parts.payload
    const valid =
      typeof aud === 'string' && typeof jti === 'string' && typeof iat === 'number' && typeof exp === 'number'
    if (token.kind !== 'AccessToken' || !(account instanceof IssuerAccount) || token.clientId === undefined || !valid) {
      throw new errors.InvalidGrant('no token can be issued for this grant')
    }
    const claims = accessTokenClaims({
      issuer,
      principal: account.principal,
      clientId: token.clientId,
      audience: aud,
      consented: [...token.scopes],
      methods: oidc.entities.AuthorizationCode?.amr ?? oidc.entities.RefreshToken?.amr ?? [],
      grantDigest: records.grantDigest(token.grantId),
      tokenId: jti,
      issuedAt: iat,
      expiresAt: exp,
    })
    token.scope = claims.scope
    parts.payload = { ...claims }
  }
}

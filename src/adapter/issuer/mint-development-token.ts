import { randomBytes } from 'node:crypto'
import { importJWK, SignJWT } from 'jose'
import type { AuditLog } from '../../core/audit/audit-log.js'
import type { Keyring } from '../../core/credential/keyring.js'
import { AuthenticationError } from '../../core/error/authentication-error.js'
import type { Account } from '../../core/identity/account-store.js'
import type { IssuerStorage } from '../../core/identity/issuer-storage.js'
import type { SigningKeyStore } from '../../core/identity/signing-key-store.js'
import type { Tenant } from '../../core/identity/tenant.js'
import type { Clock } from '../../core/runtime/clock.js'
import { accessTokenClaims, baseScope, type AccessTokenClaims } from './provider/access-token-claims.js'
import { formatSubject } from './sign-in/issuer-subject.js'
import { SealedRecords } from './record/sealed-records.js'
import { ensureSigningKeys, signingJwk } from './provider/signing-keys.js'

export interface DevelopmentTokenOptions {
  readonly issuer: string
  readonly storage: IssuerStorage
  readonly keys: SigningKeyStore
  readonly keyring: Keyring
  readonly audit: AuditLog
  readonly clock: Clock
  readonly tenant: Tenant
  readonly account: Account
  /** The resource that the token is for. */
  readonly audience: string
  /** Default: all that the account has. The token gets those of them that the account has, and the base scope. */
  readonly scopes?: readonly string[] | undefined
  /** 1 to 3600. */
  readonly lifetimeSeconds: number
}

const longestLifetime = 3600
const clientId = 'authsec-cli'

/**
 * An access token without a sign-in, for development: the same kind as any other, on record, revocable, and marked
 * `amr: ['dev']`. Throws `AuthenticationError` for a disabled account, `TypeError` for a lifetime out of bounds,
 * `UpstreamError` when it cannot be put on record.
 */
export async function mintDevelopmentToken(options: DevelopmentTokenOptions): Promise<string> {
  const { account, tenant, lifetimeSeconds } = options
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > longestLifetime) {
    throw new TypeError(`a development token lives 1 to ${longestLifetime} seconds`)
  }
  if (account.disabled) throw new AuthenticationError('ERR_ACCOUNT_DISABLED', 'the account is disabled')
  const records = new SealedRecords(options.storage, options.keyring)
  const grantId = randomBytes(32).toString('base64url')
  const claims = claimsOf(options, records.grantDigest(grantId))
  const { keys, audit, issuer } = options
  const token = await sign(claims, keys)
  await audit.record({
    type: 'signin.completed',
    tenant,
    issuer,
    subject: account.id,
    clientId,
    requestId: claims.jti,
    detail: { methods: claims.amr },
  })
  await putGrant(options, records, { grantId, claims })
  return token
}

function claimsOf(options: DevelopmentTokenOptions, grantDigest: string): AccessTokenClaims {
  const { account, tenant, audience, issuer, lifetimeSeconds } = options
  const issuedAt = Math.floor(options.clock.now() / 1000)
  return accessTokenClaims({
    issuer,
    principal: { tenant, account },
    clientId,
    audience,
    consented: [baseScope, ...(options.scopes ?? account.grants.scopes)],
    methods: ['dev'],
    grantDigest,
    tokenId: randomBytes(16).toString('base64url'),
    issuedAt,
    expiresAt: issuedAt + lifetimeSeconds,
  })
}

/** The same record that a sign-in leaves, so that revoking it ends the token. */
function putGrant(
  { tenant, account, lifetimeSeconds }: DevelopmentTokenOptions,
  records: SealedRecords,
  { grantId, claims }: { readonly grantId: string; readonly claims: AccessTokenClaims },
): Promise<void> {
  const { iat, exp, aud, scope } = claims
  const accountId = formatSubject(tenant, account)
  const payload = { iat, exp, jti: grantId, kind: 'Grant', accountId, clientId, resources: { [aud]: scope } }
  return records.put({ model: 'Grant', id: grantId, payload, expiresIn: lifetimeSeconds })
}

async function sign(claims: AccessTokenClaims, keys: SigningKeyStore): Promise<string> {
  const [key] = await ensureSigningKeys(keys)
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid })
    .sign(await importJWK(signingJwk(key), key.algorithm))
}

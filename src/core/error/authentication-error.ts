import { AuthSecError } from './auth-sec-error.js'

export type AuthenticationErrorCode =
  | 'ERR_ACCOUNT_DISABLED'
  | 'ERR_ACCOUNT_UNKNOWN'
  | 'ERR_LOGIN_DENIED'
  | 'ERR_LOGIN_PROVIDER'
  | 'ERR_SESSION_EXPIRED'
  | 'ERR_SESSION_MISMATCH'
  | 'ERR_SESSION_UNKNOWN'
  | 'ERR_TOKEN_AUDIENCE'
  | 'ERR_TOKEN_CLAIMS'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_ISSUER'
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_MISSING'
  | 'ERR_TOKEN_REVOKED'
  | 'ERR_TOKEN_SIGNATURE'
  | 'ERR_TOKEN_TYPE'

/** Who is calling is not established: the caller has to present a (new) token. Answered with 401, sessions with 404. */
export class AuthenticationError extends AuthSecError<AuthenticationErrorCode> {}

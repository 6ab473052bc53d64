/**
 * Why a sign-in with the five tools did not go on, as on record (`docs/errors.md`). People and models are told in their own
 * words, and strangers are told the same for several of them.
 */
export type LoginFailure =
  /** The user said no, on our page or at the provider. */
  | 'ERR_LOGIN_DENIED'
  /** No sign-in goes by that address, state or code. */
  | 'ERR_LOGIN_UNKNOWN'
  /** Another browser than the one that confirmed, or none of our cookies. */
  | 'ERR_LOGIN_BROWSER'
  /** The step has been taken before. */
  | 'ERR_LOGIN_REPLAYED'
  /** The form was not sent from our page. */
  | 'ERR_LOGIN_FORGED'
  /** A parameter came twice, is missing or is malformed. */
  | 'ERR_LOGIN_MALFORMED'
  /** The provider's answer does not hold: issuer, nonce, signature, subject. */
  | 'ERR_LOGIN_PROVIDER'
  /** A wrong one-time code. */
  | 'ERR_LOGIN_CODE'
  /** Five wrong codes: the sign-in is over. */
  | 'ERR_LOGIN_EXHAUSTED'
  /** The account is unknown, disabled, or its tenant is not admitted. */
  | 'ERR_LOGIN_ACCOUNT'
  /** Tokens from elsewhere are not taken here. */
  | 'ERR_LOGIN_TOKEN'
  /** Too many, too fast. */
  | 'ERR_LOGIN_LIMITED'

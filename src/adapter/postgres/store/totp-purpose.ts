/** What the secret of an authenticator app is sealed for; the context is the id of its row, which a restored tenant keeps. */
export const totpPurpose = 'account totp'

import { otherwiseUsed, type Preset } from './preset.js'

/** Google's access tokens are no JWTs; its only JWTs are ID tokens, which grant nothing here. */
export const google: Preset = {
  algorithms: ['RS256'],
  types: [],
  required: {},
  forbidden: otherwiseUsed,
  claims: {
    clientId: ['azp'],
    email: ['email'],
    name: ['name'],
    session: [],
    grants: { scopes: ['scope'] },
  },
  otherAudiences: [],
  origins: ['https://www.googleapis.com', 'https://oauth2.googleapis.com', 'https://openidconnect.googleapis.com'],
}

/** Where Google is asked about an access token, and what its access tokens start with. */
export const googleLookUp = {
  url: 'https://oauth2.googleapis.com/tokeninfo',
  userinfoUrl: 'https://openidconnect.googleapis.com/v1/userinfo',
  tokenPrefix: 'ya29.',
} as const

import { otherwiseUsed, type Preset } from './preset.js'

/** User pools of Amazon Cognito: `token_use` says what a token is, the header has no `typ`, and `aud` is there with resource binding only. */
export const cognito: Preset = {
  algorithms: ['RS256'],
  types: ['absent'],
  required: { token_use: 'access' },
  forbidden: otherwiseUsed,
  claims: {
    clientId: ['client_id'],
    email: ['email'],
    name: ['username'],
    session: [],
    grants: { groups: ['cognito:groups'], scopes: ['scope'] },
  },
  otherAudiences: [],
  origins: [],
  clientAudience: 'client_id',
}

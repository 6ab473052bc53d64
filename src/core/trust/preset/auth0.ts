import { otherwiseUsed, type Preset } from './preset.js'

/** Auth0 in both of its access token profiles: its own (`azp`, `JWT`) and RFC 9068 (`client_id`, `at+jwt`). */
export const auth0: Preset = {
  algorithms: ['RS256', 'PS256'],
  types: ['jwt', 'at+jwt'],
  required: {},
  forbidden: otherwiseUsed,
  claims: {
    clientId: ['azp', 'client_id'],
    email: ['email'],
    name: ['name'],
    session: ['sid'],
    grants: { permissions: ['permissions'], scopes: ['scope'] },
  },
  otherAudiences: ['{issuer}userinfo'],
  origins: [],
}

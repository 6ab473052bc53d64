import { otherwiseUsed, type Preset } from './preset.js'

/**
 * Keycloak says in the payload's `typ` what a token is: `ID`, `Refresh` and `Logout` are others. Older versions put the `nonce` of the
 * request into access tokens as well, so it tells nothing here.
 */
export const keycloak: Preset = {
  algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
  types: ['jwt', 'at+jwt'],
  required: { typ: 'Bearer' },
  forbidden: otherwiseUsed.filter((claim) => claim !== 'nonce'),
  claims: {
    clientId: ['azp', 'client_id'],
    email: ['email'],
    name: ['name', 'preferred_username'],
    session: ['sid', 'session_state'],
    grants: { roles: ['/realm_access/roles'], groups: ['groups'], scopes: ['scope'] },
  },
  otherAudiences: ['account'],
  origins: [],
}
